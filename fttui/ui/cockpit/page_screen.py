"""A page of text over the other screens: a help topic, or what the help says about one command."""

from collections.abc import Callable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, rule_line
from fttui.ui.terminal.screen_events import ScreenEvents
from fttui.ui.widgets.line_view import LineView, TextRow

FOOT = " j k scroll · esc closes"
Build = Callable[[int], Sequence[Line]]
"""Builds the lines of a page for a width."""


class PageView(LineView):
    """Lines of a page."""

    def __init__(self, build: Build) -> None:
        super().__init__(id="page")
        self._build = build
        self._lines: Sequence[Line] = ()

    def on_resize(self) -> None:
        self._lines = self._build(max(20, self.size.width - 1))
        self.lines_changed()

    def line_count(self) -> int:
        return len(self._lines)

    def line_at(self, index: int) -> Line:
        return self._lines[index]


class PageScreen(ScreenEvents, ModalScreen[None]):
    """Modal page that scrolls."""

    AUTO_FOCUS = None
    DEFAULT_CSS = "PageScreen { align: left top; background: $background; }"

    def __init__(self, title: str, build: Build, glyphs: Glyphs) -> None:
        super().__init__()
        self._heading = title
        self._glyphs = glyphs
        self.view = PageView(build)

    def compose(self) -> ComposeResult:
        yield TextRow(id="pick-title")
        yield self.view
        yield TextRow(id="pick-foot")

    def on_mount(self) -> None:
        title: Line = [("Help", "title"), (f" {self._glyphs.dot} {self._heading}", "")]
        self.query_one("#pick-title", TextRow).fill(lambda cells: rule_line(cells, title, "", self._glyphs))
        self.show_note("")

    def show_note(self, text: str) -> None:
        """Show a note in the last row until the next key."""
        self.query_one("#pick-foot", TextRow).show([(f" {text}" if text else FOOT, "warn" if text else "dim")])

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.show_note("")
        page = self.view.page_height
        match event.key:
            case "escape" | "q" | "f1" | "enter" | "ctrl+c" | "question_mark":
                self.dismiss(None)
            case "j" | "down":
                self.view.scroll_lines(1)
            case "k" | "up":
                self.view.scroll_lines(-1)
            case "pagedown" | "space" | "ctrl+d":
                self.view.scroll_lines(page)
            case "pageup" | "ctrl+u":
                self.view.scroll_lines(-page)
            case "g" | "home":
                self.view.scroll_lines(-self.view.line_count())
            case "G" | "end":
                self.view.scroll_lines(self.view.line_count())
