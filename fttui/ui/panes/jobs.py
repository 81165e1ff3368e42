"""Job list pane."""

from collections.abc import Callable, Mapping
from operator import attrgetter

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from fttui.models.row import JobRow
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import COLUMNS, MARK, Fitted, Line, cell, fit_columns, header_line, row_line, spread
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
        self._fitted: tuple[int, tuple[str, ...], int] = (0, (), 0)
        self._hint: list[str] = []
        self._marks: frozenset[str] = frozenset()
        self.wanted: tuple[str, ...] = ()
        self.usual: tuple[str, ...] = ()
        """Default columns when `wanted` is empty. Empty chooses columns by the width."""
        self._skipped = 0
        """Number of columns scrolled out of view at the left."""
        self.cost: Callable[[JobRow], tuple[float | None, str]] = lambda _: (None, "")
        """Returns the cost of a job as a number and as text; see `show_costs`."""
        self._ages: dict[str, str] = {}
        """Ages as drawn, by key. Only these cells change when nothing but time passes."""

    def show_rows(self, rows: list[JobRow], marks: frozenset[str], hint: list[str]) -> None:
        """Replace the rows and marks. `hint` is shown when there are no rows."""
        self._marks = marks
        self._rows = list(rows)
        self._hint = hint
        self.show_keys(list(map(attrgetter("id"), rows)))

    def update_rows(self, rows: Mapping[str, JobRow]) -> None:
        """Update rows that are already shown and repaint only their lines."""
        for id, row in rows.items():
            if (place := self._places.get(id)) is not None:
                self._rows[place] = row
        self.redraw_keys(set(rows))

    def show_marks(self, marks: frozenset[str]) -> None:
        """Replace the marks and repaint only the lines whose mark changed."""
        changed, self._marks = self._marks ^ marks, marks
        self.redraw_keys(changed)

    def tick(self) -> None:
        """Repaint the visible lines whose age changed."""
        top = self.scroll_offset.y
        shown = self._rows[top : top + self.page_height]
        self.redraw_keys({row.id for row in shown if self._ages.get(row.id) != self._age(row)})

    def show_costs(self, cost: Callable[[JobRow], tuple[float | None, str]]) -> None:
        """Set the function that returns a job's cost, once prices are known."""
        self.cost = cost
        if any(column.name == "cost" for column, _ in self.columns):
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
        total = len(self.wanted or self.usual or COLUMNS)
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
        super().lines_changed()

    @property
    def columns(self) -> Fitted:
        """Columns that fit the list.

        Fitted when they are drawn, because the first frame comes before any resize event.
        """
        # Reserve the scroll bar's cell, so that columns do not move when it appears.
        fitted = (self.outer_size.width - 1, self.wanted or self.usual, self._skipped)
        if fitted != self._fitted:
            self._columns, self._fitted = fit_columns(*fitted), fitted
        return self._columns

    def _age(self, row: JobRow) -> str:
        return cell(row, "age", self._now(), self._glyphs)

    def _line(self, row: JobRow, *, cursor: bool) -> Line:
        columns = self.columns
        cost = self.cost(row)[1] if any(column.name == "cost" for column, _ in columns) else ""
        marked = row.id in self._marks
        return row_line(row, columns, self._now(), self._glyphs, cursor=cursor, marked=marked, cost=cost)


class JobsPane(Vertical):
    """Job list with its column titles and a foot line."""

    class SortRequested(Message):
        """A column title was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self, glyphs: Glyphs, now: Callable[[], float]) -> None:
        super().__init__(id="jobs-pane")
        self.head = TextRow(id="jobs-head")
        self.list = JobList(glyphs, now)
        self.foot = TextRow(id="jobs-foot")
        self._active = True

    def compose(self) -> ComposeResult:
        yield self.head
        yield self.list
        yield self.foot

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
        right = MARK
        for column, cells in self.list.columns:
            right += cells + 1
            if event.x < right:
                self.post_message(self.SortRequested(column.name))
                return

    def set_active(self, active: bool) -> None:
        """Set whether the list is the active pane."""
        self._active = active
        self._show_head()

    def show_foot(self, left: str, right: str, *, fault: bool) -> None:
        """Show the filter, or with `fault` its error, at the left and the number of jobs at the right."""
        ends: tuple[Line, Line] = [(f" {left}", "warn" if fault else "key")], [(right + " ", "dim")]
        self.foot.fill(lambda cells: spread(*ends, cells))

    def _show_head(self) -> None:
        self.head.fill(lambda _: header_line(self.list.columns, active=self._active))
