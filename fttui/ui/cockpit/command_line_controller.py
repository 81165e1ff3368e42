"""The command line: reads a line after `:` and runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from fttui.ui.cockpit import command_line
from fttui.ui.cockpit.command_line import CommandError
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.widgets.prompt import PromptRow

MOST_HINTS = 12
"""Completions shown while the user types."""
MOST_HISTORY = 100
"""Lines kept while the cockpit is open."""

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
        call_later: Callable[..., object],
    ) -> None:
        """
        Args:
            run_command: runs a command by its id.
            words: handlers of the words in `command_line.WORDS`.
            values: return the values that a word can take, by word.
            call_later: calls a function after the current key.
        """
        self._prompt = prompt
        self._run_command = run_command
        self._words = words
        self._values = values
        self._call_later = call_later
        self._history: list[str] = []

    @property
    def handlers(self) -> Handlers:
        return {"command": self.open}

    def open(self, line: str = "") -> None:
        """Let the user type a line, which begins with `line`."""

        def done(line: str, accepted: bool) -> None:
            if accepted and line.strip():
                self._history = [*(old for old in self._history if old != line), line][-MOST_HISTORY:]
                self._call_later(self.run, line)

        complete, history = self._completions, self._history
        self._prompt.read_text(":", line, lambda _: None, done, complete=complete, history=history, hint=self._hint)

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

    def _hint(self, line: str) -> str:
        """Return the completions of a line; without any, the argument of its word."""
        found = self._completions(line) if line else []
        head = line.rpartition(" ")[0]
        words = [text.removeprefix(head).strip() for text in found if text.strip() != line.strip()]
        return "  ".join(words[:MOST_HINTS]) or command_line.WORDS.get(line.partition(" ")[0], "")

    def _completions(self, line: str) -> list[str]:
        word, space, _ = line.lstrip().partition(" ")
        values = self._values[word]() if space and word in self._values else ()
        return command_line.completions(line, {word: values})
