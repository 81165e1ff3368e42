"""The archive as a file: found sound, brought up to date, or set aside. Never a reason not to start.

A file that cannot be read is renamed and named, never deleted; one that a newer fttui wrote is left alone.
"""

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator

from fttui.store.archive import schema
from fttui.text import clean_line

BUSY_SECONDS = 5.0
"""How long one process waits for another's transaction; each is a matter of milliseconds."""
_MAGIC = b"SQLite format 3\x00"
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT})


class Broken(Exception):
    """The file is no archive that can be read; the message says why."""


class Newer(Exception):
    """A newer fttui wrote the file."""


class Unusable(Exception):
    """Nothing can be kept there now: no room, no right, no such place. The message says why."""


def prepare(path: str) -> tuple[str, list[str]]:
    """Make sure that a sound archive of the present version lies at the returned path; with what to tell of it.

    Raises:
        Unusable: it cannot be had.
    """
    notices: list[str] = []
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with _alone(path):
            try:
                _check(path)
            except Newer:
                notices.append(
                    f"The archive {shown(path)} was written by a newer fttui and is left alone. "
                    f"This one uses {shown(os.path.basename(schema.beside(path)))} meanwhile."
                )
                path = schema.beside(path)
                _checked_or_new(path, notices)
            except Broken as error:
                notices.append(set_aside(path, str(error)))
            _create_or_migrate(path)
    except (OSError, sqlite3.Error) as error:
        raise Unusable(why(error)) from error
    return path, notices


def connect(path: str) -> sqlite3.Connection:
    """A connection to a prepared archive.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    db = sqlite3.connect(uri(path, "rw"), uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA synchronous=NORMAL")
    return db


def in_memory() -> sqlite3.Connection:
    """An archive that lasts as long as the process."""
    db = sqlite3.connect("file::memory:", uri=True, isolation_level=None, check_same_thread=False)
    _migrate(db)
    return db


def set_aside(path: str, reason: str) -> str:
    """Rename the file, and what SQLite keeps beside it. Returns what to tell the person."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside, count = f"{path}.aside-{stamp}", 1
    while os.path.lexists(aside):
        count += 1
        aside = f"{path}.aside-{stamp}-{count}"
    os.rename(path, aside)
    for tail in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.rename(path + tail, aside + tail)
    return f"The archive could not be read ({reason}). It was set aside as {shown(aside)}, and a new one was begun."


def why(error: BaseException) -> str:
    """An error of the disk or of SQLite, in words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return clean_line(str(error)) or type(error).__name__


def shown(path: str) -> str:
    return clean_line(os.fsencode(path).decode("utf-8", "replace"))


def verdict(path: str) -> tuple[str, str]:
    """What the archive at `path` is, and why, without setting it aside.

    Returns:
        `broken`, `newer` or `unusable` with the reason; two empty texts where it is sound, or not there.
    """
    try:
        _check(path)
    except Broken as error:
        return "broken", str(error)
    except Newer as error:
        return "newer", str(error)
    except (OSError, sqlite3.Error) as error:
        return "unusable", why(error)
    return "", ""


def is_broken(error: sqlite3.Error) -> bool:
    """Whether the file itself is at fault, not the disk, the rights or another process."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_unusable(error: sqlite3.Error) -> bool:
    """Whether the place is at fault: full, read-only, gone, or locked for too long."""
    return _code(error) in (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
    )


def _code(error: sqlite3.Error) -> int:
    # The low byte is the kind; the rest says more than is needed here. Errors of the module itself have no code.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def uri(path: str, mode: str) -> str:
    """How SQLite is told to open a file in `mode`, `ro` or `rw`, and not to make one."""
    from urllib.parse import quote

    return f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode={mode}"


@contextlib.contextmanager
def _alone(path: str) -> Iterator[None]:
    """Two cockpits that start at once must not both judge the file and both set it aside."""
    try:
        lock = os.open(path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        # No room for a lock: then there is none for a new archive either.
        yield
        return
    deadline = time.monotonic() + BUSY_SECONDS
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                # Whoever holds it for so long hangs; a file system may know no locks at all.
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def _checked_or_new(path: str, notices: list[str]) -> None:
    try:
        _check(path)
    except (Broken, Newer) as error:
        notices.append(set_aside(path, str(error)))


def _check(path: str) -> None:
    """Judge the file by its head, its size, and one look at every table.

    Raises:
        Broken, Newer: it cannot be used.
        sqlite3.Error, OSError: it cannot be looked at now.
    """
    try:
        size = os.path.getsize(path)
    except FileNotFoundError:
        return
    if not os.path.isfile(path):
        raise Broken("it is no file")
    if size == 0:
        return
    with open(path, "rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise Broken("it is no archive")
    os.chmod(path, 0o600)
    try:
        with contextlib.closing(sqlite3.connect(uri(path, "rw"), uri=True, timeout=BUSY_SECONDS)) as db:
            _look(db, path, size)
    except sqlite3.Error as error:
        if _code(error) in _BROKEN:
            raise Broken(why(error)) from error
        raise


def _look(db: sqlite3.Connection, path: str, size: int) -> None:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    (owner,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if not tables and not owner:
        return
    if owner != schema.APPLICATION_ID:
        raise Broken("it belongs to another program")
    if version > schema.VERSION:
        raise Newer("a newer fttui wrote it")
    if version == schema.VERSION and (missing := set(schema.TABLES) - tables):
        raise Broken(f"the table {min(missing)} is missing")
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    (page_size,) = db.execute("PRAGMA page_size").fetchone()
    # Pages that are still in the log need not be in the file yet.
    if pages * page_size > size and not _has_content(path + "-wal"):
        raise Broken("it is cut short")
    for table in sorted(tables):
        db.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchall()


def _has_content(path: str) -> bool:
    try:
        return os.path.getsize(path) > 0
    except OSError:
        return False


def _create_or_migrate(path: str) -> None:
    # SQLite gives its other files the mode of this one.
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
    """Bring an archive to the present version, each step whole or not at all."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for number in range(version, schema.VERSION):
        db.execute("BEGIN IMMEDIATE")
        try:
            for statement in schema.MIGRATIONS[number].split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {number + 1}")
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
