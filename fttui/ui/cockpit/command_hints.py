"""Hints of the command line: commands, their arguments and errors in them. Pure."""

from collections.abc import Callable, Iterable, Mapping

from fttui.commands import BY_ID
from fttui.ui.cockpit.command_line import (
    SHORT,
    WORDS,
    CommandError,
    columns_of,
    completions,
    parse,
    seconds_of,
    sort_of,
    unknown_name,
)
from fttui.ui.render.hints import Hint

START = Hint("a command and its argument", "sort loss desc", "tab commands  f1 more")
"""Hint of the empty line."""
MOST_SHOWN = 12
"""Completions in one hint."""

_CHECKS: Mapping[str, Callable[[str], object]] = {"sort": sort_of, "columns": columns_of, "interval": seconds_of}


def hint(line: str, values: Mapping[str, Iterable[str]]) -> Hint:
    """Return the hint for a line: what may come next, or the error in it.

    Args:
        values: values that a word can take, by word.
    """
    word, space, argument = line.lstrip().partition(" ")
    argument = argument.strip()
    if not word:
        return START
    found = completions(line, values)
    try:
        if not (word in WORDS or SHORT.get(word, word) in BY_ID):
            if space or not found:
                parse(line)
            return _proposals(found, "")
        if argument and not found:
            _check(word, argument, values)
            parse(line)
    except CommandError as error:
        return Hint(str(error), is_error=True)
    takes, _, does = WORDS[word].rpartition(": ") if word in WORDS else ("", "", BY_ID[SHORT.get(word, word)].title)
    if space and found and found != [line]:
        return _proposals(found, takes)
    return Hint(f"{f'{word} {takes}'.strip()}: {does}")


def _proposals(found: list[str], takes: str) -> Hint:
    shown = "  ".join(_last_part(line) for line in found[:MOST_SHOWN])
    return Hint(f"{takes}: {shown}" if takes else shown, more="· tab takes it")


def _last_part(line: str) -> str:
    """Return what a completed line ends with: its last argument, or its word."""
    word, _, argument = line.strip().partition(" ")
    if word == "columns":
        argument = argument.rpartition(",")[2]
    elif word == "sort":
        argument = argument.rpartition(" ")[2]
    return argument or word


def _check(word: str, argument: str, values: Mapping[str, Iterable[str]]) -> None:
    """Check an argument that nothing completes.

    Raises:
        CommandError: the command does not take it.
    """
    if check := _CHECKS.get(word):
        check(argument)
    elif word in ("theme", "profile") and (known := list(values.get(word, ()))) and argument not in known:
        raise CommandError(unknown_name(word, argument, known))
