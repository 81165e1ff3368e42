"""The check of the database before use. A lost or damaged one is set aside, and rebuilt from its copy and the journal.

Nothing is deleted: files are renamed, and the notices name them.
"""

import os
import shutil
import time
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from typing import NamedTuple

from fttui import atomic, sqlite
from fttui.own_files import link_error, open_own
from fttui.server.storage import checksums
from fttui.server.storage.journal import Entry, Journal, number_of, replay
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.schema import MIGRATIONS
from fttui.server.storage.start_progress import STEP, Tick, never
from fttui.text import clean_line

SOUND, MISSING, BROKEN, NEWER = "sound", "missing", "broken", "newer"
LARGE = 8 << 20
"""Size of a database whose rows are checked after the start, if the file is as it was closed."""
_MAGIC = b"SQLite format 3\x00"
_TABLES = {"meta", "file", "job", "job_metadata", "event", "checkpoint", "model"}


class Verdict(NamedTuple):
    """Judgement about a database file."""

    state: str
    reason: str = ""
    salt: str = ""
    """Value that is different in every database, and the same in its copy."""
    number: int = 0
    """Number of its last change."""
    version: int = 0


class Recovered(NamedTuple):
    """Findings and repairs made before the database is opened."""

    notices: list[str]
    """Messages for the user."""
    is_complete: bool
    """False when the database may not know everything on the disk: it is fresh or rebuilt."""
    is_empty: bool = False
    """True when neither the database nor a copy of it could be used."""
    needs_copy: bool = True
    """False when the copy and the journal together give the database."""
    copied: int = -1
    """Number of the last change in the copy."""


def recover(paths: HomePaths, journal: Journal, tick: Tick = never) -> Recovered:
    """Provide a sound database at `paths.database`, or none: the caller then creates one.

    Args:
        tick: called for every piece of work.

    Raises:
        OSError: the disk fails.
    """
    is_sealed = _is_sealed(paths, tick)
    found = judge(paths.database, rows=not is_sealed, tick=tick)
    copy = judge(paths.copy, rows=found.state != SOUND, tick=tick)
    if found.state == NEWER and copy.state in (NEWER, MISSING):
        paths.use_version(len(MIGRATIONS))
        notice = (
            f"A newer fttui wrote the service's database {_shown(found.reason)}. It stays unchanged. This fttui uses "
            f"{_shown(paths.database)} until it is updated."
        )
        journal.path = paths.journal
        recovered = recover(paths, journal, tick)
        return recovered._replace(notices=[notice, *recovered.notices], is_complete=False)
    if found.state == SOUND:
        recovered = _bring_up_to_date(paths, journal, found, copy, tick)
        return recovered._replace(copied=-1) if is_sealed else recovered
    return _rebuild(paths, journal, found, copy, tick)


def _bring_up_to_date(paths: HomePaths, journal: Journal, found: Verdict, copy: Verdict, tick: Tick) -> Recovered:
    """Add the changes that a sound database lacks: a part of its write-ahead log may be lost."""
    if copy.state == SOUND and copy.salt == found.salt and copy.number > found.number:
        return _rebuild(paths, journal, Verdict(BROKEN, "changes that were stored are missing"), copy, tick)
    if copy.state == SOUND and copy.salt != found.salt:
        notice = _set_aside(paths.copy, "it is a copy of a different database", "The copy of the service's database")
        _rename(journal.path, _free_name(journal.path))
        return Recovered([notice], is_complete=False)
    entries = journal.entries()
    added = _replay(paths.database, entries, tick) if found.salt and found.number + 1 in entries else 0
    begin = copy.number if copy.state == SOUND else 0
    joined = all(number in entries for number in range(begin + 1, found.number + added + 1))
    current = found.version == len(MIGRATIONS) and copy.state in (SOUND, MISSING)
    # One transaction may have been in progress when the last service was killed.
    notices = [] if added < 2 else [f"{added} changes were missing in the service's database. They were restored."]
    if not (joined and current):
        return Recovered(notices, is_complete=not notices)
    copied = copy.number if copy.state == SOUND else -1
    return Recovered(notices, is_complete=not notices, needs_copy=False, copied=copied)


def _rebuild(paths: HomePaths, journal: Journal, found: Verdict, copy: Verdict, tick: Tick) -> Recovered:
    """Build the database again from its copy and the journal, as far as they are sound."""
    notices: list[str] = []
    entries = journal.entries()
    if found.state == MISSING and copy.state == MISSING and not entries and not _has_content(paths):
        return Recovered([], is_complete=True, needs_copy=False)  # a new home directory
    what = "The service's database"
    if os.path.lexists(paths.database):
        notices.append(_set_aside(paths.database, found.reason or "it is empty", what))
    else:
        notices.append(f"{what} {_shown(paths.database)} is missing.")
    _move_log(paths.database, _free_name(paths.database))  # a log without its database
    if copy.state in (BROKEN, NEWER):
        notices.append(_set_aside(paths.copy, copy.reason, "The copy of the service's database"))
    if copy.state != SOUND and not _begins(entries):
        if entries:
            _rename(journal.path, _free_name(journal.path))
        return Recovered(notices, is_complete=False, is_empty=True)
    new = f"{paths.database}.new"
    for path in (new, f"{new}-wal", f"{new}-shm"):
        with suppress(FileNotFoundError):
            os.unlink(path)
    if copy.state == SOUND:
        with open(paths.copy, "rb") as copied, open(open_own(new, os.O_WRONLY | os.O_CREAT), "wb") as file:
            shutil.copyfileobj(copied, file, 1 << 20)
    added = _replay(new, entries, tick)
    os.replace(new, paths.database)
    source = "its copy and the journal" if copy.state == SOUND else "the journal"
    notices.append(
        f"It was rebuilt from {source}, with {added} changes since the copy."
        if added
        else f"It was rebuilt from {source}."
    )
    return Recovered([" ".join(notices)], is_complete=False)


def _begins(entries: dict[int, Entry]) -> bool:
    """Return whether the journal reaches back to the creation of the database."""
    first = entries.get(1)
    return first is not None and first.changes[0][0].startswith("INSERT INTO meta")


def _replay(path: str, entries: dict[int, Entry], tick: Tick) -> int:
    """Perform the changes of the journal that a database lacks."""
    with sqlite.as_os_error(os.path.basename(path)), closing(sqlite.connect(path, create=True)) as connection:
        if sqlite.version(connection) == 0:
            sqlite.migrate(connection, MIGRATIONS)
            checksums.install(connection, True)
        else:
            checksums.install(connection, False)
        connection.set_progress_handler(tick, STEP)
        done = replay(connection, entries)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return done


def write_seal(paths: HomePaths) -> None:
    """Note the checksum of a large closed database, so that the next start need not wait for the check of every row.

    That service makes a copy soon, which checks the rows.
    """
    if os.path.getsize(paths.database) >= LARGE and not _has_bytes(f"{paths.database}-wal"):
        atomic.write(paths.seal, _checksum(paths.database).encode())


def _is_sealed(paths: HomePaths, tick: Tick) -> bool:
    """Return whether the database file is as the last service closed it. The seal is valid once."""
    try:
        with open(paths.seal, encoding="ascii", errors="replace") as file:
            seal = file.read(100)
        os.unlink(paths.seal)
        return not _has_bytes(f"{paths.database}-wal") and seal == _checksum(paths.database, tick)
    except FileNotFoundError:
        return False


def _checksum(path: str, tick: Tick = never) -> str:
    checksum = 0
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
            tick()
        return f"{file.tell()} {checksum:08x}"


def _has_bytes(path: str) -> bool:
    try:
        return os.path.getsize(path) > 0
    except FileNotFoundError:
        return False


def judge(path: str, *, rows: bool = True, tick: Tick = never) -> Verdict:
    """Judge a database file: header, tables, every page, and the checksum of every row.

    Args:
        rows: check the pages and rows.

    Raises:
        OSError: the file cannot be read now.
    """
    if os.path.islink(path):
        raise link_error(path)
    try:
        if not os.path.isfile(path):
            return Verdict(BROKEN, "it is not a file") if os.path.lexists(path) else Verdict(MISSING)
        with open(path, "rb") as file:
            head = file.read(len(_MAGIC))
        if not head:
            return Verdict(MISSING)
        if head != _MAGIC:
            return Verdict(BROKEN, "it is not a database")
        with closing(sqlite.connect(path)) as connection:
            connection.set_progress_handler(tick, STEP)
            return _judge(connection, path, rows)
    except sqlite.Error as error:
        if sqlite.is_unavailable(error):
            with sqlite.as_os_error(os.path.basename(path)):
                raise
        return Verdict(BROKEN, clean_line(str(error)) or type(error).__name__)
    except UnicodeDecodeError:  # sqlite3 raises it for damaged names and messages
        return Verdict(BROKEN, "it has names that are not text")


def _judge(connection: sqlite.Connection, path: str, rows: bool) -> Verdict:
    version = sqlite.version(connection)
    if version > len(MIGRATIONS):
        return Verdict(NEWER, path)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return Verdict(MISSING)
    if missing := _TABLES - tables:
        return Verdict(BROKEN, f"the table {min(missing)} is missing")
    if rows and (wrong := checksums.damage(connection)):
        return Verdict(BROKEN, clean_line(wrong))
    salt = connection.execute("SELECT value FROM meta WHERE key = 'salt'").fetchone()
    number = number_of(connection) if version >= 3 else 0
    return Verdict(SOUND, "", salt[0] if salt else "", number, version)


def _has_content(paths: HomePaths) -> bool:
    return any(os.listdir(directory) for directory in (paths.files, paths.jobs) if os.path.isdir(directory))


def _set_aside(path: str, why: str, what: str) -> str:
    """Rename a file that cannot be used, with its write-ahead log. Return the message for the user."""
    aside = _free_name(path)
    _move_log(path, aside)
    _rename(path, aside)
    return f"{what} could not be used ({why}). It was set aside as {_shown(aside)}."


def _move_log(path: str, aside: str) -> None:
    for tail in ("-wal", "-shm"):
        _rename(path + tail, aside + tail)


def _rename(path: str, to: str) -> None:
    with suppress(FileNotFoundError):
        os.rename(path, to)


def _free_name(path: str, now: Callable[[], float] = time.time) -> str:
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now()))
    aside, count = f"{path}.aside-{stamp}", 1
    while os.path.lexists(aside) or os.path.lexists(f"{aside}-wal"):
        count += 1
        aside = f"{path}.aside-{stamp}-{count}"
    return aside


def _shown(path: str) -> str:
    return clean_line(os.fsencode(path).decode("utf-8", "replace"))
