"""In which order a job's events are read and kept, whatever order the server has. Pure.

Servers send the newest first, a page at a time. A walk reads from the newest back to what is held and hands
over all of it at once, so that an interrupted one leaves no gap. A job seen for the first time shows its
newest page at once; older pages follow one by one. Some servers send the oldest first: there a walk goes on
from the newest event held.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from fttui.models import lenient
from fttui.models.event import Event
from fttui.models.page import Page
from fttui.models.wire import sent_id

LAST_PAGE = 1000
"""A walk longer than this is taken for one that never ends."""

Known = Callable[[list[str]], set[str]]
"""Which of these event ids are held."""


class Batch(NamedTuple):
    """Events to keep, oldest first, in one transaction."""

    events: list[Event]
    joined: bool
    """They reach down to what is held, or to the beginning."""
    cursor: str | None
    """Where older events go on, on a first visit."""


class EventWalk:
    """The reading of one job's newest events, a page at a time."""

    def __init__(self, newest_held: str | None) -> None:
        self._newest_held = newest_held
        self.after: str | None = None
        """The cursor for the next page."""
        self.done = False
        self._pages = 0
        self._found: list[Event] = []
        self._seen: set[str] = set()
        self._ascending = False

    def take(self, page: Page[Event], known: Known) -> Batch | None:
        """Take the page that was asked for with `after`; what is to be kept now, if anything is."""
        ids = event_ids(page)
        held = known(ids)
        fresh = [
            Event.read(raw)
            for raw, id in zip(page.objects, ids, strict=True)
            if id not in held and id not in self._seen
        ]
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
        # Each page lies right above what is held, so each is kept at once.
        if self._pages == 1 and self._newest_held is not None and self._newest_held not in ids:
            cursor = self._newest_held
        self.done, self.after = ended, cursor
        return Batch(fresh, joined=True, cursor=None)


def older_batch(page: Page[Event], asked: str, known: Known) -> Batch:
    """What a page of older events adds, and where still older ones go on."""
    ids = event_ids(page)
    held = known(ids)
    fresh = {id: Event.read(raw) for raw, id in zip(page.objects, ids, strict=True) if id not in held}
    ended = not fresh or page.cursor == asked
    return Batch(oldest_first(list(fresh.values())), joined=True, cursor=None if ended else page.cursor)


def event_ids(page: Page[Event]) -> list[str]:
    """The ids of a page's events, also of those that have none of their own."""
    return [sent_id(raw) or Event.read(raw).id for raw in page.objects]


def is_ascending(objects: Sequence[Any]) -> bool:
    """Whether a page runs from old to new. Without a single rise in time it is taken to run from new to old."""
    times = [lenient.moment(raw.get("created_at")) if isinstance(raw, dict) else None for raw in objects]
    if None in times:
        return False
    steps = [later - earlier for earlier, later in pairwise(times)]  # type: ignore[operator]
    return bool(steps) and min(steps) >= 0 and max(steps) > 0


def oldest_first(newest_first: Sequence[Event]) -> list[Event]:
    """Events in the order in which they happened.

    The server's position decides, since many events share a second. Only where it contradicts the times more
    than now and then is it no order at all; then the times decide.
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
