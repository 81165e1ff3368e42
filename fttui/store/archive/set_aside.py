"""The check of the archive's file before use: a broken file is set aside, a newer one left alone.

A broken file is renamed, never deleted, and the user is told its new name.
"""

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator

from fttui import sqlite
from fttui.own_files import link_error, open_own
from fttui.store.archive import schema
from fttui.text import clean_line

_MAGIC = b"SQLite format 3\x00"
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT})


class Broken(Exception):
    """The file is not a readable archive. The message says why."""


class Newer(Exception):
    """The file was written by a newer fttui."""


class Unusable(Exception):
    """The archive cannot be written at this place now: disk full, no permission, no such directory."""


def prepare(path: str) -> tuple[str, list[str]]:
    """Provide a sound archive of the current version.

    Returns:
        The path of the archive to use, and messages for the user.

    Raises:
        Unusable: no archive can be written at this place.
    """
    notices: list[str] = []
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with _locked(path):
            try:
                _check(path)
            except Newer:
                notices.append(
                    f"The archive {_shown(path)} was written by a newer fttui and stays unchanged. "
                    f"This fttui uses {_shown(os.path.basename(schema.beside(path)))} until it is updated."
                )
                path = schema.beside(path)
                try:
                    _check(path)
                except (Broken, Newer) as error:
                    notices.append(rename(path, str(error)))
            except Broken as error:
                notices.append(rename(path, str(error)))
            with contextlib.closing(_opened(path, create=True)) as db:
                sqlite.use_wal(db)
                if sqlite.version(db) < schema.VERSION:  # migrate would wait for other writers
                    sqlite.migrate(db, schema.MIGRATIONS, application_id=schema.APPLICATION_ID)
    except (OSError, sqlite3.Error, sqlite.NewerVersion) as error:
        raise Unusable(reason(error)) from error
    return path, notices


def rename(path: str, why: str) -> str:
    """Set a broken file aside, with the files that SQLite keeps beside it. Returns the message for the user."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside, count = f"{path}.aside-{stamp}", 1
    while os.path.lexists(aside):
        count += 1
        aside = f"{path}.aside-{stamp}-{count}"
    os.rename(path, aside)
    for tail in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.rename(path + tail, aside + tail)
    return f"The archive could not be read ({why}). It was set aside as {_shown(aside)}, and a new one was started."


def reason(error: BaseException) -> str:
    """Return the message of a disk or SQLite error as one clean line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return clean_line(str(error)) or type(error).__name__


def verdict(path: str) -> tuple[str, str]:
    """Judge the archive at `path` without setting it aside.

    Returns:
        `broken`, `newer` or `unusable`, and the reason. Two empty strings for a sound or missing file.
    """
    try:
        _check(path)
    except Broken as error:
        return "broken", str(error)
    except Newer as error:
        return "newer", str(error)
    except (OSError, sqlite3.Error) as error:
        return "unusable", reason(error)
    return "", ""


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """Hold a lock, so that two cockpits that start together do not both set the file aside."""
    try:
        lock = open_own(path + ".lock", os.O_RDWR | os.O_CREAT)
    except OSError:
        # Without room for a lock there is none for a new archive either.
        yield
        return
    deadline = time.monotonic() + sqlite.BUSY_SECONDS
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                # The holder hangs, or the file system has no locks: continue without.
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def _check(path: str) -> None:
    """Check the header, the size and one row of every table.

    Raises:
        Broken, Newer: the file cannot be used.
        sqlite3.Error, OSError: the file cannot be read now.
    """
    try:
        size = os.path.getsize(path)
    except FileNotFoundError:
        return
    if os.path.islink(path):
        raise link_error(path)
    if not os.path.isfile(path):
        raise Broken("not a file")
    if size == 0:
        return
    with open(path, "rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise Broken("not an archive")
    os.chmod(path, 0o600)
    try:
        with contextlib.closing(_opened(path)) as db, sqlite.text_errors():
            _check_tables(db, path, size)
    except sqlite3.Error as error:
        if sqlite.code(error) in _BROKEN or sqlite.is_corrupt(error):
            raise Broken(reason(error)) from error
        raise


def _check_tables(db: sqlite3.Connection, path: str, size: int) -> None:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    owner, version = sqlite.owner(db), sqlite.version(db)
    if not tables and not owner:
        return
    if owner != schema.APPLICATION_ID:
        raise Broken("it belongs to a different program")
    if version > schema.VERSION:
        raise Newer("written by a newer fttui")
    if version == schema.VERSION and (missing := set(schema.TABLES) - tables):
        raise Broken(f"the table {min(missing)} is missing")
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    (page_size,) = db.execute("PRAGMA page_size").fetchone()
    # Pages that are still in the write-ahead log need not be in the file.
    if pages * page_size > size and not _has_content(path + "-wal"):
        raise Broken("it is truncated")
    for table in sorted(tables):
        db.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchall()


def has_wrong_schema(db: sqlite3.Connection) -> bool:
    """Return whether a table of an archive of the current version lacks a column."""
    try:
        with contextlib.closing(sqlite.connect_memory()) as right, sqlite.text_errors():
            sqlite.migrate(right, schema.MIGRATIONS)
            return any(not _columns(right, table) <= _columns(db, table) for table in schema.TABLES)
    except sqlite3.Error:
        return True


def _columns(db: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in db.execute(f'PRAGMA table_info("{table}")')}


def _opened(path: str, *, create: bool = False) -> sqlite3.Connection:
    return sqlite.connect(path, create=create, busy_seconds=sqlite.BUSY_SECONDS)


def _has_content(path: str) -> bool:
    try:
        return os.path.getsize(path) > 0
    except OSError:
        return False


def _shown(path: str) -> str:
    return clean_line(os.fsencode(path).decode("utf-8", "replace"))
