"""The command line: reads a line after `:` and runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from fttui.ui.cockpit import command_hints, command_line
from fttui.ui.cockpit.command_line import CommandError
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.render.hints import Hint
from fttui.ui.widgets.prompt import PromptRow
from fttui.ui.widgets.text_input import MOST_HISTORY, Assistance

WordHandler = Callable[[str], None]
"""Runs a word of the command line with its argument. It raises `CommandError` for a bad argument."""


class CommandLineController:
    """Reads lines with completion and history. Controllers supply the handlers of the words."""

    def __init__(
        self,
        prompt: PromptRow,
        run_command: Callable[[str], Awaitable[None]],
        words: Mapping[str, WordHandler],
        values: Mapping[str, Callable[[], Iterable[str]]],
        filter_assistance: Assistance,
        open_help: Callable[[], object],
        call_later: Callable[..., object],
    ) -> None:
        """
        Args:
            run_command: runs a command by its id.
            words: handlers of the words in `command_line.WORDS`.
            values: return the values that a word can take, by word.
            filter_assistance: helps with the argument of `:filter`.
            call_later: calls a function after the current key.
        """
        self._prompt = prompt
        self._run_command = run_command
        self._words = words
        self._values = values
        self._filter = filter_assistance
        self._open_help = open_help
        self._call_later = call_later
        self._history: list[str] = []

    @property
    def handlers(self) -> Handlers:
        return {"command": self.open}

    def open(self, line: str = "") -> None:
        """Let the user type a line, which begins with `line`."""

        def done(line: str, accepted: bool) -> None:
            if accepted and line.strip():
                self._history[:] = [*(old for old in self._history if old != line), line][-MOST_HISTORY:]
                self._call_later(self.run, line)

        assistance = Assistance(self._completions, self._hint, history=self._history, help=self._open_help)
        self._prompt.read_text(":", line, lambda _: None, done, assistance)

    async def run(self, line: str) -> None:
        """Run a line, and show an error in the prompt row."""
        try:
            parsed = command_line.parse(line)
            if parsed.id:
                await self._run_command(parsed.id)
            else:
                self._words[parsed.word](parsed.argument)
        except CommandError as error:
            self._prompt.show_message(str(error), "warn")

    def _completions(self, line: str) -> list[str]:
        word, space, argument = line.lstrip().partition(" ")
        if space and word == "filter":
            return [f"filter {text}" for text in self._filter.complete(argument)]
        return command_line.completions(line, self._values_of(line))

    def _hint(self, line: str) -> Hint | None:
        word, space, argument = line.lstrip().partition(" ")
        if space and word == "filter":
            return self._filter.hint(argument)
        return command_hints.hint(line, self._values_of(line))

    def _values_of(self, line: str) -> dict[str, list[str]]:
        """Return the values that the word of a line can take."""
        word, space, _ = line.lstrip().partition(" ")
        return {word: list(self._values[word]())} if space and word in self._values else {}
