"""The line after `:` in Try: settings of the answers, with completion and hints. Pure."""

from collections.abc import Callable
from typing import Any

from fttui.text import nearest
from fttui.ui.cockpit.command_line import CommandError
from fttui.ui.render.hints import Hint


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise CommandError(f"Give a number from {low:g} to {high:g}.")
        return value

    return read


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else low - 1
        if not low <= value <= high:
            raise CommandError(f"Give a whole number from {low:,} to {high:,}.")
        return value

    return read


SETTINGS: dict[str, tuple[str, str, Callable[[str], Any]]] = {
    "temperature": ("temperature", "X: 0 takes the most probable token, 1 is usual", _number(0, 2)),
    "max-tokens": ("max_tokens", "N: longest answer in tokens", _whole(1, 1_000_000)),
    "top-p": ("top_p", "X: draw from the most probable tokens, which have this share together", _number(0, 1)),
    "seed": ("seed", "N: repeat what is drawn; without N a new draw every time", _whole(0, 2**31 - 1)),
    "system": ("system", "TEXT: system message instead of that of the prompt; without TEXT that of the prompt", str),
}
"""Settings by their word: the member of `Sampling`, what it takes and does, and a function that reads it."""
_MAY_BE_EMPTY = {"seed": None, "top-p": None, "system": ""}
"""Settings that may be removed, with the value that stands for none."""


def parse(line: str) -> dict[str, Any]:
    """Return the changed members of `Sampling` in a line.

    Raises:
        CommandError: the line names no setting, or a wrong value.
    """
    word, _, argument = line.strip().partition(" ")
    argument = argument.strip()
    if word not in SETTINGS:
        near = nearest(word, SETTINGS)
        raise CommandError(f"Unknown setting {word!r}. " + (f"Did you mean {near}?" if near else ", ".join(SETTINGS)))
    member, takes, read = SETTINGS[word]
    if not argument:
        if word not in _MAY_BE_EMPTY:
            raise CommandError(f"{word} {takes}.")
        return {member: _MAY_BE_EMPTY[word]}
    return {member: read(argument)}


def completions(line: str) -> list[str]:
    """Return the words that complete a line."""
    word, space, _ = line.partition(" ")
    return [] if space else [f"{name} " for name in SETTINGS if name.startswith(word)]


def hint(line: str) -> Hint:
    """Return what may come next, or the error in the line."""
    word, space, argument = line.lstrip().partition(" ")
    if not word:
        return Hint("a setting and its value", "temperature 0.7", "  ".join(SETTINGS))
    if word in SETTINGS:
        if argument.strip():
            try:
                parse(line)
            except CommandError as error:
                return Hint(str(error), is_error=True)
        return Hint(f"{word} {SETTINGS[word][1]}")
    found = completions(line.lstrip())
    if space or not found:
        return Hint(f"Unknown setting {word!r}: {', '.join(SETTINGS)}", is_error=True)
    return Hint("  ".join(name.strip() for name in found), more="· tab takes it")
