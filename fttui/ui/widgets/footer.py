"""Footer row: the most useful keys of the active pane, or the hint of a text input. Unavailable commands are grey."""

from collections.abc import Callable, Mapping, Sequence

from fttui.commands import Command, footer_entries
from fttui.text import width
from fttui.ui.render.rows import Line, Span
from fttui.ui.widgets.line_view import TextRow


class Footer(TextRow):
    """Footer entries, as many as fit, the most useful first. Help and quit are always shown."""

    def __init__(
        self,
        commands: tuple[Command, ...],
        refusal: Callable[[Command], str],
        pane: Callable[[], str],
        words: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """
        Args:
            refusal: returns the reason why a command is unavailable, empty when it is available.
            pane: returns the active pane.
            words: returns the words of commands that do something else at the moment, by their ids.
        """
        super().__init__(id="footer")
        self._pane = pane
        self._commands = commands
        self._refusal = refusal
        self._words = words
        self._hint: Callable[[int], Line] | None = None

    def show_hint(self, build: Callable[[int], Line] | None) -> None:
        """Show a row built for a width instead of the keys, which have no effect while text is typed; None ends it."""
        if build is not None or self._hint is not None:
            self._hint = build
            self.update_entries()

    def update_entries(self) -> None:
        """Redraw the entries for the active pane and the availability of its commands."""
        if self._hint is not None:
            self.fill(self._hint)
            return
        now = self._words()
        found = footer_entries(self._commands, self._pane())
        entries = [(command, keys, now.get(command.id, word)) for command, keys, word in found]
        self.fill(lambda cells: footer_line(entries, cells, lambda command: not self._refusal(command)))


def footer_line(
    entries: Sequence[tuple[Command, str, str]], cells: int, usable: Callable[[Command], bool]
) -> list[Span]:
    """Build the footer for a width of `cells`."""
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
