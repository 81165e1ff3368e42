"""The keys, from the one command table: type to find one, enter does it."""

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from fttui.text import pad
from fttui.ui.commands import COMMANDS, Command
from fttui.ui.glyphs import Glyphs
from fttui.ui.rows import Line
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import TextRow


def matching(text: str) -> list[Command]:
    """The commands in which every word of `text` occurs: in the keys, the title or the id."""
    words = text.lower().split()
    return [
        command
        for command in COMMANDS
        if all(word in f"{command.shown} {command.title} {command.id} {command.group}".lower() for word in words)
    ]


class CommandList(LineList):
    """One line a command."""

    def __init__(self) -> None:
        super().__init__(id="commands")
        self._commands: dict[str, Command] = {}

    def show_commands(self, commands: Sequence[Command]) -> None:
        self._commands = {command.id: command for command in commands}
        self.show_keys(list(self._commands))

    def line_at(self, index: int) -> Line:
        command = self._commands[self._keys[index]]
        twin = f"  fttui {command.twin}" if command.twin and self.size.width >= 100 else ""
        return [
            (f" {pad(command.shown, 11)}", "key"),
            (pad(command.title, 44), ""),
            (pad(command.id, 18), "dim"),
            (twin, "dim"),
        ]


class HelpScreen(ModalScreen[str | None]):
    """Returns the id of the command to run, or None."""

    AUTO_FOCUS = None
    DEFAULT_CSS = """
    HelpScreen { align: left top; }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._text = ""
        self.commands = CommandList()

    def compose(self) -> ComposeResult:
        yield TextRow(id="help-title")
        yield self.commands
        yield TextRow(id="help-foot")

    def on_mount(self) -> None:
        self.query_one("#help-foot", TextRow).show([(" type to find · enter does it · esc or q leaves", "dim")])
        self._show()

    def _show(self) -> None:
        found = matching(self._text)
        title: Line = [(" Keys", "title"), (f"  {self._text}", "key") if self._text else ("", "")]
        self.query_one("#help-title", TextRow).show(title)
        self.commands.show_commands(found)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        match event.key:
            case "escape" if self._text:
                self._text = ""
            case "escape" | "ctrl+c" | "f1":
                self.dismiss(None)
                return
            case "q" | "question_mark" if not self._text:
                self.dismiss(None)
                return
            case "enter":
                self.dismiss(self.commands.cursor)
                return
            case "down":
                self.commands.move_by(1)
            case "up":
                self.commands.move_by(-1)
            case "pagedown":
                self.commands.move_by(self.commands.page_height)
            case "pageup":
                self.commands.move_by(-self.commands.page_height)
            case "home":
                self.commands.move_by(-len(COMMANDS))
            case "end":
                self.commands.move_by(len(COMMANDS))
            case "backspace":
                self._text = self._text[:-1]
            case _ if event.character and event.is_printable:
                self._text += event.character
        self._show()
