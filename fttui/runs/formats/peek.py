"""Names and first lines of files, to tell a log of metrics from other files with the same ending."""

import os
import stat
from collections.abc import Sequence

_SIZE = 16 << 10


def ending(names: Sequence[str], endings: tuple[str, ...], most: int) -> list[str]:
    """Return the names with one of the endings, sorted, at most so many: directories of data have very many."""
    return sorted(name for name in names if name.endswith(endings))[:most]


def first_lines(path: str) -> list[str]:
    """Return the complete lines at the start of a regular file; none if it is unreadable."""
    return _head(path)[:-1]


def is_empty(path: str) -> bool:
    """Return whether a file has no complete line yet: the training has just begun."""
    return len(_head(path)) == 1


def _head(path: str) -> list[str]:
    """Return the lines at the start; the last one has no end. Nothing for an unreadable file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
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
