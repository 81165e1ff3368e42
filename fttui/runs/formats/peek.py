"""Names and first lines of files, to tell a log of metrics from other files with the same ending."""

import os
import stat
from collections.abc import Callable, Iterable, Sequence

from fttui.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

DATABASES = (".db", ".sqlite", ".sqlite3")
"""Endings of the names of databases."""
_SIZE = 16 << 10
_MOST_LOGS = 200
"""Files of a directory that may be logs."""


def ending(names: Sequence[str], endings: tuple[str, ...], most: int) -> list[str]:
    """Return the names with one of the endings, sorted, at most so many: directories of data have very many."""
    return sorted(name for name in names if name.endswith(endings))[:most]


def may_have_database(names: Iterable[str]) -> bool:
    """Tell by names of files whether one may be a database: a new run in it does not change the directory."""
    return any(name.endswith(DATABASES) for name in names)


def logs(
    directory: str,
    names: Sequence[str],
    endings: tuple[str, ...],
    sure: "re.Pattern[str]",
    is_log: Callable[[list[str]], bool],
) -> list[str]:
    """Return the paths of the logs in a directory.

    Args:
        sure: names of files that are logs while they are empty, because the training has just begun, or unreadable.
        is_log: tells by the first lines, at least one, whether a file is a log.
    """
    found = []
    for name in ending(names, endings, _MOST_LOGS):
        path = os.path.join(directory, name)
        lines = first_lines(path)
        if is_log(lines) if lines else sure.fullmatch(name) and is_empty(path):
            found.append(path)
    return found


def first_lines(path: str) -> list[str]:
    """Return the complete lines at the start of a regular file; none if it is unreadable."""
    return _head(path)[:-1]


def is_empty(path: str) -> bool:
    """Return whether a file has no complete line yet, or may not be read."""
    return len(_head(path)) == 1


def _head(path: str) -> list[str]:
    """Return the lines at the start; the last one has no end. Nothing for what is no file.

    A file that may not be read has one line without an end: its reader names the reason.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except PermissionError:
        return [""]
    except OSError:
        return []
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return []
        text = os.read(handle, _SIZE).decode("utf-8-sig", "replace")
    except OSError:
        return []
    finally:
        os.close(handle)
    lines = text.split("\n")
    # A small file may end without a line end.
    return [*lines, ""] if len(text) < _SIZE and lines[-1] and len(lines) > 1 else lines
