"""Widgets of the Try screen: lines that repaint only where they changed."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from fttui.ui.render.rows import Line
from fttui.ui.widgets.line_view import LineView, TextRow


class TextView(LineView):
    """Lines of text. New lines repaint those that differ, so that an answer costs its own bytes."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()

    def show_lines(self, lines: Sequence[Line], *, follow: bool = False) -> None:
        """Replace the lines.

        Args:
            follow: keep the end in view, unless the user has scrolled away from it.
        """
        before, self._lines = self._lines, lines
        at_end = self.scroll_offset.y >= self.max_scroll_y
        most = max(len(before), len(lines))
        changed = [
            index
            for index in range(most)
            if index >= len(before) or index >= len(lines) or before[index] != lines[index]
        ]
        if not changed:
            return
        self.fit_scroll_range()
        self.redraw(*changed)
        if follow and at_end and len(lines) > self.page_height:
            self.scroll_to_line(len(lines) - self.page_height)
        elif not follow and before[:1] != lines[:1]:
            self.scroll_to_line(0)

    def line_count(self) -> int:
        return len(self._lines)

    def line_at(self, index: int) -> Line:
        return self._lines[index]


class TitledText(Vertical):
    """Text under a title."""

    DEFAULT_CSS = "TitledText { height: auto; width: 1fr; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.title_row = TextRow(id=f"{id}-title")
        self.view = TextView(id=f"{id}-text")

    def compose(self) -> ComposeResult:
        yield self.title_row
        yield self.view

    def place(self, rows: int | None, *, shown: bool = True) -> None:
        """Set the rows of the text; None takes the rest."""
        self.display = shown
        self.styles.height = "1fr" if rows is None else rows + 1
