"""Picker: a filterable list of commands, profiles or errors. Typing filters, enter picks."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from fttui.text import width
from fttui.ui.render.rows import Line
from fttui.ui.terminal.screen_events import ScreenEvents
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import TextRow

SEPARATOR = " · "
"""Between the parts of the last row."""


class Entry(NamedTuple):
    """Line of the picker. `search_text` is the text that the filter searches."""

    key: str
    line: Line
    search_text: str


def matching(entries: Iterable[Entry], text: str) -> list[Entry]:
    """Return the entries that contain every word of `text`."""
    words = text.lower().split()
    return [entry for entry in entries if all(word in entry.search_text.lower() for word in words)]


class EntryList(LineList):
    """List of the picker, one line for each entry."""

    def __init__(self) -> None:
        super().__init__(id="entries")
        self._entries: dict[str, Entry] = {}

    def show_entries(self, entries: Sequence[Entry]) -> None:
        self._entries = {entry.key: entry for entry in entries}
        self.show_keys(list(self._entries))

    def line_at(self, index: int) -> Line:
        return self._entries[self._keys[index]].line


class PickScreen(ScreenEvents, ModalScreen[str | None]):
    """Modal picker. The result is the key of the picked entry, or None."""

    AUTO_FOCUS = None
    DEFAULT_CSS = "PickScreen { align: left top; background: $background; }"

    def __init__(self, title: str, entries: Sequence[Entry], foot: str, *, empty: str = "") -> None:
        """
        Args:
            foot: text of the last row, the most important part last.
        """
        super().__init__()
        self._heading = title
        self._entries = entries
        self._foot = foot
        self._empty = empty
        self._text = ""
        self.entries = EntryList()

    def compose(self) -> ComposeResult:
        yield TextRow(id="pick-title")
        yield self.entries
        yield TextRow(id="pick-foot")

    def on_mount(self) -> None:
        self.query_one("#pick-foot", TextRow).fill(self._foot_line)
        self._show()

    def _foot_line(self, cells: int) -> Line:
        """Build the last row. Its first parts leave when space is short."""
        parts = self._foot.split(SEPARATOR)
        while len(parts) > 1 and width(SEPARATOR.join(parts)) > cells - 2:
            del parts[0]
        return [(f" {SEPARATOR.join(parts)}", "dim")]

    def show_note(self, text: str) -> None:
        """Show a note in the title until the next key."""
        self._show(text)

    def _show(self, note: str = "") -> None:
        found = matching(self._entries, self._text)
        note = note or ("" if found else self._empty if not self._text else "no match")
        self.query_one("#pick-title", TextRow).show(
            [(f" {self._heading}", "title"), (f"  {self._text}", "key"), (f"  {note}", "dim")]
        )
        self.entries.show_entries(found)

    def on_line_list_moved(self, message: LineList.Moved) -> None:
        message.stop()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        match event.key:
            case "escape" if self._text:
                self._text = ""
            case "escape" | "ctrl+c" | "f1":
                self.dismiss(None)
                return
            case "question_mark" if not self._text:
                self.dismiss(None)
                return
            case "enter":
                self.dismiss(self.entries.cursor)
                return
            case "down":
                self.entries.move_by(1)
            case "up":
                self.entries.move_by(-1)
            case "pagedown":
                self.entries.move_by(self.entries.page_height)
            case "pageup":
                self.entries.move_by(-self.entries.page_height)
            case "home":
                self.entries.move_by(-len(self._entries))
            case "end":
                self.entries.move_by(len(self._entries))
            case "backspace":
                self._text = self._text[:-1]
            case _ if event.character and event.is_printable:
                self._text += event.character
        self._show()
