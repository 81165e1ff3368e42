"""Walk of a job's events, page by page, for any order of the server. Pure.

Most servers send the newest events first. A walk fetches pages back to a recorded event and returns all of them in one
batch, so that an interrupted walk leaves no gap. On the first visit of a job, the newest page is returned at once, and
older pages are fetched later, one by one. Some servers send the oldest events first: there a walk continues after the
newest recorded event.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from fttui.models import lenient
from fttui.models.event import Event
from fttui.models.page import Page
from fttui.models.wire import sent_id

LAST_PAGE = 1000
"""Most pages of a walk. A longer walk is taken to be endless."""

Known = Callable[[list[str]], set[str]]
"""Function that returns the recorded ids among event ids."""


class Batch(NamedTuple):
    """Events to record in one transaction, oldest first."""

    events: list[Event]
    joined: bool
    """The events reach a recorded event, or the beginning."""
    cursor: str | None
    """Cursor of the next older page, on the first visit."""


class EventWalk:
    """Walk of one job's newest events."""

    def __init__(self, newest_held: str | None) -> None:
        self._newest_held = newest_held
        self.after: str | None = None
        """Cursor of the next page."""
        self.done = False
        self._pages = 0
        self._found: list[Event] = []
        self._seen: set[str] = set()
        self._ascending = False

    def take(self, page: Page[Event], known: Known) -> Batch | None:
        """Process the page that was requested with `after`. Return the events to record now, or None."""
        ids = event_ids(page)
        held = known(ids)
        fresh = [event for event, id in zip(page.items, ids, strict=True) if id not in held and id not in self._seen]
        moved = any(id not in self._seen for id in ids)
        self._seen.update(ids)
        self._pages += 1
        cursor = page.cursor
        ended = cursor is None or not moved or cursor == self.after or self._pages >= LAST_PAGE
        if self._pages == 1:
            self._ascending = is_ascending(page.objects)
        if self._ascending:
            return self._forward(fresh, ids, cursor, ended)
        return self._backward(fresh, bool(held), cursor, ended)

    def _backward(self, fresh: list[Event], joined: bool, cursor: str | None, ended: bool) -> Batch | None:
        self._found += fresh
        self.done = joined or ended or self._newest_held is None
        if not self.done:
            self.after = cursor
            return None
        older = None if joined or ended else cursor
        return Batch(oldest_first(self._found), joined=older is None, cursor=older)

    def _forward(self, fresh: list[Event], ids: list[str], cursor: str | None, ended: bool) -> Batch:
        # Each page continues the recorded events, so each is recorded at once.
        if self._pages == 1 and self._newest_held is not None and self._newest_held not in ids:
            cursor = self._newest_held
        self.done, self.after = ended, cursor
        return Batch(fresh, joined=True, cursor=None)


def older_batch(page: Page[Event], asked: str, known: Known) -> Batch:
    """Return the new events of a page of older events, with the cursor of the next page."""
    ids = event_ids(page)
    held = known(ids)
    fresh = {id: event for event, id in zip(page.items, ids, strict=True) if id not in held}
    ended = not fresh or page.cursor == asked
    return Batch(oldest_first(list(fresh.values())), joined=True, cursor=None if ended else page.cursor)


def event_ids(page: Page[Event]) -> list[str]:
    """Return the ids of a page's events. An event without an id gets one made from its content."""
    return [sent_id(raw) or Event.read(raw).id for raw in page.objects]


def is_ascending(objects: Sequence[Any]) -> bool:
    """Tell whether a page runs from old to new. A page of equal times counts as new to old."""
    times = [lenient.moment(raw.get("created_at")) if isinstance(raw, dict) else None for raw in objects]
    if None in times:
        return False
    steps = [later - earlier for earlier, later in pairwise(times)]  # type: ignore[operator]
    return bool(steps) and min(steps) >= 0 and max(steps) > 0


def oldest_first(newest_first: Sequence[Event]) -> list[Event]:
    """Return events in the order in which they happened.

    The server's order counts, because many events share a second. If it often contradicts the times, the events are
    sorted by time instead.
    """
    events = list(reversed(newest_first))
    times = [event.created_at for event in events]
    if None in times:
        return events
    rises = sum(later > earlier for earlier, later in pairwise(times))  # type: ignore[operator]
    falls = sum(later < earlier for earlier, later in pairwise(times))  # type: ignore[operator]
    if falls * 4 >= rises + falls > 0:
        events.sort(key=lambda event: event.created_at or 0.0)
    return events
