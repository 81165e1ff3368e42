"""Detail pane: the lines of one job, which scroll and can be searched."""

from collections.abc import Callable, Sequence
from itertools import zip_longest

from textual.message import Message

from fttui.ui.render.rows import Line
from fttui.ui.render.search_text import contains, marked
from fttui.ui.widgets.line_view import LineView


class DetailView(LineView):
    """Scrollable, searchable lines of one job."""

    class Resized(Message):
        """The width changed, so the lines must be built again."""

    def __init__(self) -> None:
        super().__init__(id="detail")
        self._lines: Sequence[Line] = ()
        self.search = ""
        """Highlighted search text, empty for none."""
        self._match: int | None = None
        self._width = 0

    def on_resize(self) -> None:
        if self.size.width != self._width:
            self._width = self.size.width
            self.post_message(self.Resized())

    def search_for(self, text: str) -> None:
        """Search for `text` and highlight every match."""
        self.search, self._match = text, None
        self.lines_changed()

    def search_start(self) -> Callable[[], None]:
        """Return a function without effect: each search starts at the first visible line."""
        return lambda: None

    @property
    def matches(self) -> int:
        """Number of lines in which the search occurs."""
        return len(self._matching_lines())

    def _matching_lines(self) -> list[int]:
        if not self.search:
            return []
        texts = ("".join(text for text, _ in line) for line in self._lines)
        return [index for index, text in enumerate(texts) if contains(text, self.search)]

    def go_to_match(self, step: int) -> bool:
        """Scroll to the next match (1), the previous (-1) or the nearest (0). Return False without a match."""
        found = self._matching_lines()
        if not found:
            return False
        start = self._match if self._match is not None and step else self.scroll_offset.y - (step >= 0)
        if step < 0:
            target = next((index for index in reversed(found) if index < start), found[-1])
        else:
            target = next((index for index in found if index > start), found[0])
        previous, self._match = self._match, target
        if not self.scroll_offset.y <= target < self.scroll_offset.y + self.page_height:
            self.scroll_to_line(target - self.page_height // 2)
        for index in (previous, target):
            if index is not None:
                self.redraw(index)
        return True

    @property
    def match_number(self) -> int:
        """Number of the current match, counted from 1. 0 for none."""
        lines = self._matching_lines()
        return lines.index(self._match) + 1 if self._match in lines else 0

    def is_cursor(self, index: int) -> bool:
        return index == self._match

    def show(self, lines: Sequence[Line], *, top: bool) -> None:
        """Replace the lines. `top` scrolls to the first line, for a different job."""
        if top:
            self.scroll_to_line(0)
        changed = [index for index, (old, new) in enumerate(zip_longest(self._lines, lines)) if old != new]
        self._lines = lines
        self.fit_scroll_range()
        self.redraw(*changed)

    def line_count(self) -> int:
        return len(self._lines)

    def line_at(self, index: int) -> Line:
        return marked(self._lines[index], self.search)
