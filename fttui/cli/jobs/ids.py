"""Job ids on the command line: whole, or shortened to their end as lists and the cockpit show them (`..x7Qa91Lk`)."""

from fttui.cli.invocation import Invocation
from fttui.config import paths
from fttui.config.errors import ConfigError

MIN_END = 4
"""Shortest end without dots. An end is never longer than half of the id."""
DOTS = ("..", "…")
MAX_CANDIDATES = 8
"""Number of ids that the message about an ambiguous end lists."""


def resolve_all(invocation: Invocation, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return the whole ids of jobs, without duplicates. An id that the archive does not know is returned as it is.

    Raises:
        ConfigError: several jobs have this end, or no known job has an end written with dots.
    """
    from fttui.core.reader import archive_key

    key, path = archive_key(invocation.options), paths.archive_file()
    return tuple(dict.fromkeys(_resolve(path, key, id) for id in ids))


def resolve(invocation: Invocation, id: str) -> str:
    """Return the whole id of one job (see `resolve_all`)."""
    return resolve_all(invocation, (id,))[0]


def _resolve(path: str, key: str, typed: str) -> str:
    from fttui.store.archive.first_rows import ids_ending

    end = next((typed.removeprefix(dots) for dots in DOTS if typed.startswith(dots)), typed)
    found = ids_ending(path, key, end) if end else []
    if typed in found:
        return typed
    # Some providers number their jobs: an id nearly as long as a known one is a different id, not its end.
    found = [id for id in found if MIN_END <= len(end) <= len(id) // 2 or end != typed]
    if len(found) == 1:
        return found[0]
    if found:
        rest = f" and {len(found) - MAX_CANDIDATES} more" if len(found) > MAX_CANDIDATES else ""
        raise ConfigError(
            f"several jobs end with {end}: {', '.join(found[:MAX_CANDIDATES])}{rest}\nGive more characters of the id."
        )
    if end != typed:
        raise ConfigError(f"no known job ends with {end}\nTo list the jobs: fttui jobs list")
    return typed
