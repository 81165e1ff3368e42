"""Order of requests for single jobs: the selected job, changed and live jobs in turn, then old events and pages."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from fttui.api.errors import NotFound
from fttui.clock import Clock
from fttui.models.status import Status
from fttui.store.job_table import exists
from fttui.store.polling.account_reading import AccountReading
from fttui.store.polling.fetcher import Fetcher
from fttui.store.snapshot import Change, Snapshot
from fttui.store.store import Store

DEBOUNCE = 0.15
"""Seconds that the cursor must rest on a job before it is fetched."""
CHECKPOINTS_EVERY = 30.0
"""Seconds between two fetches of the checkpoints of a live job."""
OLDER_LIVE_EVERY = 30.0
"""Seconds between two fetches of a live job that is not on the newest page of the list."""
MAX_SINGLE = 5
"""Most such jobs to fetch one by one. For more, the list is walked."""
TOP = 100
"""Number of the newest jobs whose events are fetched once without selection, when nothing else is to be fetched."""
FIRST_PAUSE, LONGEST_PAUSE = 15.0, 3600.0
"""Seconds before a failed request is sent again: after the first failure, and at most."""


class Task(NamedTuple):
    """One request.

    `kind` is `events`, `older` (events), `checkpoints`, `samples`, `results`, `file` or `job`, each for the job `id`;
    `list` (the next page of a walk); or `lost` (the search for a lost create, whose token is `id`).
    """

    kind: str
    id: str = ""


class FetchQueue:
    """Chooser of the next request. Three groups of requests take turns, so that none starves."""

    def __init__(self, store: Store, fetcher: Fetcher, reading: AccountReading, clock: Clock) -> None:
        self._reading = reading
        self._jobs = store.jobs
        self._access = store.access
        self._selection = store.selection
        self._fetcher = fetcher
        self._clock = clock
        self.every = 4.0
        """Seconds between two fetches of a live job's events."""
        self._sent: dict[Task, float] = {}
        self._events_sent: dict[str, float] = {}
        self._paused: dict[Task, tuple[float, float]] = {}
        self._forced: set[Task] = set()
        self._status_at: dict[Task, str] = {}
        """Status of the job when its checkpoints or samples were last asked for."""
        self._fetched_before = frozenset(store.jobs.logs.states)
        self._recorded: dict[str, Callable[[str], Sequence[object]]] = {
            "checkpoints": store.checkpoints,
            "samples": store.samples,
        }
        self._walked_at = float("-inf")
        self._turn = 0
        store.subscribe(self._forget_removed)

    def _forget_removed(self, _snapshot: Snapshot, change: Change) -> None:
        if not (removed := change.removed):
            return
        for known in (self._sent, self._paused, self._status_at):
            for task in [task for task in known if task.id in removed]:
                del known[task]
        self._forced = {task for task in self._forced if task.id not in removed}
        for id in removed:
            self._events_sent.pop(id, None)

    def next(self, *, only_selected: bool = False) -> Task | None:
        """Return the next request, or None.

        Args:
            only_selected: only requests for a newly selected job.
        """
        selected, changed, past = self._selected, self._changed, self._past
        if only_selected:
            # A request sent since the selection would repeat by itself.
            return selected(since=self._selection.since)
        # First, and once for each job: its last events.
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
        """Return the seconds until `next` may have a request. None: not before a poll of the list brings news."""
        now = self._clock.monotonic()
        due = () if only_selected else self._jobs.due
        times = [self._free_at(task) for id in due if self._offers(task := Task("events", id))]
        if self._selection.id is not None and now < self._selection.since + DEBOUNCE:
            times.append(self._selection.since + DEBOUNCE)
        return max(0.01, min(times) - now) if times else None

    def _free_at(self, task: Task) -> float:
        until, _ = self._paused.get(task, (0.0, 0.0))
        return max(until, self._sent.get(task, 0.0) + self._pause)

    @property
    def _pause(self) -> float:
        # Less than the interval of polls, so that a fetch does not miss its turn by a little.
        return self.every * 0.75

    def sent(self, task: Task) -> None:
        """Record that a request is being sent."""
        self._turn += 1
        self._sent[task] = self._clock.monotonic()
        if task.kind == "events":
            self._events_sent[task.id] = self._clock.monotonic()
        self._forced.discard(task)
        if task.kind in ("checkpoints", "samples") and (row := self._jobs.rows.get(task.id)) is not None:
            self._status_at[task] = row.status_text

    def done(self, task: Task) -> None:
        """Record that a request succeeded."""
        self._paused.pop(task, None)
        if task.kind == "lost":
            self._sent.pop(task, None)

    def failed(self, task: Task, error: Exception) -> None:
        """Pause a failed request, each time for longer."""
        if task.kind not in ("list", "lost") and task.id not in self._jobs.rows:
            return  # its job was removed meanwhile
        _, last = self._paused.get(task, (0.0, 0.0))
        pause = min(LONGEST_PAUSE, max(last * 2, FIRST_PAUSE * (8 if isinstance(error, NotFound) else 1)))
        self._paused[task] = (self._clock.monotonic() + pause, pause)

    def force(self) -> None:
        """End all pauses, and fetch the selected job even if it was fetched just now."""
        self._paused.clear()
        if self._selection.id is not None:
            self._forced = {Task(kind, self._selection.id) for kind in ("events", "checkpoints", "samples")}

    def _lost(self) -> Task | None:
        token = self._fetcher.lost_create
        return task if token is not None and self._may(task := Task("lost", token)) else None

    def _ended(self) -> Task | None:
        """Return the request for the last events of a job that has ended."""
        rows = self._jobs.rows
        ended = (id for id in self._jobs.due if self._exists(id) and rows[id].status.is_final)
        return self._least_recent(Task("events", id) for id in ended if self._wants_events(id))

    # The three groups

    def _selected(self, *, since: float | None = None) -> Task | None:
        """Return a request for the selected job; with `since`, one that was not sent since that time."""
        id = self._selection.id
        if id is None or self._clock.monotonic() < self._selection.since + DEBOUNCE or not self._exists(id):
            return None
        task = Task("events", id)
        new = id not in self._jobs.logs and self._is_old(task, self._pause)
        if (new or self._wants_events(id)) and self._may(task) and self._is_due(task, since):
            return task
        for task in (Task("checkpoints", id), Task("samples", id)):
            if self._wants(task) and self._may(task) and self._is_due(task, since):
                return task
        task = Task("file", id)
        return self._results((id,)) or (task if self._may(task) and self._fetcher.unknown_file(id) else None)

    def _is_due(self, task: Task, since: float | None) -> bool:
        if since is None or task in self._forced or (task.kind == "events" and task.id in self._fetcher.unfinished):
            return True
        return self._sent.get(task, float("-inf")) < since

    def _changed(self) -> Task | None:
        # An unfinished walk comes first every other time: its events are published when it ends.
        if self._turn % 2 and (task := self._stalest(self._fetcher.unfinished, at_once=True)) is not None:
            return task
        return (
            self._live_on_older_pages()
            or self._stalest((*self._jobs.due, *self._jobs.live))
            or self._stalest(self._fetcher.unfinished, at_once=True)
            or self._least_recent(
                task
                for kind in ("checkpoints", "samples")
                for id in self._jobs.due
                if self._wants(task := Task(kind, id))
            )
            or self._results(self._jobs.due)
        )

    def _results(self, ids: Iterable[str]) -> Task | None:
        """Return a request for a result file, to record its content before the provider deletes it."""
        wanted = (Task("results", id) for id in ids if self._jobs.rows[id].status is Status.SUCCEEDED)
        return next((task for task in wanted if self._may(task) and self._fetcher.missing_result(task.id)), None)

    def _live_on_older_pages(self) -> Task | None:
        """Return a request for a live job that is not on the newest page. For many such jobs, start a walk."""
        live = self._jobs.live_on_older_pages()
        if len(live) <= MAX_SINGLE:
            return self._least_recent(task for id in live if self._is_old(task := Task("job", id), OLDER_LIVE_EVERY))
        if self._jobs.walk is None and self._clock.monotonic() - self._walked_at >= OLDER_LIVE_EVERY:
            self._walked_at = self._clock.monotonic()
            self._jobs.walk_to(live)
        return None

    def _stalest(self, ids: Iterable[str], *, at_once: bool = False) -> Task | None:
        """Return a request for the events of the job that was fetched longest ago, if that is long enough."""
        # A plain loop for speed: there may be a thousand live jobs, and this runs before each request.
        best, limit = None, float("inf") if at_once else self._clock.monotonic() - self._pause
        for id in ids:
            at = self._events_sent.get(id, float("-inf"))
            if at <= limit and (best is None or at < limit) and id != self._selection.id:
                if not self._exists(id) or not self._may(Task("events", id)):
                    continue
                best, limit = id, at
        return None if best is None else Task("events", best)

    def _past(self) -> Task | None:
        walks = self._jobs.walk is not None and not self._reading.is_active
        page = Task("list") if walks and self._may(Task("list")) else None
        older = self._least_recent(Task("older", id) for id in self._jobs.logs.unread if self._exists(id))
        unread = self._unread()
        mine = Task("older", self._selection.id or "")
        if mine.id in self._jobs.logs.unread and self._may(mine):
            older = mine
        if page is not None and older is not None:
            return page if self._sent.get(page, 0.0) <= self._sent.get(older, 0.0) else older
        if older is not None and unread is not None and older != mine:
            # Old events and new logs take turns: the group comes every fourth time.
            return unread if self._turn % 8 < 4 else older
        return page or older or unread

    def _unread(self) -> Task | None:
        """Return a request for the events of a job that were never fetched: they have its numbers.

        The jobs that the list needs come first, then the newest.
        """
        rows, logs, needed = self._jobs.rows, self._jobs.logs, self._selection.needed
        ids = rows if needed is None else (*needed, *islice(rows, TOP))
        tasks = (Task("events", id) for id in ids if id not in logs and self._exists(id))
        return next((task for task in tasks if self._is_new(task) and self._may(task)), None)

    def _is_new(self, task: Task) -> bool:
        """Tell whether a request was never sent, or failed."""
        return task not in self._sent or task in self._paused

    def _exists(self, id: str) -> bool:
        row = self._jobs.rows.get(id)
        return row is not None and exists(row)

    def _wants_events(self, id: str) -> bool:
        task = Task("events", id)
        if id in self._fetcher.unfinished or task in self._forced:
            return True
        return (id in self._jobs.live or id in self._jobs.due) and self._is_old(task, self._pause)

    def _wants(self, task: Task) -> bool:
        """Tell whether to ask for the checkpoints or the samples of a job."""
        row = self._jobs.rows[task.id]
        if task.kind == "samples" and not self._access.has_samples:
            return False
        if task in self._forced:
            return True
        if self._status_at.get(task) != row.status_text:
            ended_before = row.status.is_final and task.id in self._fetched_before and task.id not in self._jobs.due
            if not ended_before or not self._recorded[task.kind](task.id):
                return True
            self._status_at[task] = row.status_text  # recorded in an earlier session
        return row.status.is_live and self._is_old(task, CHECKPOINTS_EVERY)

    def _is_old(self, task: Task, seconds: float) -> bool:
        return self._clock.monotonic() - self._sent.get(task, float("-inf")) >= seconds

    def _may(self, task: Task) -> bool:
        until, _ = self._paused.get(task, (0.0, 0.0))
        return self._offers(task) and self._clock.monotonic() >= until

    def _offers(self, task: Task) -> bool:
        return ("events" if task.kind == "older" else task.kind) not in self._access.not_offered

    def _least_recent(self, tasks: Iterable[Task]) -> Task | None:
        may = (task for task in tasks if self._may(task))
        return min(may, key=lambda task: self._sent.get(task, float("-inf")), default=None)
