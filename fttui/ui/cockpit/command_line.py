"""Parsing and completion of the command line: command ids, and words with an argument. Pure."""

from collections.abc import Iterable, Mapping

from fttui.commands import BY_ID, COMMANDS
from fttui.config.schema import Shared
from fttui.lean_typing import NamedTuple
from fttui.store import query
from fttui.store.filter_terms import QueryError
from fttui.text import nearest
from fttui.ui.cockpit.list_view import SORTS
from fttui.ui.render.columns import BY_NAME, is_column, present_name


class ParsedLine(NamedTuple):
    """Either the id of a command, or a word of `WORDS` with its argument."""

    id: str = ""
    word: str = ""
    argument: str = ""


class CommandError(ValueError):
    """A line that cannot be run. The message gives the reason to the user."""


WORDS: dict[str, str] = {
    "filter": "TEXT: filter the list; without TEXT show all jobs",
    "sort": "FIELD [desc]: sort the list; -FIELD or desc reverses",
    "columns": "NAME,NAME…: show these columns in this order, or the default ones",
    "goto": "NAME: move the cursor to a job, by its suffix, its id or the end of its id",
    "watch": "notify when the marked jobs, or the selected one, end",
    "theme": "NAME: change the theme",
    "profile": "NAME: switch to another profile",
    "runs": "[PATH]: watch runs of other programs below a path, or here",
    "interval": "SECONDS: time between two polls while a job is active, at least 2",
    "try": "[MODEL]: put prompts to a model, or to the newest model of a job",
    "export": "[csv|json|jsonl|log] [PATH]: write the pane to a file",
    "hints": "[on|off]: show or hide the hints about keys",
    "w": "save the filter for the next start",
}
"""Words of the command line: the argument and the effect of each."""
MOST_NAMES = 500
"""Most names of jobs to complete."""
_WITHOUT_ARGUMENT = ("watch", "w")
SHORT = {
    "q": "quit",
    "quit": "quit",
    "cancel": "job.cancel",
    "create": "job.create",
    "clone": "job.clone",
    "r": "refresh",
}
"""Short names of commands, and their ids."""


def word_table() -> str:
    """Return the words as the Markdown table of docs/keys.md."""
    rows = [f"| `:{word}` | {_cell(takes)} |" for word, takes in WORDS.items()]
    return "\n".join(["| line | does |", "| --- | --- |", *rows])


def _cell(takes: str) -> str:
    argument, colon, does = takes.partition(": ")
    return f"`{argument}` {does}".replace("|", "\\|") if colon else takes


def parse(line: str) -> ParsedLine:
    """Parse a line.

    Raises:
        CommandError: the line names no command, or has an argument that its command does not take.
    """
    word, _, argument = line.strip().partition(" ")
    # Without an argument, `profile` and `export` are the commands with these ids, which ask the user.
    if word in WORDS and (argument.strip() or word not in BY_ID):
        return ParsedLine(word=word, argument=argument.strip())
    id = SHORT.get(word, word)
    if id in BY_ID:
        if argument.strip():
            raise CommandError(f"{word} takes no argument.")
        return ParsedLine(id=id)
    near = completions(word, {})
    raise CommandError(f"Unknown command {word!r}." + (f" Did you mean {near[0]}?" if near else ""))


def completions(line: str, values: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the whole lines that complete `line`.

    Args:
        values: values that a word can take, by word (`goto`, `theme`, `profile`, `filter`).
    """
    word, space, argument = line.lstrip().partition(" ")
    argument = argument.lstrip()
    if not space:
        return _word_completions(word)
    found: Iterable[str] = ()
    if word == "columns":
        start, _, last = argument.rpartition(",")
        head = start + "," if start else ""
        found = (head + name for name in BY_NAME if name.startswith(last) and name not in start.split(","))
    elif word == "sort":
        column, after, direction = argument.partition(" ")
        directions = [f"{column} {each}" for each in ("desc", "asc") if each.startswith(direction.strip())]
        sign = "-" if argument.startswith("-") else ""
        fields = (sign + field for field in SORTS if field.startswith(argument.removeprefix("-")))
        found = directions if after and column in SORTS else fields
    elif word == "hints":
        found = (each for each in ("off", "on") if each.startswith(argument))
    elif word == "export":
        found = (f"{format} " for format in ("csv", "json", "jsonl", "log") if format.startswith(argument))
    elif word == "goto":
        wanted = argument.lstrip(".…")
        names = [name for name in values.get("goto", ()) if wanted in name]
        found = sorted(names, key=lambda name: not name.startswith(wanted))[:MOST_NAMES]
    else:
        found = (name for name in values.get(word, ()) if name.startswith(argument))
    return [f"{word} {value}" for value in found]


def _word_completions(word: str) -> list[str]:
    """Return the words and command ids that begin with `word`, then those that contain it."""
    names = list(dict.fromkeys([*WORDS, *SHORT, *(command.id for command in COMMANDS)]))
    starts = [name for name in names if name.startswith(word)]
    inside = [name for name in names if len(word) > 1 and word in name and name not in starts]
    return [name + (" " if name in WORDS and name not in _WITHOUT_ARGUMENT else "") for name in (*starts, *inside)]


def unknown_name(kind: str, name: str, names: Iterable[str]) -> str:
    """Return the message for an unknown name, with the nearest known one, or for a missing one."""
    if not name:
        return f"No {kind} is named. Press tab to complete names."
    near = nearest(name, names)
    return f"Unknown {kind} {name!r}. " + (f"Did you mean {near}?" if near else "Press tab to complete names.")


def columns_of(argument: str) -> tuple[str, ...]:
    """Return the column names of `id,model:30,loss`, with the width of those that have one.

    Raises:
        CommandError: a column is unknown or named twice, or a width is out of range.
    """
    wanted = tuple(present_name(name.strip()) for name in argument.split(",") if name.strip())
    names = [name.partition(":")[0] for name in wanted]
    for name, item in zip(names, wanted, strict=True):
        if name not in BY_NAME:
            raise CommandError(unknown_name("column", name, BY_NAME))
        if not is_column(item):
            raise CommandError("A width is 3 to 80 cells, as in model:30.")
    if len(set(names)) < len(names):
        raise CommandError("Each column can be named only once.")
    return wanted


def sort_of(argument: str) -> tuple[str, bool]:
    """Return the column of `loss desc` or `-loss`, and whether its order is descending.

    Raises:
        CommandError: the column is unknown, or the direction is neither `asc` nor `desc`.
    """
    column = present_name(argument.partition(" ")[0].removeprefix("-").lower())
    if column not in SORTS:
        raise CommandError(unknown_name("column", column, SORTS))
    try:
        sort = query.parse_sort(argument)
    except QueryError as error:
        raise CommandError(str(error)) from None
    return sort.field, sort.reverse


def seconds_of(argument: str) -> float:
    """Return the seconds between two polls.

    Raises:
        CommandError: the argument is not a number in the allowed range.
    """
    try:
        seconds = float(argument)
    except ValueError:
        seconds = 0.0
    if fault := Shared.interval.kind.fault(seconds):
        raise CommandError(f"interval: {fault}.")
    return seconds
