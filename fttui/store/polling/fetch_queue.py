"""What to ask next beside the list: the selected job first, then changed and live ones in turn, then the past."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

from fttui.api.errors import NotFound
from fttui.clock import Clock
from fttui.models.status import Status
from fttui.store.store import Store

DEBOUNCE = 0.15
"""Seconds that the cursor must rest on a job before it is asked for."""
CHECKPOINTS_EVERY = 30.0
SUNK_EVERY = 30.0
"""Seconds between two looks at a live job that the newest page of the list does not show."""
SUNK_SINGLY = 5
"""As many of those are asked for one by one; more are found by walking the list."""
TOP = 100
"""As many of the newest jobs have their logs read without being looked at, once, when nothing else is to be asked."""
BARRED = 15.0, 3600.0
"""Seconds for which what failed is left alone: at first, and at most."""


class Task(NamedTuple):
    """One request: `events`, `older`, `checkpoints`, `results`, `file` (a file's name) or `job` of a job; `list`, its
    next page; or `lost`, a job that is known by its token alone (two or three requests, once)."""

    kind: str
    id: str = ""


class Agenda:
    """Remembers what was asked when, and picks the next. Three groups take turns, so that none starves."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.every = 4.0
        """Seconds between two looks at a live job."""
        self._asked: dict[Task, float] = {}
        self._events_at: dict[str, float] = {}
        self._barred: dict[Task, tuple[float, float]] = {}
        self._again: set[Task] = set()
        self._checkpoints_at: dict[str, str] = {}
        self._visited_before = frozenset(store.logs)
        self._walked_at = float("-inf")
        self._turn = 0

    def next(self, *, only_selected: bool = False) -> Task | None:
        """The next request; None when there is nothing to ask now.

        Args:
            only_selected: nothing but what a person has just moved to.
        """
        selected, changed, past = self._selected, self._changed, self._past
        if only_selected:
            # Whatever was asked since the person came here would be asked by itself.
            return selected(since=self._store.selected_at)
        # Once for each job: what it ended with should not be shown late.
        if (task := self._lost() or self._ended()) is not None:
            return task
        orders: tuple[tuple[Callable[[], Task | None], ...], ...] = (
            (selected, changed, past),
            (changed, selected, past),
            (selected, changed, past),
            (past, selected, changed),
        )
        return next((task for group in orders[self._turn % 4] if (task := group()) is not None), None)

    def wait(self, *, only_selected: bool = False) -> float | None:
        """Seconds until there may be something to ask (see `next`); None when only news can bring it, such as a poll of
        the list."""
        now = self._clock.monotonic()
        due = () if only_selected else self._store.due
        times = [self._free_at(task) for id in due if self._offers(task := Task("events", id))]
        if self._store.selected is not None and now < self._store.selected_at + DEBOUNCE:
            times.append(self._store.selected_at + DEBOUNCE)
        return max(0.01, min(times) - now) if times else None

    def _free_at(self, task: Task) -> float:
        until, _ = self._barred.get(task, (0.0, 0.0))
        return max(until, self._asked.get(task, 0.0) + self._pause)

    @property
    def _pause(self) -> float:
        # A little less than the poll's, so that a look does not wait for the poll after the next.
        return self.every * 0.75

    def sent(self, task: Task) -> None:
        self._turn += 1
        self._asked[task] = self._clock.monotonic()
        if task.kind == "events":
            self._events_at[task.id] = self._clock.monotonic()
        self._again.discard(task)
        if task.kind == "checkpoints" and (row := self._store.snapshot.rows.get(task.id)) is not None:
            self._checkpoints_at[task.id] = row.status_text

    def done(self, task: Task) -> None:
        self._barred.pop(task, None)

    def failed(self, task: Task, error: Exception) -> None:
        """Leave it alone for a while, each time for longer."""
        first, most = BARRED
        _, last = self._barred.get(task, (0.0, 0.0))
        pause = min(most, max(last * 2, first * (8 if isinstance(error, NotFound) else 1)))
        self._barred[task] = (self._clock.monotonic() + pause, pause)

    def again(self) -> None:
        """A person wants to know: ask for the selected job whatever was asked before, and bar nothing."""
        self._barred.clear()
        if self._store.selected is not None:
            self._again = {Task("events", self._store.selected), Task("checkpoints", self._store.selected)}

    def _lost(self) -> Task | None:
        token = self._store.lost
        return task if token is not None and self._may(task := Task("lost", token)) else None

    def _ended(self) -> Task | None:
        """A job that is over and whose last events are not read yet."""
        rows = self._store.snapshot.rows
        over = (id for id in self._store.due if self._exists(id) and rows[id].status.is_final)
        return self._least_recent(Task("events", id) for id in over if self._wants_events(id))

    # The three groups

    def _selected(self, *, since: float | None = None) -> Task | None:
        """What is wanted of the selected job; with `since`, only what was not asked since that moment."""
        id = self._store.selected
        if id is None or self._clock.monotonic() < self._store.selected_at + DEBOUNCE or not self._exists(id):
            return None
        task = Task("events", id)
        new = id not in self._store.logs and self._is_old(task, self._pause)
        if (new or self._wants_events(id)) and self._may(task) and self._is_due(task, since):
            return task
        task = Task("checkpoints", id)
        if self._wants_checkpoints(id) and self._may(task) and self._is_due(task, since):
            return task
        task = Task("file", id)
        return self._results((id,)) or (task if self._may(task) and self._store.unknown_file(id) else None)

    def _is_due(self, task: Task, since: float | None) -> bool:
        if since is None or task in self._again or (task.kind == "events" and task.id in self._store.unfinished):
            return True
        return self._asked.get(task, float("-inf")) < since

    def _changed(self) -> Task | None:
        # A walk that is under way comes first every other time: it shows nothing until it ends.
        if self._turn % 2 and (task := self._stalest(self._store.unfinished, at_once=True)) is not None:
            return task
        return (
            self._sunk()
            or self._stalest((*self._store.due, *self._store.live))
            or self._stalest(self._store.unfinished, at_once=True)
            or self._least_recent(Task("checkpoints", id) for id in self._store.due if self._wants_checkpoints(id))
            or self._results(self._store.due)
        )

    def _results(self, ids: Iterable[str]) -> Task | None:
        """A result file of a job that has ended, to be kept before the provider forgets it."""
        wanted = (Task("results", id) for id in ids if self._store.snapshot.rows[id].status is Status.SUCCEEDED)
        return next((task for task in wanted if self._may(task) and self._store.missing_result(task.id)), None)

    def _sunk(self) -> Task | None:
        """Live jobs that only older pages of the list tell of: a few are asked for, many are walked to."""
        sunk = self._store.sunk
        if len(sunk) <= SUNK_SINGLY:
            return self._least_recent(task for id in sunk if self._is_old(task := Task("job", id), SUNK_EVERY))
        if not self._store.is_walking and self._clock.monotonic() - self._walked_at >= SUNK_EVERY:
            self._walked_at = self._clock.monotonic()
            self._store.walk_to_sunk()
        return None

    def _stalest(self, ids: Iterable[str], *, at_once: bool = False) -> Task | None:
        """The events of the job that was asked about the longest ago, if that is long enough."""
        # A plain loop over plain dicts: there may be a thousand live jobs, and this runs before each request.
        best, limit = None, float("inf") if at_once else self._clock.monotonic() - self._pause
        for id in ids:
            at = self._events_at.get(id, float("-inf"))
            if at <= limit and (best is None or at < limit) and id != self._store.selected:
                if not self._exists(id) or not self._may(Task("events", id)):
                    continue
                best, limit = id, at
        return None if best is None else Task("events", best)

    def _past(self) -> Task | None:
        page = Task("list") if self._store.is_walking and self._may(Task("list")) else None
        older = self._least_recent(Task("older", id) for id in self._store.unread if self._exists(id))
        mine = Task("older", self._store.selected or "")
        if mine.id in self._store.unread and self._may(mine):
            older = mine
        if page is not None and older is not None:
            return page if self._asked.get(page, 0.0) <= self._asked.get(older, 0.0) else older
        return page or older or self._unread()

    def _unread(self) -> Task | None:
        """A finished job of the top of the list whose log nobody has read: its last step and loss are there."""
        top = islice(self._store.snapshot.rows, TOP)
        tasks = (Task("events", id) for id in top if id not in self._store.logs and self._exists(id))
        return next((task for task in tasks if task not in self._asked and self._may(task)), None)

    def _exists(self, id: str) -> bool:
        row = self._store.snapshot.rows.get(id)
        return row is not None and not row.gone and not row.fault

    def _wants_events(self, id: str) -> bool:
        task = Task("events", id)
        if id in self._store.unfinished or task in self._again:
            return True
        return (id in self._store.live or id in self._store.due) and self._is_old(task, self._pause)

    def _wants_checkpoints(self, id: str) -> bool:
        task, row = Task("checkpoints", id), self._store.snapshot.rows[id]
        if task in self._again:
            return True
        if row.status.is_final and id in self._visited_before and id not in self._store.due:
            return False
        if self._checkpoints_at.get(id) != row.status_text:
            return True
        return row.status.is_live and self._is_old(task, CHECKPOINTS_EVERY)

    def _is_old(self, task: Task, seconds: float) -> bool:
        return self._clock.monotonic() - self._asked.get(task, float("-inf")) >= seconds

    def _may(self, task: Task) -> bool:
        until, _ = self._barred.get(task, (0.0, 0.0))
        return self._offers(task) and self._clock.monotonic() >= until

    def _offers(self, task: Task) -> bool:
        return ("events" if task.kind == "older" else task.kind) not in self._store.not_offered

    def _least_recent(self, tasks: Iterable[Task]) -> Task | None:
        may = (task for task in tasks if self._may(task))
        return min(may, key=lambda task: self._asked.get(task, float("-inf")), default=None)
