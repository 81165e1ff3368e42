"""The keys that matter most here, and which of them would be refused now."""

from collections.abc import Callable, Sequence

from fttui.commands import Command, footer_entries
from fttui.text import width
from fttui.ui.render.rows import Span
from fttui.ui.widgets.line_view import TextRow


class Footer(TextRow):
    """As many entries as fit, the most useful first; help and quit always."""

    def __init__(
        self, commands: tuple[Command, ...], refusal: Callable[[Command], str], pane: Callable[[], str]
    ) -> None:
        """
        Args:
            pane: which one has the keys.
        """
        super().__init__(id="footer")
        self._pane = pane
        self._commands = commands
        self._refusal = refusal

    def update_entries(self) -> None:
        """Show the entries, greyed where the command would be refused now."""
        entries = footer_entries(self._commands, self._pane())
        self.fill(lambda cells: footer_line(entries, cells, lambda command: not self._refusal(command)))


def footer_line(
    entries: Sequence[tuple[Command, str, str]], cells: int, usable: Callable[[Command], bool]
) -> list[Span]:
    """The footer at a width of `cells`."""
    fixed = {"help", "quit"}
    room = cells - 1
    kept = []
    for command, keys, word in sorted(entries, key=lambda entry: entry[0].id not in fixed):
        needed = width(f"{keys} {word}  ")
        if needed <= room + 2:
            kept.append(command.id)
            room -= needed
    spans: list[Span] = [(" ", "")]
    for command, keys, word in entries:
        if command.id in kept:
            if len(spans) > 1:
                spans.append(("  ", ""))
            on = usable(command)
            spans += [(keys, "key" if on else "off"), (f" {word}", "" if on else "off")]
    return spans
