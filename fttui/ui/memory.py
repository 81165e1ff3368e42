"""What the cockpit remembers from one time to the next. Never in `config.toml`, which is the person's."""

import os
from typing import Any, NamedTuple

from fttui.ui.panes.loglines import TIMES
from fttui.ui.rows import BY_NAME
from fttui.ui.view import SORTS


class Memory(NamedTuple):
    """How things were looked at the last time."""

    sort: str = "age"
    reverse: bool = False
    wrap: bool = False
    metrics: bool = False
    times: str = "local"
    tab: str = "log"
    split: int = 0
    """Steps by which the list was made larger (or smaller, when negative)."""
    theme: str = ""
    columns: str = ""
    """Names with commas between them; empty for the usual ones."""


def path() -> str:
    """Where it is kept."""
    from fttui.config.files import state_dir

    return os.path.join(state_dir(), "state.toml")


def load(file: str) -> tuple[Memory, str]:
    """What is remembered, and a word about a file that could not be read and was put aside (empty otherwise)."""
    from fttui.config.files import ConfigError, read_toml

    try:
        content = read_toml(file)
    except ConfigError:
        aside = file + ".broken"
        try:
            os.replace(file, aside)
        except OSError:
            return Memory(), ""
        return Memory(), f"what was remembered could not be read; it is now {aside}"
    return _checked(content), ""


def save(file: str, memory: Memory) -> None:
    """Remember; what cannot be written is not worth a word."""
    from fttui.config.files import write_toml

    try:
        write_toml(file, memory._asdict())
    except OSError:
        return


def _checked(content: dict[str, Any]) -> Memory:
    """Only what is known and of the right kind; another version may have written it."""
    known = {
        name: value
        for name, value in content.items()
        if name in Memory._fields and type(value) is type(Memory._field_defaults[name])
    }
    memory = Memory(**known)
    if memory.sort not in SORTS:
        memory = memory._replace(sort="age", reverse=False)
    if not all(name in BY_NAME for name in memory.columns.split(",") if name):
        memory = memory._replace(columns="")
    if memory.times not in TIMES:
        memory = memory._replace(times="local")
    if memory.tab not in ("detail", "log"):
        memory = memory._replace(tab="log")
    return memory._replace(split=max(-6, min(6, memory.split)))
