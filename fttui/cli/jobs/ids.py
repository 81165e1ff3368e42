"""Ids of jobs as a person types them: whole, or by their end, as lists and the cockpit show it (`..x7Qa91Lk`)."""

from fttui.cli import offline
from fttui.cli.invocation import Invocation
from fttui.config import paths
from fttui.config.errors import ConfigError

SHORTEST = 4
"""Characters that an end must have at least, dots aside; and it is never more than half of the id."""
DOTS = ("..", "…")
NAMED = 8
"""Candidates that are named at most."""


def whole(invocation: Invocation, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The whole ids of jobs, each once. What the archive cannot complete is left as it was typed.

    Raises:
        ConfigError: an end fits several jobs, or none although dots say that it is an end.
    """
    key, path = offline.key(invocation), paths.archive_file()
    return tuple(dict.fromkeys(_whole(path, key, id) for id in ids))


def one(invocation: Invocation, id: str) -> str:
    """The same for one id."""
    return whole(invocation, (id,))[0]


def _whole(path: str, key: str, typed: str) -> str:
    from fttui.store.archive.first_rows import ids_ending  # late: help needs no database

    end = next((typed.removeprefix(dots) for dots in DOTS if typed.startswith(dots)), typed)
    found = ids_ending(path, key, end) if end else []
    if typed in found:
        return typed
    # Ids may be numbers elsewhere: one that is nearly as long as another is a whole id, not the other's end.
    found = [id for id in found if SHORTEST <= len(end) <= len(id) // 2 or end != typed]
    if len(found) == 1:
        return found[0]
    if found:
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        raise ConfigError(f"several jobs end with {end}: {', '.join(found[:NAMED])}{more}\nType more of the id.")
    if end != typed:
        raise ConfigError(f"no job that is known here ends with {end}\nTo see what there is: fttui jobs list")
    return typed
