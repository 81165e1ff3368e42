"""The help: all commands by group, with a search. Enter runs a row, f1 shows its page."""

from collections.abc import Callable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from fttui.commands import HERE
from fttui.ui.cockpit.help_items import HelpItem, item_lines, matches, no_match
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span, rule_line
from fttui.ui.terminal.screen_events import ScreenEvents
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import TextRow

FOOT = " ↑ ↓ choose · enter runs · f1 more about it · esc leaves"


class HelpList(LineList):
    """List of items under the titles of their sections. An item may have several lines."""

    def __init__(self) -> None:
        super().__init__(id="entries")
        self._lines: dict[str, Line] = {}
        self._item_of: dict[str, int] = {}
        """Index of the item by the key of a line; titles of sections have none."""
        self._starts: list[int] = []
        """Line at which each item begins."""

    def show_items(self, items: Sequence[HelpItem], cells: int, *, has_sections: bool) -> None:
        """Replace the items.

        Args:
            has_sections: show the title of each section above its items, else at the right end of each item.
        """
        self._lines, self._item_of, self._starts, section = {}, {}, [], ""
        for number, item in enumerate(items):
            if has_sections and item.section != section:
                section = item.section
                self._lines[f"\n{section}"] = [(f" {section.upper()}", "head")]
            self._starts.append(len(self._lines))
            for index, line in enumerate(item_lines(item, cells, shows_section=not has_sections)):
                key = f"{item.key}\n{index}" if index else item.key
                self._lines[key] = line
                self._item_of[key] = number
        self.show_keys(list(self._lines))
        if self._starts and self.current is None:
            self.choose(0)

    @property
    def current(self) -> int | None:
        """Index of the item under the cursor."""
        return self._item_of.get(self.cursor or "")

    def choose(self, number: int) -> None:
        """Move the cursor to an item, and scroll all of its lines into view."""
        if not self._starts:
            return
        number = max(0, min(number, len(self._starts) - 1))
        start = self._starts[number]
        end = self._starts[number + 1] if number + 1 < len(self._starts) else len(self._keys)
        while end > start + 1 and self._item_of.get(self._keys[end - 1]) != number:
            end -= 1
        self.move_to(start)
        if end - self.scroll_offset.y > self.page_height:
            self.scroll_to_line(end - self.page_height)
        elif number == 0:
            self.scroll_to_line(0)
        self.refresh()

    def choose_by(self, items: int) -> None:
        self.choose((self.current or 0) + items)

    def is_cursor(self, index: int) -> bool:
        return self.current is not None and self._item_of.get(self._keys[index]) == self.current

    def line_at(self, index: int) -> Line:
        line = self._lines[self._keys[index]]
        if index == self._cursor and self._keys[index] in self._item_of:
            (text, role), *rest = line
            return [(">" + text[1:], role), *rest]
        return line

    def on_click(self, event: events.Click) -> None:
        index = event.y + self.scroll_offset.y
        if index < len(self._keys) and (number := self._item_of.get(self._keys[index])) is not None:
            event.stop()
            self.choose(number)


class HelpScreen(ScreenEvents, ModalScreen[str | None]):
    """Modal help. The result is the key of the item to run, or None."""

    AUTO_FOCUS = None
    DEFAULT_CSS = "HelpScreen { align: left top; background: $background; }"

    def __init__(
        self,
        pane: str,
        browsed: Sequence[HelpItem],
        searched: Sequence[HelpItem],
        glyphs: Glyphs,
        open_page: Callable[[str], object],
    ) -> None:
        """
        Args:
            pane: pane that the help is about.
            browsed: items without a search, in sections.
            searched: items that a search looks at.
            open_page: shows the page of an item over the help.
        """
        super().__init__()
        self._pane = pane
        self._browsed = browsed
        self._searched = searched
        self._shown: Sequence[HelpItem] = browsed
        self._glyphs = glyphs
        self._open_page = open_page
        self._text = ""
        self._note = ""
        self.entries = HelpList()

    def compose(self) -> ComposeResult:
        yield TextRow(id="pick-title")
        yield self.entries
        yield TextRow(id="pick-foot")

    def on_mount(self) -> None:
        self._show()

    def on_resize(self) -> None:
        self._show()

    def show_note(self, text: str) -> None:
        """Show a note in the last row until the next key."""
        self._note = text
        self._show()

    def _show(self) -> None:
        self._shown = matches(self._searched, self._text) if self._text else self._browsed
        count = f"{len(self._shown) if self._text else len(HERE[self._pane])} of {len(self._searched)}"
        right = count if self._text else f"in {self._pane.capitalize()}: {count}"
        title: list[Span] = [("Help", "title"), (" ", ""), (self._text, "key"), (" ", "caret")]
        title += [] if self._text else [(" type to search", "dim")]
        self.query_one("#pick-title", TextRow).fill(lambda cells: rule_line(cells, title, right, self._glyphs))
        self.entries.show_items(self._shown, self.size.width, has_sections=not self._text)
        note = self._note or ("" if self._shown else no_match(self._searched, self._text))
        self.query_one("#pick-foot", TextRow).show([(f" {note}" if note else FOOT, "warn" if note else "dim")])

    def _search(self, text: str) -> None:
        self._text = text
        self._show()
        self.entries.choose(0)

    @property
    def _item(self) -> HelpItem | None:
        current = self.entries.current
        return self._shown[current] if current is not None and current < len(self._shown) else None

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self._note:
            self.show_note("")
        page = max(1, self.entries.page_height // 2)
        steps = {"down": 1, "up": -1, "pagedown": page, "pageup": -page, "home": -(10**6), "end": 10**6}
        match event.key:
            case "escape" if self._text:
                self._search("")
            case "escape" | "ctrl+c":
                self.dismiss(None)
            case "question_mark" if not self._text:
                self.dismiss(None)
            case "enter" if self._item is not None:
                self._run(self._item)
            case "f1" if self._item is not None:
                self._open_page(self._item.key)
            case key if key in steps:
                self.entries.choose_by(steps[key])
            case "backspace":
                self._search(self._text[:-1])
            case "ctrl+u":
                self._search("")
            case _ if event.character and event.is_printable:
                self._search(self._text + event.character)

    def _run(self, item: HelpItem) -> None:
        if item.section == "Topics":
            self._open_page(item.key)
        else:
            self.dismiss(item.key)
