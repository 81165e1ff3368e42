"""Opening and migrating the archive's file, and the meaning of SQLite errors."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator

from fttui.store.archive import schema
from fttui.text import clean_line

BUSY_SECONDS = 5.0
"""Seconds to wait for the transaction of another process. Each takes milliseconds."""


class Unusable(Exception):
    """The archive cannot be written at this place now: disk full, no permission, no such directory."""


def connect(path: str) -> sqlite3.Connection:
    """Open a prepared archive.

    Raises:
        sqlite3.Error: the file cannot be opened.
    """
    db = sqlite3.connect(uri(path, "rw"), uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA synchronous=NORMAL")
    return db


def in_memory() -> sqlite3.Connection:
    """Open an empty archive in memory."""
    db = sqlite3.connect("file::memory:", uri=True, isolation_level=None, check_same_thread=False)
    _migrate(db)
    return db


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit at the end of the block, roll back on any exception."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def create_or_migrate(path: str) -> None:
    """Bring the file to the current version, from nothing or from an older version.

    Raises:
        sqlite3.Error, OSError: the file cannot be written.
    """
    # SQLite gives its other files the mode of this file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    with contextlib.closing(sqlite3.connect(uri(path, "rw"), uri=True, timeout=BUSY_SECONDS)) as db:
        db.isolation_level = None
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (mode,) = db.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            db.execute("PRAGMA journal_mode=WAL")
        if version < schema.VERSION:
            _migrate(db)


def _migrate(db: sqlite3.Connection) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for number in range(version, schema.VERSION):
        with transaction(db):
            for statement in schema.MIGRATIONS[number].split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {number + 1}")


def uri(path: str, mode: str) -> str:
    """Return the SQLite URI of an existing file, for mode `ro` or `rw`."""
    from urllib.parse import quote

    return f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode={mode}"


def reason(error: BaseException) -> str:
    """Return the message of a disk or SQLite error as one clean line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return clean_line(str(error)) or type(error).__name__


def is_broken(error: sqlite3.Error) -> bool:
    """Tell whether the content of the file is at fault."""
    return code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_unusable(error: sqlite3.Error) -> bool:
    """Tell whether the place of the file is at fault: disk full, read-only, gone, or locked for too long."""
    return code(error) in (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
    )


def code(error: sqlite3.Error) -> int:
    """Return the primary result code of an error, or 0 for an error of the Python module."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
