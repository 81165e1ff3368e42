"""SQLite files of other programs, read without writing anything beside them.

SQLite itself writes when it only reads: in WAL mode a reader creates or changes the files `-wal` and `-shm`, and a
journal of a crashed program is rolled back. Each state of a file is therefore opened in the way that leaves it alone.
"""

import errno
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TypeVar

from fttui import sqlite
from fttui.runs.formats import peek
from fttui.runs.formats.base import Found

Result = TypeVar("Result")
Signature = tuple[tuple[int, int, int], ...]

MOST_FILES = 100
"""Databases of a directory that are opened."""
DEADLINE = 10.0
"""Seconds for the queries of one read. A hostile schema can make a query endless."""
_LARGEST_COPY = 1 << 30
_MAGIC = b"SQLite format 3\0"
_ONE_AT_A_TIME = threading.Lock()
"""Closing any handle of a file drops the locks that this process has on it, also those of another connection."""


def watched(path: str) -> list[str]:
    """Return the files of which one changes when the database does: in WAL mode, the log."""
    return [path, path + "-wal", path + "-journal"]


def signature(path: str) -> Signature:
    """Return numbers that change when the database changes.

    Raises:
        OSError: the file is gone or unreadable.
    """
    database, *logs = watched(path)
    return (_state(database), *(_state(log, missing=True) for log in logs))


def _state(path: str, *, missing: bool = False) -> tuple[int, int, int]:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        if missing:
            return (0, 0, 0)
        raise
    return status.st_ino, status.st_size, status.st_mtime_ns


def in_directory(directory: str, names: Sequence[str]) -> list[str]:
    """Return the paths of the databases in a directory."""
    paths = (os.path.join(directory, name) for name in peek.ending(names, peek.DATABASES, MOST_FILES))
    return [path for path in paths if is_database(path)]


def closed_in(directory: str, names: Sequence[str]) -> list[str]:
    """Return the paths of files in a directory that may be databases, and that this user may not read."""
    paths = (os.path.join(directory, name) for name in peek.ending(names, peek.DATABASES, MOST_FILES))
    return [path for path in paths if os.path.exists(path) and not os.access(path, os.R_OK)]


def is_database(path: str) -> bool:
    """Return whether a file is an SQLite database. False for unreadable files."""
    try:
        return _head(path).startswith(_MAGIC)
    except OSError:
        return False


def _head(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        return os.read(handle, 100)
    finally:
        os.close(handle)


def query(path: str, work: Callable[[sqlite.Connection], Result]) -> Result:
    """Run queries on a database and return their result.

    Raises:
        OSError: the file is busy, damaged, too slow or unreadable. A later call may succeed.
    """
    with _ONE_AT_A_TIME, sqlite.as_os_error(os.path.basename(path)):
        before = signature(path)
        head = _head(path)
        if not head.startswith(_MAGIC):
            raise OSError(errno.EINVAL, "not an SQLite database", path)
        is_wal = 2 in head[18:20]
        if not is_wal:
            if not before[2][1]:
                return _run(sqlite.uri(path, "ro"), work)
            try:
                return _run(sqlite.uri(path, "ro"), work)
            except sqlite.Error:
                return _run_on_copy(path, work)  # a program crashed: its journal must be rolled back
        if not before[1][1]:
            # Nobody has it open, or nothing was written since: SQLite need not look for changes.
            result = _run(sqlite.uri(path, "ro") + "&immutable=1", work)
            if signature(path) != before:
                raise OSError(errno.EAGAIN, "the database changed while it was read", path)
            return result
        if os.path.exists(path + "-shm"):
            try:
                return _run(sqlite.uri(path, "ro") + "&readonly_shm=1", work)
            except sqlite.Error:
                return _run_on_copy(path, work)
        return _run_on_copy(path, work)


class RunIds:
    """Ids of the runs in databases. A database is queried again only when it has changed.

    Args:
        work: query for the ids in one database.
    """

    def __init__(self, work: Callable[[sqlite.Connection], list[str]]) -> None:
        self._work = work
        self._known: dict[str, tuple[Signature, list[str]]] = {}

    def of(self, path: str) -> list[str]:
        """Return the ids in a database: those of the last time while it cannot be read, none without a last time."""
        before, found = self._known.get(path, ((), []))
        try:
            state = signature(path)
            if state != before:
                found = query(path, self._work)
                self._known[path] = (state, found)
        except OSError:
            pass  # busy: its runs have not gone
        return found


class Follower:
    """Database that is queried again only when it has changed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: Signature = ()

    def read(self, work: Callable[[sqlite.Connection], Found]) -> Found:
        """Return what `work` finds. Nothing while the database is as it was, unless `work` had more.

        Raises: as `query`.
        """
        state = signature(self._path)
        if state == self._seen:
            return Found()
        found = query(self._path, work)
        self._seen = () if found.more else state
        return found


def _run(uri: str, work: Callable[[sqlite.Connection], Result]) -> Result:
    with closing(sqlite.connect_foreign(uri)) as connection:
        deadline = time.monotonic() + DEADLINE
        connection.set_progress_handler(lambda: int(time.monotonic() > deadline), 10_000)
        return work(connection)


def _run_on_copy(path: str, work: Callable[[sqlite.Connection], Result]) -> Result:
    """Copy the database with its journal to a temporary directory, and query the copy."""
    import shutil
    import tempfile  # late: few databases are copied

    ends = [end for end in ("", "-wal", "-journal") if os.path.exists(path + end)]
    if sum(os.path.getsize(path + end) for end in ends) > _LARGEST_COPY:
        raise OSError(errno.EFBIG, "a crashed program left the database open, and it is too large to copy", path)
    with tempfile.TemporaryDirectory(prefix="fttui-") as directory:
        copy = os.path.join(directory, "copy.db")
        for end in ends:
            shutil.copyfile(path + end, copy + end)
        return _run(sqlite.uri(copy, "rw"), work)


def columns(connection: sqlite.Connection, table: str) -> set[str]:
    """Return the names of the columns of a table; none if there is no such table. A view is no table."""
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    if known is None:
        return set()
    return {str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")}
