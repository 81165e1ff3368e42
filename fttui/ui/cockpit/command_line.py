"""The `:` line: commands by their id or a short word, some with an argument. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fttui.commands import BY_ID, COMMANDS
from fttui.ui.cockpit.list_view import SORTS
from fttui.ui.render.rows import BY_NAME, is_column


class ParsedLine(NamedTuple):
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
    "profile": "NAME: look at another service",
    "interval": "SECONDS: the pause between two polls while a job is live, at least 2",
    "export": "[csv|json|jsonl|log] [PATH]: write the pane to a file",
    "w": "remember what narrows the list, for the next start",
}
"""Words that take an argument, and what it is."""

_BARE = ("watch", "w")


def word_table() -> str:
    """The words and what they take as a Markdown table for docs/keys.md."""
    rows = [f"| `:{word}` | {_cell(takes)} |" for word, takes in WORDS.items()]
    return "\n".join(["| line | does |", "| --- | --- |", *rows])


def _cell(takes: str) -> str:
    argument, colon, does = takes.partition(": ")
    return f"`{argument}` {does}".replace("|", "\\|") if colon else takes


SHORT = {
    "q": "quit",
    "quit": "quit",
    "cancel": "job.cancel",
    "create": "job.create",
    "clone": "job.clone",
    "r": "refresh",
}


class CommandError(ValueError):
    """The line cannot be done; the message says why."""


def parse(line: str) -> ParsedLine:
    """Read a line.

    Raises:
        CommandError: no command is called that.
    """
    word, _, argument = line.strip().partition(" ")
    # `profile` and `export` alone are the commands of that id, which ask.
    if word in WORDS and (argument.strip() or word not in BY_ID):
        return ParsedLine(word=word, argument=argument.strip())
    id = SHORT.get(word, word)
    if id in BY_ID:
        if argument.strip():
            raise CommandError(f"{word} takes no argument")
        return ParsedLine(id=id)
    near = completions(word, {})
    raise CommandError(f"no command is called {word!r}" + (f"; did you mean {near[0]}?" if near else ""))


def completions(line: str, known: Mapping[str, Iterable[str]]) -> list[str]:
    """Whole lines that `line` may become. `known` are the values that a word may take (`goto`, `theme`, `profile`)."""
    word, space, argument = line.lstrip().partition(" ")
    argument = argument.lstrip()
    if not space:
        names = [*WORDS, *SHORT, *(command.id for command in COMMANDS)]
        starts = [name for name in dict.fromkeys(names) if name.startswith(word)]
        inside = [name for name in dict.fromkeys(names) if len(word) > 1 and word in name and name not in starts]
        return [name + (" " if name in WORDS and name not in _BARE else "") for name in (*starts, *inside)]
    found: Iterable[str] = ()
    if word == "columns":
        start, _, last = argument.rpartition(",")
        head = start + "," if start else ""
        found = (head + name for name in BY_NAME if name.startswith(last) and name not in start.split(","))
    elif word == "sort":
        found = (field for field in SORTS if field.startswith(argument))
    elif word == "goto":
        ids = known.get("goto", ())
        found = (id for id in ids if argument in id)
    else:
        found = (name for name in known.get(word, ()) if name.startswith(argument))
    return [f"{word} {value}" for value in found]


def unknown_name(kind: str, name: str, names: Iterable[str], otherwise: str) -> str:
    """That there is nothing called so, and what is; `otherwise` where the name itself is right or nothing is near."""
    from difflib import get_close_matches

    names = list(names)
    if name in names:
        return otherwise
    near = get_close_matches(name, names, 1)
    return f"no {kind} is called {name!r}; " + (f"did you mean {near[0]}?" if near else otherwise)


def columns_of(argument: str) -> tuple[str, ...]:
    """The names of `id,model:30,loss`, each with its width where one was given.

    Raises:
        CommandError: there is no such column, it is named twice, or its width is none.
    """
    wanted = tuple(filter(None, (name.strip() for name in argument.split(","))))
    for name in wanted:
        if not is_column(name):
            raise CommandError(
                unknown_name("column", name.partition(":")[0], BY_NAME, "a width is 3 to 80 cells: model:30")
            )
    if len({name.partition(":")[0] for name in wanted}) < len(wanted):
        raise CommandError("each column once")
    return wanted


def sort_of(argument: str) -> tuple[str, bool]:
    """Field and direction of `loss desc`.

    Raises:
        CommandError: there is no such column, or no such direction.
    """
    field, _, direction = argument.partition(" ")
    if field not in SORTS:
        raise CommandError(unknown_name("column", field, SORTS, "tab completes it"))
    if direction.strip() not in ("", "asc", "desc"):
        raise CommandError("after the column only asc or desc")
    return field, direction.strip() == "desc"


def seconds_of(argument: str) -> float:
    """Seconds between two polls.

    Raises:
        CommandError: it is no number of 2 to 3600.
    """
    try:
        seconds = float(argument)
    except ValueError:
        seconds = 0.0
    if not 2 <= seconds <= 3600:
        raise CommandError("interval: seconds, 2 to 3600")
    return seconds
