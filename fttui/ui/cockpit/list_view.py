"""View of the job list: filter, order, marks, zoom and styles of log and curve, with undo. Pure."""

from collections.abc import Collection, Iterable

from fttui.lean_typing import Any, NamedTuple
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.store import query
from fttui.store.filter_terms import QueryError
from fttui.store.job_values import NOTHING_KNOWN, Known
from fttui.ui.render.columns import MARK
from fttui.ui.render.curve_style import CurveStyle
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.log_lines import LogStyle
from fttui.ui.render.sweep_rows import SweepRow, grouped

STATUS_KEYS: dict[int, tuple[str, frozenset[Status]]] = {
    1: ("running", frozenset({Status.RUNNING, Status.STALLED, Status.STOPPING})),
    2: ("waiting", frozenset({Status.VALIDATING, Status.QUEUED})),
    3: ("succeeded", frozenset({Status.SUCCEEDED})),
    4: ("failed", frozenset({Status.FAILED})),
    5: ("cancelled", frozenset({Status.CANCELLED})),
    6: ("paused", frozenset({Status.PAUSED})),
}
"""Status filters by number key: the name of the filter and the statuses it shows."""

SORTS = (
    *("age", "status", "alarm", "name", "id", "model", "method", "step", "loss", "best", "at", "train", "gap"),
    *("gain", "epochs", "lr", "batch", "tokens", "cost", "created", "fine_tuned_model", "profile", "suffix"),
)
"""Columns to sort by, in the order of the sort key. `age` puts the newest job first."""

MOST_UNDO = 50
"""Largest number of changes that can be undone."""


class View(NamedTuple):
    """One state of the view."""

    status: int = 0
    """Key in `STATUS_KEYS`; 0 for all statuses."""
    filter: str = ""
    sort: str = "age"
    reverse: bool = False
    marks: frozenset[str] = frozenset()
    zoom: bool = False
    """One pane fills the screen."""
    log_style: LogStyle = LogStyle()
    """Style of the log, without its search."""
    curve: CurveStyle = CurveStyle()


class ListView:
    """The current view and the earlier ones that undo restores."""

    def __init__(self, known: Known = NOTHING_KNOWN) -> None:
        """
        Args:
            known: facts about jobs that are not in their rows, for filter and order.
        """
        self.known = known
        self.current = View()
        self.fault = ""
        """Error in the filter; empty for a valid filter. An invalid filter shows every job."""
        self._query = query.parse("", known)
        self._undo: list[View] = []
        self._range_start: str | None = None
        self.folded: frozenset[str] = frozenset()
        """Marks of the sweeps whose jobs are hidden."""

    def fold(self, mark: str) -> None:
        """Hide the jobs of a sweep, or show them again."""
        self.folded ^= {mark}

    def group(self, rows: list[JobRow]) -> tuple[list[JobRow], dict[str, SweepRow]]:
        """Return ordered rows with the jobs of each sweep together, and the sweeps by key."""
        return grouped(rows, self.folded, by_best=self.current.sort in ("loss", "best"))

    def change(self, *, remember: bool = True, **members: Any) -> None:
        """Change the view. With `remember`, push the old one on the undo stack, unless the new one is equal."""
        view = self.current._replace(**members)
        if remember and view != self.current:
            self._undo = [*self._undo[1 - MOST_UNDO :], self.current]
        self._adopt(view)

    @property
    def can_undo(self) -> bool:
        """An earlier view can be restored."""
        return bool(self._undo)

    def undo(self) -> bool:
        """Restore the view before the last change, and end a range of marks. Return False without one."""
        if not self._undo:
            return False
        self.end_range()
        self._adopt(self._undo.pop())
        return True

    def restart(self) -> None:
        """Show all jobs without marks, as for another service. Order, zoom and log style stay."""
        self._undo.clear()
        self._range_start = None
        self._adopt(self.current._replace(status=0, filter="", marks=frozenset()))

    # Filter

    def toggle_status(self, key: int) -> None:
        """Show only the jobs of one status filter. The same key again shows all statuses, and 0 shows all jobs."""
        if key:
            self.change(status=0 if key == self.current.status else key)
        else:
            self.change(status=0, filter="")

    @property
    def is_narrow(self) -> bool:
        """A filter may hide jobs."""
        return bool(self.current.status or self.current.filter)

    @property
    def is_stable(self) -> bool:
        """A changed row keeps its place: without a filter, sorted by age."""
        return not self.is_narrow and self.current.sort == "age"

    @property
    def needs_logs(self) -> bool:
        """Filter or order need numbers from the logs of jobs."""
        return self._query.needs_logs or self._sort.needs_logs

    @property
    def _sort(self) -> query.Sort:
        return query.sort_of(self.current.sort, reverse=self.current.reverse)

    # Order

    def next_sort(self, shown: Collection[str]) -> None:
        """Sort by the next column of those in `shown`."""
        shown = {"alarm" if name == MARK else name for name in shown}
        place = SORTS.index(self.current.sort)
        following = (*SORTS[place + 1 :], *SORTS[: place + 1])
        self.change(sort=next((name for name in following if name in shown), "age"), reverse=False)

    def order(self, glyphs: Glyphs) -> str:
        """Describe the order: `newest first`, `loss ↑`, `best ↑ within noise`."""
        sort, reverse = self.current.sort, self.current.reverse
        if sort == "age":
            return "oldest first" if reverse else "newest first"
        return f"{sort} {glyphs.down if reverse else glyphs.up}{' within noise' if sort == 'best' else ''}"

    # Marks

    def toggle_mark(self, id: str) -> None:
        self.change(marks=self.current.marks ^ {id})

    def toggle_all(self, ids: Iterable[str]) -> None:
        """Mark all of `ids`; remove their marks when all are marked."""
        shown, marks = frozenset(ids), self.current.marks
        self.change(marks=marks - shown if shown <= marks else marks | shown)

    @property
    def is_ranging(self) -> bool:
        """Moving the cursor marks jobs."""
        return self._range_start is not None

    def toggle_range(self, id: str) -> None:
        """Start a range of marks at `id`, or end the current one. Undo removes the whole range in one step."""
        self._range_start = None if self.is_ranging else id
        if self._range_start is not None:
            self.change(marks=self.current.marks | {id})

    def end_range(self) -> None:
        self._range_start = None

    def extend_range(self, shown: list[str], id: str) -> None:
        """Mark the jobs between the start of the range and `id`."""
        if self._range_start not in shown or id not in shown:
            return
        first, last = sorted((shown.index(self._range_start), shown.index(id)))
        self.change(marks=self.current.marks | frozenset(shown[first : last + 1]), remember=False)

    def forget(self, existing: Iterable[str]) -> None:
        """Remove the marks of jobs that do not exist any more."""
        if self.current.marks:
            self._adopt(self.current._replace(marks=self.current.marks & frozenset(existing)))

    # Rows

    def derive(
        self,
        rows: Iterable[JobRow],
        now: float,
        *,
        newest_first: bool = False,
    ) -> list[JobRow]:
        """Return the rows that the filter shows, in order.

        Args:
            now: Unix seconds.
            newest_first: the rows have this order already. A sort of 100,000 rows would delay keys.
        """
        if newest_first and self.is_stable and not self.current.reverse:
            return list(rows)
        statuses = STATUS_KEYS[self.current.status][1] if self.current.status else None
        return query.select(rows, self._query, self._sort, now=now, statuses=statuses, known=self.known)

    @property
    def description(self) -> str:
        """Description of the filter and the marks."""
        parts = []
        if self.current.status:
            parts.append(f"status: {STATUS_KEYS[self.current.status][0]}")
        if self.current.filter and not self.fault:
            parts.append(f"/{self.current.filter}")
        if self.current.marks:
            parts.append(f"{len(self.current.marks)} marked")
        if self.is_ranging:
            parts.append("range: v ends it")
        return "  ".join(parts)

    def _adopt(self, view: View) -> None:
        if view.filter != self._query.text or self.fault:
            self.fault = ""
            try:
                self._query = query.parse(view.filter, self.known)
            except QueryError as error:
                # A half-typed filter must not empty the list.
                self._query, self.fault = query.parse(""), str(error)
        self.current = view
