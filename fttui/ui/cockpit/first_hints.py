"""Hints for a new user: one sentence about a key at a time, until the key is used or the hint has been seen. Pure."""

from collections.abc import Iterable

from fttui.commands import Command

HINTS = (
    ("help", "{} lists all keys."),
    ("tab.next", "{} shows the files, the detail and the log."),
    ("mark.toggle", "{} marks jobs, and keys then act on all of them."),
    ("filter.text", "{} filters: try status:run."),
)
"""Command and sentence of each hint, in order."""
STARTS = 3
"""Starts in which a hint is shown at most."""


class FirstHints:
    """The current hint, and the number of starts in which it was shown.

    Attributes:
        step: index in `HINTS`; its length when all have been shown.
        starts: starts in which the current hint was shown.
    """

    def __init__(self, commands: Iterable[Command], step: int = 0, starts: int = 0, *, is_on: bool = True) -> None:
        self._keys = {command.id: command.shown.split()[0] for command in commands}
        self._is_on = is_on
        self._is_counted = False
        self.step, self.starts = max(0, min(step, len(HINTS))), starts
        if self.starts >= STARTS:
            self._go_on()

    @property
    def text(self) -> str:
        """The current hint; empty when there is none."""
        if not self._is_on or self.step >= len(HINTS):
            return ""
        id, sentence = HINTS[self.step]
        return sentence.format(self._keys[id])

    def count_start(self) -> None:
        """Count this start, in which the hint has been shown."""
        if not self._is_counted:
            self._is_counted = True
            self.starts += 1

    def used(self, command_id: str) -> bool:
        """Go on to the next hint if a command is the one of the current hint. Return True if it is."""
        if not self.text or HINTS[self.step][0] != command_id:
            return False
        self._go_on()
        return True

    def switch(self, *, on: bool) -> None:
        """Begin with the first hint again, or show no more hints."""
        self._is_on, self._is_counted = on, False
        self.step, self.starts = 0 if on else len(HINTS), 0

    def _go_on(self) -> None:
        self.step, self.starts, self._is_counted = self.step + 1, 0, False
