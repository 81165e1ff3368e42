"""Job list pane."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType

from textual import events
from textual.message import Message

from fttui.models.row import JobRow
from fttui.store.filter_fields import FROM_LOG
from fttui.ui.panes.titled import TitledPane
from fttui.ui.render.columns import CURSOR, MARK, Fitted, ListFacts, candidates, facts_of, fit_columns, full_width
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, RowView, cell, header_line, row_line
from fttui.ui.render.sweep_rows import SweepRow, jobs_of, sweep_line, with_branch
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import TextRow


class JobList(LineList):
    """List of jobs. A line is built from its row when it is visible."""

    def __init__(self, glyphs: Glyphs, now: Callable[[], float]) -> None:
        super().__init__(id="jobs")
        self._glyphs = glyphs
        self._now = now
        self._rows: list[JobRow] = []
        """Rows in the order of the keys. A dictionary of 100,000 rows would take too long to make."""
        self._columns: Fitted = ()
        self._fitted: tuple[object, ...] = ()
        self.facts = ListFacts()
        """Facts about the listed jobs that the columns depend on."""
        self._hint: list[str] = []
        self._marks: frozenset[str] = frozenset()
        self._sweeps: Mapping[str, SweepRow] = {}
        self.compare_key = ""
        """Key that compares the jobs of a sweep; empty without one."""
        self.wanted: tuple[str, ...] = ()
        """Columns named by the user. Empty chooses columns by the width."""
        self.has_profiles = False
        """The jobs are of several profiles."""
        self.alarms_off: frozenset[str] = frozenset()
        self._skipped = 0
        """Number of columns scrolled out of view at the left."""
        self._cost: Callable[[JobRow], str] | None = None
        """Returns the cost of a job in words, once prices are known."""
        self.is_unread: Callable[[str], bool] = lambda _: False
        """Tells whether the log of a job is still to be read."""
        self._unread: set[str] = set()
        """Jobs drawn as unread."""
        self._ages: dict[str, str] = {}
        """Ages as drawn, by key. Only these cells change when nothing but time passes."""

    @property
    def sweep(self) -> SweepRow | None:
        """Sweep whose row is under the cursor."""
        return self._sweeps.get(self.cursor or "")

    @property
    def job(self) -> str | None:
        """Id of the job under the cursor; on the row of a sweep, of its best job."""
        sweep = self.sweep
        return self.cursor if sweep is None else sweep.best_id

    def show_rows(
        self,
        rows: list[JobRow],
        marks: frozenset[str],
        hint: list[str],
        sweeps: Mapping[str, SweepRow] = MappingProxyType({}),
    ) -> None:
        """Replace the rows and marks.

        Args:
            hint: shown when there are no rows.
            sweeps: sweeps by the ids of their rows.
        """
        self._marks = marks
        self._sweeps = sweeps
        self._rows = list(rows)
        self.facts = facts_of(jobs_of(self._rows, sweeps), self._cost)
        self._hint = hint
        self.show_keys(list(map(attrgetter("id"), rows)))

    def update_rows(self, rows: Mapping[str, JobRow]) -> None:
        """Update rows that are already shown and repaint only their lines."""
        for id, row in rows.items():
            if (place := self._places.get(id)) is not None:
                self._rows[place] = row
        before, self.facts = self.facts, self.facts.joined(facts_of(list(rows.values()), self._cost))
        if self.facts == before:
            self.redraw_keys(set(rows))
        else:
            self.lines_changed()

    def show_marks(self, marks: frozenset[str]) -> None:
        """Replace the marks and repaint only the lines whose mark changed."""
        changed, self._marks = self._marks ^ marks, marks
        self.redraw_keys(changed)

    def tick(self) -> None:
        """Repaint the visible lines whose age changed, and those whose log is read now."""
        old = {row.id for row in self.visible_rows if self._ages.get(row.id) != self._age(row)}
        self.redraw_keys(old | {id for id in self._unread if not self.is_unread(id)})

    @property
    def visible_rows(self) -> list[JobRow]:
        """Rows of the jobs whose lines are on the screen."""
        top = self.scroll_offset.y
        shown = self._rows[top : top + self.page_height]
        return [row for row in shown if row.id not in self._sweeps] if self._sweeps else shown

    @property
    def needed_ids(self) -> tuple[str, ...]:
        """Jobs on the screen, if a column shows numbers from their logs."""
        if all(column.name not in FROM_LOG and column.name != MARK for column, _ in self.columns):
            return ()
        return tuple(row.id for row in self.visible_rows)

    def show_costs(self, cost: Callable[[JobRow], str]) -> None:
        """Set the function that returns a job's cost in words, once prices are known."""
        self._cost = cost
        self.facts = facts_of(jobs_of(self._rows, self._sweeps), cost)
        self.lines_changed()

    def line_count(self) -> int:
        return len(self._keys) or len(self._hint)

    def is_cursor(self, index: int) -> bool:
        return bool(self._keys) and super().is_cursor(index)

    def line_at(self, index: int) -> Line:
        if not self._keys:
            return [(" " + self._hint[index], "dim")]
        row = self._rows[index]
        self._ages[row.id] = self._age(row)
        return self._line(row, cursor=self.is_cursor(index))

    def show_columns(self, wanted: tuple[str, ...]) -> None:
        """Show these columns in this order, or the default columns when `wanted` is empty."""
        self.wanted, self._skipped = wanted, 0
        self.lines_changed()

    def move_columns(self, step: int) -> bool:
        """Scroll sideways by columns, to the left when `step` is negative. Return False at the end."""
        total = len(candidates(self.wanted, self.facts, has_profiles=self.has_profiles))
        if step > 0 and len(self.columns) + self._skipped >= total:
            return False
        skipped = max(0, self._skipped + step)
        if skipped == self._skipped:
            return False
        self._skipped = skipped
        self.lines_changed()
        return True

    def lines_changed(self) -> None:
        self._ages.clear()
        self._unread.clear()
        super().lines_changed()

    @property
    def columns(self) -> Fitted:
        """Columns that fit the list.

        Fitted when they are drawn, because the first frame comes before any resize event.
        """
        # Reserve the scroll bar's cell, so that columns do not move when it appears.
        cells, fitted = self.outer_size.width - 1, self._fitted
        self._fitted = (cells, self.wanted, self._skipped, self.facts, self.has_profiles)
        if fitted != self._fitted:
            self._columns = fit_columns(cells, self.wanted, self._skipped, self.facts, has_profiles=self.has_profiles)
        return self._columns

    @property
    def full_width(self) -> int:
        """Cells of all columns and the scroll bar."""
        return full_width(self.wanted, self.facts, has_profiles=self.has_profiles) + 1

    def _age(self, row: JobRow) -> str:
        return cell(row, "age", self._now(), self._glyphs)

    def _line(self, row: JobRow, *, cursor: bool) -> Line:
        if row.id in self._sweeps:
            cells, key = self.outer_size.width - 1, self.compare_key
            return sweep_line(self._sweeps[row.id], cells, self._glyphs, is_cursor=cursor, compare_key=key)
        row, columns = with_branch(row, self._sweeps), self.columns
        is_unread = row.summary.last is None and self.is_unread(row.id)
        (self._unread.add if is_unread else self._unread.discard)(row.id)
        has_cost = self._cost is not None and any(column.name == "cost" for column, _ in columns)
        view = RowView(
            is_cursor=cursor,
            is_marked=row.id in self._marks,
            cost=self._cost(row) if has_cost and self._cost is not None else "",
            is_unread=is_unread,
            marks_training=self.facts.losses.is_mixed,
            alarms_off=self.alarms_off,
        )
        return row_line(row, columns, self._now(), self._glyphs, view)


class JobsPane(TitledPane):
    """Job list with its title and its column titles."""

    class SortRequested(Message):
        """A column title was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self, glyphs: Glyphs, now: Callable[[], float]) -> None:
        self.head = TextRow(id="jobs-head")
        self.list = JobList(glyphs, now)
        super().__init__("jobs", glyphs, self.head, self.list)
        self._facts: tuple[str, str, Sequence[str]] = ("", "", ("",))
        self._active = True
        self._sort, self._arrow = "", ""

    def show_columns(self, wanted: tuple[str, ...]) -> None:
        """Show these columns in this order, or the default columns when `wanted` is empty."""
        self.list.show_columns(wanted)
        self._show_head()

    def move_columns(self, step: int) -> bool:
        """Scroll sideways by columns, to the left when `step` is negative. Return False at the end."""
        moved = self.list.move_columns(step)
        if moved:
            self._show_head()
        return moved

    def on_click(self, event: events.Click) -> None:
        if event.widget is not self.head:
            return
        right = CURSOR
        for column, cells in self.list.columns:
            right += cells + 1
            if event.x < right:
                self.post_message(self.SortRequested(column.name))
                return

    def set_active(self, active: bool) -> None:
        """Set whether the list is the active pane."""
        self._active = active
        self._show_facts()
        self._show_head()

    def show_order(self, sort: str, arrow: str) -> None:
        """Show the arrow of the order behind the title of a column; empty for the usual order."""
        self._sort, self._arrow = sort, arrow
        self._show_head()

    def show_facts(self, filter: str, facts: Sequence[str], *, fault: bool) -> None:
        """Show the filter, or with `fault` its error, and facts in the title.

        Args:
            facts: numbers and order, the longest first; the first that fits is shown.
        """
        self._facts = filter, "warn" if fault else "key", facts
        self._show_facts()

    def _show_facts(self) -> None:
        filter, role, facts = self._facts
        self.show_title(("jobs",), "jobs" if self._active else "", facts, [(filter, role)] if filter else ())

    def _show_head(self) -> None:
        title = self.list.facts.losses.title
        sort, arrow = self._sort, self._arrow
        self.head.fill(lambda _: header_line(self.list.columns, active=False, loss_title=title, sort=sort, arrow=arrow))
