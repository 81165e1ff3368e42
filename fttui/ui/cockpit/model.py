"""State of the cockpit: the service, its jobs as last published, and the user's view of them. Pure, without Textual."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Flag, auto

from fttui.config.choose import LOCAL
from fttui.core.availability import Access, Verb, access_to, deletable, why_no_route, why_none, why_not
from fttui.core.try_candidates import why_no_model
from fttui.lean_typing import TYPE_CHECKING, NamedTuple
from fttui.models.refusals import NO_JOB
from fttui.models.restrictions import Restrictions
from fttui.models.row import JobRow
from fttui.store.job_values import Known
from fttui.store.snapshot import Change, Snapshot
from fttui.ui.cockpit.alarm_watch import AlarmWatch
from fttui.ui.cockpit.list_view import ListView
from fttui.ui.cockpit.saved_view import SavedView
from fttui.ui.notifications import ended
from fttui.ui.render.log_lines import LogStyle
from fttui.ui.render.rows import jobs_words
from fttui.ui.render.status_line import ALL, ServiceInfo
from fttui.ui.render.sweep_rows import SweepRow, ids_of

if TYPE_CHECKING:
    from fttui.models.file import File
    from fttui.models.job import Job
    from fttui.store.port import StorePort

NEED_JOB = ("copy.id", "copy.more", "job.link", "detail.raw", "mark.toggle", "mark.range", "mark.all")
"""Commands that do nothing while no job is selected."""
_DELETED: dict[str, Verb] = {"files": "delete_file", "checkpoints": "delete_model"}
"""Verb of the delete key in panes other than those of jobs."""
MOST_ERRORS = 200
"""Errors kept for the error list."""


class Part(Flag):
    """Parts of the screen that can be drawn on their own."""

    NONE = 0
    LAYOUT = auto()
    """Classes and sizes of the panes."""
    LIST = auto()
    """Selection and order of the rows, and all lines of the list."""
    MARKS = auto()
    JOB = auto()
    """Every pane that shows the job under the cursor."""
    DETAIL = auto()
    DETAIL_TOP = auto()
    """The detail, scrolled back to its first line."""
    EVENTS = auto()
    """Events newer than the last one shown."""
    FILES = auto()
    LOG_STYLE = auto()
    CURVE = auto()
    STATUS = auto()
    TITLES = auto()
    """Titles of the panes, which tell the active pane, and the footer."""
    COUNTS = auto()
    """Title of the list: filter, marks and number of jobs."""
    FOOTER = auto()
    FRAME = STATUS | TITLES | COUNTS


class Update(NamedTuple):
    """Effects of one publication."""

    parts: Part
    """Parts to draw."""
    rows: frozenset[str]
    """Jobs whose lines changed."""
    notice: str
    """New notice of the store; empty for none."""
    ended: list[JobRow]
    """Watched jobs that have ended."""
    alarmed: list[JobRow]
    """Watched jobs with a new alarm."""
    new_jobs: bool


class CockpitModel:
    """Everything the cockpit knows, apart from cursors and scroll positions, which the widgets keep."""

    def __init__(
        self,
        service: ServiceInfo,
        snapshot: Snapshot,
        now: Callable[[], float],
        saved: SavedView = SavedView(),  # noqa: B008  (a value)
        alarms_off: frozenset[str] = frozenset(),
    ) -> None:
        """
        Args:
            snapshot: rows of the archive, until a store is attached.
            now: returns the time in Unix seconds.
            alarms_off: kinds of alarms that the user has turned off.
        """
        self.service = service
        self.has_nearby_runs = False
        """Runs of other programs below the working directory, which an empty list offers."""
        self.alarms_off = alarms_off
        self.alarm_watch = AlarmWatch(alarms_off)
        self.has_slow_link = False
        self.store: StorePort | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self.snapshot = snapshot
        self.now = now
        self.saved = saved
        self.cost: Callable[[JobRow], tuple[float | None, str]] = lambda _: (None, "")
        """Returns the cost of a job as a number, None when unknown, and in words. Prices come with the store."""
        self.view = ListView(Known(lambda row: self.cost(row)[0], alarms_off))
        self.view.change(
            remember=False,
            sort=saved.sort,
            reverse=saved.reverse,
            filter=saved.filter,
            status=saved.status,
            curve=saved.curve,
            log_style=LogStyle(wrap=saved.wrap, hides_metrics=saved.hides_metrics, times=saved.times),
        )
        self.pane: Callable[[], str] = lambda: "jobs"
        """Returns the active pane."""
        self.selected: str | None = None
        """Job under the cursor. On the row of a sweep, its best job."""
        self.sweep: SweepRow | None = None
        """Sweep whose row is under the cursor."""
        self.sweeps: Mapping[str, SweepRow] = {}
        """Sweeps in the list by key."""
        self.watched: set[str] = set()
        """Jobs whose end is notified."""
        self.is_held = False
        """The automatic refresh is stopped."""
        self.shows_json = False
        """The detail pane shows the job's JSON."""
        self.files: list[File] = []
        """Files of the provider, as last fetched."""
        self.deleted_files: set[str] = set()
        """Files deleted here, which their jobs still name."""
        self.deleted_models: set[str] = set()
        """Models of checkpoints deleted here, which their jobs still list."""
        self._errors: list[tuple[float, str]] = []
        self._listed: list[str] = []
        self._places: dict[str, int] | None = None
        self._cancelling: frozenset[str] = frozenset()
        self._overlaid: tuple[Mapping[str, JobRow], frozenset[str], Mapping[str, str], Mapping[str, JobRow]] = (
            {}, frozenset(), {}, {}
        )  # fmt: skip
        """Rows, the jobs being cancelled, the alarms that the clock raises, and the rows as drawn for all."""

    # Service

    def attach(self, store: "StorePort") -> Update:
        """Connect to a store, and select no job until the list is drawn."""
        self.store = store
        self.selected = None
        return self.apply(store.snapshot, Change(health=True))

    def next_change(self) -> asyncio.Future[None]:
        """Return a future that ends with the next publication."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return waiting

    def move_to(self, service: ServiceInfo, snapshot: Snapshot) -> None:
        """Change the service, without a store until `attach`."""
        self.service, self.store, self.snapshot = service, None, snapshot
        self.view.restart()
        self.selected, self.is_held, self.files = None, False, []
        self.deleted_files.clear()
        self.deleted_models.clear()
        self.watched.clear()
        self.alarm_watch.restart()
        self._cancelling = frozenset()

    def apply(self, snapshot: Snapshot, change: Change) -> Update:
        """Take over a publication of the store. Rows that were found before it stay until it has read its list."""
        previous = self.snapshot
        if snapshot.as_of is None and not snapshot.rows and not change.removed:
            snapshot = snapshot._replace(rows=previous.rows)
        self.snapshot = snapshot
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()
        rows = snapshot.rows
        self._cancelling = frozenset(id for id in self._cancelling if id in rows and not rows[id].status.is_final)
        health = snapshot.health
        if health.why and health.why != previous.health.why:
            request = health.request_id if health.request_id not in health.why else ""
            self.record_error(" ".join(filter(None, (health.why, request))))
        over = ended(previous.rows, rows, self.watched)
        self.watched -= {row.id for row in over}
        parts, changed = Part.FRAME, frozenset[str]()
        if change.added or change.removed or not _has_same_jobs(rows, previous.rows):
            parts |= Part.LIST
        elif change.updated:
            changed = change.updated
        elif not rows:
            parts |= Part.LIST  # the lines of an empty list depend on the health
        if self.selected in change.updated | change.checkpoints | change.events:
            parts |= Part.DETAIL | Part.FILES
        if self.selected in change.events:
            parts |= Part.EVENTS
        notice = snapshot.notices[-1] if snapshot.notices and snapshot.notices != previous.notices else ""
        changed_rows = (rows[id] for id in change.updated | change.added if id in rows)
        alarmed = self.alarm_watch.raised(changed_rows, self.watched)
        return Update(parts, changed, notice, over, alarmed, bool(change.added) and not snapshot.reading)

    async def check_alarms(self) -> Update:
        """Check all jobs for the alarms that the clock raises."""
        store, changed = self.store, frozenset[str]()
        found = await store.clock_alarms() if store is not None else {}
        if store is self.store:
            changed = self.alarm_watch.take(found) & self.snapshot.rows.keys()
        alarmed = self.alarm_watch.raised((self.snapshot.rows[id] for id in changed), self.watched)
        parts = Part.DETAIL | Part.STATUS if changed else Part.NONE
        return Update(parts, changed, "", [], alarmed, False)

    # Jobs

    def rows(self) -> Mapping[str, JobRow]:
        """Return the rows to draw: the snapshot with unanswered cancels laid over it."""
        rows, by_clock = self.snapshot.rows, self.alarm_watch.by_clock
        if not self._cancelling and not by_clock:
            return rows
        of, cancelling, alarms, overlaid = self._overlaid
        if of is not rows or cancelling != self._cancelling or alarms is not by_clock:
            overlaid = dict(rows) | {id: rows[id]._replace(status_text="cancelling") for id in self._cancelling}
            overlaid = self.alarm_watch.overlay(overlaid)
            self._overlaid = rows, self._cancelling, by_clock, overlaid
        return overlaid

    @property
    def row(self) -> JobRow | None:
        """Row of the selected job."""
        return self.rows().get(self.selected) if self.selected is not None else None

    @property
    def job(self) -> "Job | None":
        """The selected job, when a store knows it."""
        return self.store.job(self.selected) if self.store is not None and self.selected is not None else None

    @property
    def listed(self) -> list[str]:
        """Ids of the jobs in the list, in its order."""
        return self._listed

    @property
    def count_words(self) -> str:
        """Number of jobs in the list and in all: `3 of 8 jobs`, `8 jobs`, or `8+ jobs` while more are read."""
        more = "" if self.snapshot.complete or self.store is None else "+"
        return jobs_words(len(self._listed), len(self.snapshot.rows), more)

    def derive(self) -> list[JobRow]:
        """Return the rows of the list, in order, and keep their ids in `listed`."""
        rows = self.rows()
        self.view.forget(rows)
        found = self.view.derive(rows.values(), self.now(), newest_first=self.service.profile != ALL)
        shown, self.sweeps = self.view.group(found)
        self._listed, self._places = ids_of(shown, self.sweeps), None
        return shown

    def are_of_sweeps(self, ids: Collection[str]) -> bool:
        """Tell whether one of the jobs is of a sweep in the list."""
        rows = self.rows()
        return bool(self.sweeps) and any(rows[id].sweep for id in ids if id in rows)

    def targets(self) -> list[JobRow]:
        """Return the jobs that a key acts on in the active pane.

        In the list these are the marked ones in its order, else those of the sweep under the cursor, else the selected
        one. A pane about one job has that job, whatever is marked; the curve of a sweep has the jobs of the sweep.
        """
        pane = self.pane()
        if pane == "jobs":
            return self.chosen()
        if pane == "curve" and self.sweep is not None:
            return self.of_sweep(self.sweep)
        return [row] if (row := self.row) is not None else []

    def of_sweep(self, sweep: SweepRow) -> list[JobRow]:
        """Return the jobs of a sweep that are known."""
        rows = self.rows()
        return [rows[id] for id in sweep.ids if id in rows]

    def chosen(self) -> list[JobRow]:
        """Return the jobs that are chosen in the list: the targets of a key there."""
        rows, marks = self.rows(), self.view.current.marks
        if not marks and self.sweep is not None:
            return self.of_sweep(self.sweep)
        if not marks:
            return [row] if (row := self.row) is not None else []
        if self._places is None:
            self._places = {id: place for place, id in enumerate(self._listed)}
        return [rows[id] for id in sorted(self._places.keys() & marks, key=self._places.__getitem__) if id in rows]

    def watch(self, rows: Iterable[JobRow]) -> None:
        """Notify the end of those of `rows` that are live."""
        self.watched |= {row.id for row in rows if row.status.is_live}

    def unmark(self, ids: Collection[str]) -> None:
        """Remove the marks of jobs that an action has served."""
        self.view.change(marks=self.view.current.marks - frozenset(ids))

    def cancel_sent(self, ids: Iterable[str]) -> None:
        """Show jobs as being cancelled until `cancel_answered`."""
        self._cancelling |= frozenset(ids) & self.snapshot.rows.keys()

    def cancel_answered(self, ids: Iterable[str]) -> None:
        """Show jobs again as the store knows them."""
        self._cancelling -= frozenset(ids)

    # Availability

    def access(self) -> Access:
        """Return the facts that allow or forbid actions at present."""
        service, store = self.service, self.store
        restrictions = store.restrictions if store is not None else Restrictions()
        return access_to(
            service.profile,
            store.snapshot if store is not None else None,
            read_only=service.read_only,
            restrictions=restrictions._replace(is_watched=restrictions.is_watched or service.is_watched),
            of_profiles=store.of_profiles if store is not None else {},
            several_profiles=service.profile == ALL,
        )

    def _form_access(self) -> Access:
        """Return the access for the form, which opens without a connection to choose and check data."""
        return self.access()._replace(unreachable="")

    def why_not(self, verb: Verb, row: JobRow | None = None) -> str:
        """Return the reason why an action on one job, or on none, is impossible; empty when it is possible."""
        return why_not(verb, row, self.access())

    def why_no_route(self, route: str, row: JobRow | None = None) -> str:
        """Return the reason why the provider of a job, of the selected one if None, lacks a route; else empty."""
        return why_no_route(route, row or self.row, self.access())

    def refusal(self, command_id: str, pane: str = "jobs") -> str:
        """Return the reason why a command would be refused at present; empty when it would not.

        Args:
            pane: the active pane, which decides what is deleted or written.
        """
        match command_id:
            case "job.delete" if pane in _DELETED:
                return self.why_not("delete") or self.why_not(_DELETED[pane]) or self.why_no_route(_DELETED[pane])
            case "export" if pane == "files":
                return self.why_no_route("content")
            case "job.create":
                return why_not("create", None, self._form_access())
            case "job.clone":
                return why_not("clone", self.row, self._form_access())
            case "job.cancel":
                return why_none("cancel", self.targets(), self.access())
            case "job.pause":
                return why_none("pause_or_resume", self.targets(), self.access())
            case "job.delete":
                return self.why_not("delete") or self._why_nothing_to_delete()
            case "model.try":
                return self.why_not("try_model") or self._why_no_model()
            case "undo":
                return "" if self.view.can_undo else "nothing to undo"
            case id if id in NEED_JOB and self.row is None:
                return NO_JOB
        return ""

    def deletable(self, rows: Sequence[JobRow]) -> set[str]:
        """Return what can be deleted of jobs, as `availability.deletable`."""
        from fttui.core.affected import checkpoint_models

        store = self.store
        if store is None:
            return set()
        return deletable(
            rows, self.access(), lambda row: bool(checkpoint_models(store, row, is_local=self.is_local(row)))
        )

    def is_local(self, row: JobRow) -> bool:
        """Return whether a job is of the embedded service."""
        return self.service.is_local or row.profile == LOCAL

    def _why_nothing_to_delete(self) -> str:
        """Return the reason why nothing of the targets can be deleted; empty when something can."""
        rows = self.targets()
        if not rows or self.store is None:
            return NO_JOB
        if self.deletable(rows):
            return ""
        return why_none("delete_copy" if all(row.gone for row in rows) else "delete_job", rows, self.access())

    def has_samples(self, row: JobRow, step: int | None) -> bool:
        """Return whether answers of the model at a step of the training are stored."""
        store = self.store
        return store is not None and step in store.sample_steps(row.id)

    def _why_no_model(self) -> str:
        """Return the reason why none of the targets has a model to try; empty when one has."""
        store, rows = self.store, self.targets()
        if store is None or not rows:
            return NO_JOB
        if any(row.fine_tuned_model or store.checkpoints(row.id) or store.sample_steps(row.id) for row in rows):
            return ""
        return why_no_model(rows[0])

    # Files and errors

    def files_deleted(self, ids: Collection[str]) -> None:
        """Remove files from the list of the provider's files; a job that names one shows it as deleted."""
        self.files = [file for file in self.files if file.id not in ids]
        self.deleted_files |= set(ids)

    def record_error(self, text: str) -> None:
        """Add a line to the error list."""
        self._errors = [*self._errors[1 - MOST_ERRORS :], (self.now(), text)]

    def alarm_lines(self) -> list[tuple[float, str]]:
        """Return the alarms of the newest jobs that have any, each with the time of its beginning in Unix seconds."""
        if self.store is None:
            return []
        rows = [row for row in self.rows().values() if self.alarm_watch.kinds(row)][:MOST_ERRORS]
        return [
            (alarm.since or self.now(), f"{row.name}: {alarm.message}")
            for row in rows
            for alarm in self.store.alarms(row.id).without(self.alarms_off).alarms
        ]

    def errors(self) -> list[tuple[float, str]]:
        """Return the errors and the store's notices with their times in Unix seconds, oldest first."""
        noticed_at = self.snapshot.as_of or self.now()
        return [*self._errors, *((noticed_at, notice) for notice in self.snapshot.notices)]


def _has_same_jobs(rows: Mapping[str, JobRow], others: Mapping[str, JobRow]) -> bool:
    """Tell whether two tables have the same jobs. Most often their order is the same too, which is found out sooner."""
    return rows is others or list(rows) == list(others) or rows.keys() == others.keys()
