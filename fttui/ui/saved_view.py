"""What the cockpit remembers from one time to the next. Never in `config.toml`, which is the person's."""

import os
from typing import Any, NamedTuple

from fttui.ui.cockpit.list_view import SORTS, STATUS_KEYS
from fttui.ui.panes.log_lines import TIMES
from fttui.ui.render.rows import is_column

TABS = ("detail", "log", "files")
"""The panes that may share one place."""


class SavedView(NamedTuple):
    """How things were looked at the last time."""

    sort: str = "age"
    reverse: bool = False
    wrap: bool = False
    metrics: bool = False
    times: str = "local"
    tab: str = "log"
    splits: dict[str, int] = {}
    """By layout, the steps by which the list was made larger (or smaller, when negative)."""
    theme: str = ""
    columns: tuple[str, ...] = ()
    """Names of columns, each with its width after a colon where it was given one; empty for the usual ones."""
    filter: str = ""
    """What narrows the list at the start; only if it was saved."""
    status: int = 0
    """The same for the states: one of `view.STATUS_KEYS`, or 0."""


def path() -> str:
    """Where it is kept."""
    from fttui.config.paths import state_dir

    return os.path.join(state_dir(), "state.toml")


def load(file: str) -> tuple[SavedView, str]:
    """What is remembered, and a word about a file that could not be read and was put aside (empty otherwise)."""
    from fttui.config.paths import ConfigError, read_toml

    try:
        content = read_toml(file)
    except ConfigError:
        aside = file + ".broken"
        try:
            os.replace(file, aside)
        except OSError:
            return SavedView(), ""
        return SavedView(), f"what was remembered could not be read; it is now {aside}"
    return _checked(content), ""


def save(file: str, memory: SavedView) -> None:
    """Remember; what cannot be written is not worth a word."""
    from fttui.config.paths import write_toml

    try:
        write_toml(file, memory._asdict())
    except OSError:
        return


def _checked(content: dict[str, Any]) -> SavedView:
    """Only what is known and of the right kind; another version may have written it."""
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in content.items()
        if name in SavedView._fields
    }
    memory = SavedView()._replace(
        **{name: value for name, value in known.items() if type(value) is type(SavedView._field_defaults[name])}
    )
    if memory.sort not in SORTS:
        memory = memory._replace(sort="age", reverse=False)
    if memory.status not in STATUS_KEYS:
        memory = memory._replace(status=0)
    if not all(isinstance(name, str) and is_column(name) for name in memory.columns):
        memory = memory._replace(columns=())
    if memory.times not in TIMES:
        memory = memory._replace(times="local")
    if memory.tab not in TABS:
        memory = memory._replace(tab="log")
    splits = {name: max(-6, min(6, steps)) for name, steps in memory.splits.items() if type(steps) is int}
    return memory._replace(splits=splits)
