"""The `:` line: commands by their id or a short word, some with an argument. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from fttui.ui.commands import BY_ID, COMMANDS
from fttui.ui.rows import BY_NAME
from fttui.ui.view import SORTS


class Order(NamedTuple):
    """What a line asks for: a command of the table by its id, or a word that takes an argument."""

    id: str = ""
    word: str = ""
    argument: str = ""


WORDS: dict[str, str] = {
    "filter": "TEXT: narrow the list; without TEXT show all",
    "sort": "FIELD [desc]: order the list",
    "columns": "NAME,NAME…: only these columns, in this order; without names the usual ones",
    "goto": "ID: put the cursor on a job, by its id or its end",
    "watch": "tell when the marked jobs, or this one, have ended",
    "theme": "NAME: other colours",
}
"""Words that take an argument, and what it is."""

SHORT = {
    "q": "quit",
    "quit": "quit",
    "cancel": "job.cancel",
    "create": "job.create",
    "clone": "job.clone",
    "r": "refresh",
}


class OrderError(ValueError):
    """The line cannot be done; the message says why."""


def parse(line: str) -> Order:
    """Read a line.

    Raises:
        OrderError: no command is called that.
    """
    word, _, argument = line.strip().partition(" ")
    if word in WORDS:
        return Order(word=word, argument=argument.strip())
    id = SHORT.get(word, word)
    if id in BY_ID:
        if argument.strip():
            raise OrderError(f"{word} takes no argument")
        return Order(id=id)
    near = completions(word, ())
    raise OrderError(f"no command is called {word!r}" + (f"; did you mean {near[0]}?" if near else ""))


def completions(line: str, ids: Iterable[str], themes: Iterable[str] = ()) -> list[str]:
    """Whole lines that `line` may become. `ids` are the jobs that are listed."""
    word, space, argument = line.lstrip().partition(" ")
    if not space:
        names = [*WORDS, *SHORT, *(command.id for command in COMMANDS)]
        starts = [name for name in dict.fromkeys(names) if name.startswith(word)]
        inside = [name for name in dict.fromkeys(names) if len(word) > 1 and word in name and name not in starts]
        return [name + (" " if name in WORDS and name != "watch" else "") for name in (*starts, *inside)]
    found: Iterable[str] = ()
    if word == "columns":
        start, _, last = argument.rpartition(",")
        head = start + "," if start else ""
        found = (head + name for name in BY_NAME if name.startswith(last) and name not in start.split(","))
    elif word == "sort":
        found = (field for field in SORTS if field.startswith(argument))
    elif word == "goto":
        found = (id for id in ids if id.startswith(argument) or (argument and id.endswith(argument)))
    elif word == "theme":
        found = (name for name in themes if name.startswith(argument))
    return [f"{word} {value}" for value in found]


def columns_of(argument: str) -> tuple[str, ...]:
    """The names of `id,model,loss`.

    Raises:
        OrderError: there is no such column, or it is named twice.
    """
    names = tuple(filter(None, (name.strip() for name in argument.split(","))))
    for name in names:
        if name not in BY_NAME:
            raise OrderError(f"columns: {', '.join(BY_NAME)}")
    if len(set(names)) < len(names):
        raise OrderError("each column once")
    return names


def sort_of(argument: str) -> tuple[str, bool]:
    """Field and direction of `loss desc`.

    Raises:
        OrderError: there is no such column, or no such direction.
    """
    field, _, direction = argument.partition(" ")
    if field not in SORTS:
        raise OrderError(f"sort by one of: {', '.join(SORTS)}")
    if direction.strip() not in ("", "asc", "desc"):
        raise OrderError("after the column only asc or desc")
    return field, direction.strip() == "desc"
