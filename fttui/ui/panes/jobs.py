"""Job list pane."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType

from textual import events
from textual.message import Message

from fttui.models.row import JobRow
from fttui.ui.panes.job_lines import JobColumns, JobLines
from fttui.ui.panes.titled import TitledPane
from fttui.ui.render.columns import CURSOR
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, header_line
from fttui.ui.render.sweep_rows import SweepRow
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import TextRow


class JobList(LineList):
    """List of jobs. A line is built from its row when it is visible."""

    def __init__(self, glyphs: Glyphs, now: Callable[[], float]) -> None:
        super().__init__(id="jobs")
        # Reserve the scroll bar's cell, so that columns do not move when it appears.
        self.columns = JobColumns(lambda: self.outer_size.width - 1)
        self.drawing = JobLines(self.columns, glyphs, now)
        self._rows: list[JobRow] = []
        """Rows in the order of the keys. A dictionary of 100,000 rows would take too long to make."""
        self._hint: list[str] = []

    @property
    def sweep(self) -> SweepRow | None:
        """Sweep whose row is under the cursor."""
        return self.drawing.sweeps.get(self.cursor or "")

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
        self.drawing.marks = marks
        self.drawing.sweeps = sweeps
        self._rows = list(rows)
        self.columns.facts = self.drawing.facts(self._rows)
        self._hint = hint
        self.show_keys(list(map(attrgetter("id"), rows)))

    def update_rows(self, rows: Mapping[str, JobRow]) -> None:
        """Update rows that are already shown and repaint only their lines."""
        changed = []
        for id, row in rows.items():
            if (place := self._places.get(id)) is not None:
                changed.append((self._rows[place], row))
                self._rows[place] = row
        before = self.columns.facts
        self.columns.facts = self.drawing.facts_after(before, changed, self._rows)
        if self.columns.facts == before:
            self.redraw_keys(set(rows))
        else:
            self.lines_changed()

    def show_marks(self, marks: frozenset[str]) -> None:
        """Replace the marks and repaint only the lines whose mark changed."""
        changed, self.drawing.marks = self.drawing.marks ^ marks, marks
        self.redraw_keys(changed)

    def tick(self) -> None:
        """Repaint the visible lines whose age changed, and those whose log is read now."""
        self.redraw_keys(self.drawing.outdated(self.visible_rows))

    @property
    def visible_rows(self) -> list[JobRow]:
        """Rows of the jobs whose lines are on the screen."""
        top = self.scroll_offset.y
        shown = self._rows[top : top + self.page_height]
        sweeps = self.drawing.sweeps
        return [row for row in shown if row.id not in sweeps] if sweeps else shown

    def show_costs(self, cost: Callable[[JobRow], str]) -> None:
        """Set the function that returns a job's cost in words, once prices are known."""
        self.drawing.cost = cost
        self.columns.facts = self.drawing.facts(self._rows)
        self.lines_changed()

    def line_count(self) -> int:
        return len(self._keys) or len(self._hint)

    def is_cursor(self, index: int) -> bool:
        return bool(self._keys) and super().is_cursor(index)

    def line_at(self, index: int) -> Line:
        if not self._keys:
            return [(" " + self._hint[index], "dim")]
        return self.drawing.line(self._rows[index], is_cursor=self.is_cursor(index))

    def lines_changed(self) -> None:
        self.drawing.clear()
        super().lines_changed()


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
        self.list.columns.choose(wanted)
        self.list.lines_changed()
        self._show_head()

    def move_columns(self, step: int) -> bool:
        """Scroll sideways by columns, to the left when `step` is negative. Return False at the end."""
        moved = self.list.columns.move(step)
        if moved:
            self.list.lines_changed()
            self._show_head()
        return moved

    def on_click(self, event: events.Click) -> None:
        if event.widget is not self.head:
            return
        right = CURSOR
        for column, cells in self.list.columns.fitted:
            right += cells + 1
            if event.x < right:
                self.post_message(self.SortRequested(column.name))
                return

    def set_active(self, active: bool) -> None:
        """Set whether the list is the active pane."""
        if active != self._active:
            self._active = active
            self._show_facts()

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
        columns = self.list.columns
        title = columns.facts.losses.title
        sort, arrow = self._sort, self._arrow
        self.head.fill(lambda _: header_line(columns.fitted, active=False, loss_title=title, sort=sort, arrow=arrow))
