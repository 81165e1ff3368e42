"""The job list."""

from collections.abc import Callable, Mapping

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
    """One line a job, drawn from its row when it is visible."""

    def __init__(self, glyphs: Glyphs, now: Callable[[], float]) -> None:
        super().__init__(id="jobs")
        self._glyphs = glyphs
        self._now = now
        self._rows: dict[str, JobRow] = {}
        self._columns: Fitted = ()
        self._fitted: tuple[int, tuple[str, ...], int] = (0, (), 0)
        self._hint: list[str] = []
        self._marks: frozenset[str] = frozenset()
        self.wanted: tuple[str, ...] = ()
        self.usual: tuple[str, ...] = ()
        """What is shown where nothing is wanted; empty for what suits the width."""
        self._skipped = 0
        """Columns that were moved out of view at the left."""
        self.cost: Callable[[JobRow], tuple[float | None, str]] = lambda _: (None, "")
        """What a job has cost, as a number and in words; see `show_costs`."""
        self._ages: dict[str, str] = {}
        """The ages that were drawn, by key: the only cells that time alone changes."""

    def show_rows(self, rows: list[JobRow], marks: frozenset[str], hint: list[str]) -> None:
        """Show exactly `rows`, those in `marks` as marked; where there are no rows, the lines of `hint`."""
        self._marks = marks
        self._rows = {row.id: row for row in rows}
        self._hint = hint
        self.show_keys(list(self._rows))

    def update_rows(self, rows: Mapping[str, JobRow]) -> None:
        """Rows that are already shown, in their new state; only their lines are drawn again."""
        self._rows.update((id, row) for id, row in rows.items() if id in self._rows)
        self.redraw_keys(set(rows))

    def show_marks(self, marks: frozenset[str]) -> None:
        """Other marks; only the lines whose mark changed are drawn again."""
        changed, self._marks = self._marks ^ marks, marks
        self.redraw_keys(changed)

    def tick(self) -> None:
        """Time has passed: draw the lines whose ages became others."""
        self.redraw_keys({key for key in self.visible_keys if self._ages.get(key) != self._age(key)})

    def show_costs(self, cost: Callable[[JobRow], tuple[float | None, str]]) -> None:
        """Prices are known."""
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
        key = self._keys[index]
        self._ages[key] = self._age(key)
        return self._line(key, cursor=self.is_cursor(index))

    def show_columns(self, wanted: tuple[str, ...]) -> None:
        """Only these columns, in this order; the usual ones when there are none."""
        self.wanted, self._skipped = wanted, 0
        self.lines_changed()

    def move_columns(self, step: int) -> bool:
        """Bring columns further to the right into view, or back; False when there are none that way."""
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
        """The columns that the list has room for. Fitted when they are drawn: the first frame comes before any event
        that tells a size."""
        # The last cell is the scroll bar's, there or not, so that columns do not jump when it appears.
        fitted = (self.outer_size.width - 1, self.wanted or self.usual, self._skipped)
        if fitted != self._fitted:
            self._columns, self._fitted = fit_columns(*fitted), fitted
        return self._columns

    def _age(self, key: str) -> str:
        return cell(self._rows[key], "age", self._now(), self._glyphs)

    def _line(self, key: str, *, cursor: bool) -> Line:
        row, columns = self._rows[key], self.columns
        cost = self.cost(row)[1] if any(column.name == "cost" for column, _ in columns) else ""
        marked = key in self._marks
        return row_line(row, columns, self._now(), self._glyphs, cursor=cursor, marked=marked, cost=cost)


class JobsPane(Vertical):
    """The list between its column titles and a line that counts."""

    class SortAsked(Message):
        """The title of a column was clicked."""

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
        """Only these columns, in this order; the usual ones when there are none."""
        self.list.show_columns(wanted)
        self._show_head()

    def move_columns(self, step: int) -> bool:
        """Columns further to the right, or back; False when there are none that way."""
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
                self.post_message(self.SortAsked(column.name))
                return

    def set_active(self, active: bool) -> None:
        """Whether keys go to the list."""
        self._active = active
        self._show_head()

    def show_foot(self, left: str, right: str, *, fault: bool) -> None:
        """What narrows the list, or what is wrong with it; and how many jobs there are."""
        ends: tuple[Line, Line] = [(f" {left}", "warn" if fault else "key")], [(right + " ", "dim")]
        self.foot.fill(lambda cells: spread(*ends, cells))

    def _show_head(self) -> None:
        self.head.fill(lambda _: header_line(self.list.columns, active=self._active))
