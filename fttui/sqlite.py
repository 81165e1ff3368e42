"""SQLite files: connections, transactions, schema versions and the kinds of failure.

The archive and the embedded service each keep their data in one SQLite file. They write the SQL; everything else about
SQLite is here. Functions raise `sqlite3.Error`; `Database` raises `OSError`, so that its callers need not know SQLite.
"""

import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, Protocol

from fttui.own_files import link_error, open_own

Connection = sqlite3.Connection
Row = sqlite3.Row
Error = sqlite3.Error

BUSY_SECONDS = 5.0
"""Seconds to wait for a transaction of another process. A transaction takes milliseconds."""

_FULL = frozenset({sqlite3.SQLITE_FULL})
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_INACCESSIBLE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})


class NewerVersion(Exception):
    """A newer program wrote the database."""


class BadText(sqlite3.DatabaseError):
    """A text in the database is damaged."""


# Connections


def connect(
    path: str,
    *,
    create: bool = False,
    busy_seconds: float = BUSY_SECONDS,
    kind: type[Connection] = Connection,
) -> Connection:
    """Open a database file in autocommit mode, for use from any thread.

    Args:
        create: create a missing file, readable by its owner only. SQLite gives its journal files the same mode.
        kind: class of the connection.

    Raises:
        sqlite3.Error: the file cannot be opened.
        OSError: the file cannot be created, or it is a symbolic link.
    """
    if create:
        os.close(open_own(path, os.O_RDWR | os.O_CREAT))
    elif os.path.islink(path):
        raise link_error(path)
    return sqlite3.connect(
        uri(path, "rw"), uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False, factory=kind
    )


def connect_foreign(uri: str) -> Connection:
    """Open a database of another program, for reading by one thread at a time.

    The schema is not trusted: its views and triggers call no functions. Text that is not UTF-8 is replaced.

    Args:
        uri: as `uri` returns it, with further parameters.
    """
    connection = sqlite3.connect(uri, uri=True, timeout=1.0, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def connect_memory() -> Connection:
    """Open a database that lives as long as the connection."""
    return sqlite3.connect("file::memory:", uri=True, isolation_level=None, check_same_thread=False)


def uri(path: str, mode: str) -> str:
    """Return the URI that opens an existing file in `mode` (`ro` or `rw`)."""
    from urllib.parse import quote  # late: the first frame does not need it

    return f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode={mode}"


def use_wal(connection: Connection) -> None:
    """Switch the file to a write-ahead log, so that readers do not wait for a writer."""
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        connection.execute("PRAGMA journal_mode = WAL").fetchall()


# Transactions and versions


@contextmanager
def transaction(connection: Connection) -> Iterator[Connection]:
    """Commit everything done in the block, or nothing when the block raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def version(connection: Connection) -> int:
    """Return the schema version of the file: 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def owner(connection: Connection) -> int:
    """Return the application id of the file: 0 when none was set."""
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


def migrate(connection: Connection, migrations: Sequence[str], *, application_id: int = 0) -> None:
    """Bring the schema to the newest version, one transaction a version.

    Args:
        migrations: the SQL that leads from each version to the next, oldest first; statements end with `;` and a
            line break.
        application_id: the mark of the program in the file's header.

    Raises:
        NewerVersion: the file has a version that `migrations` does not reach. The file is not changed.
        sqlite3.Error: a step failed. The file has the version of the last step that succeeded.
    """
    while True:
        with transaction(connection):
            # Read inside the transaction: another process may have migrated the file meanwhile.
            found = version(connection)
            if found > len(migrations):
                raise NewerVersion(f"the database has version {found}, this program knows {len(migrations)}")
            if found == len(migrations):
                return
            for statement in migrations[found].split(";\n"):
                connection.execute(statement)
            if application_id:
                connection.execute(f"PRAGMA application_id = {application_id}")
            connection.execute(f"PRAGMA user_version = {found + 1}")


# Kinds of failure


def code(error: sqlite3.Error) -> int:
    """Return the primary result code of SQLite; 0 for errors of Python's `sqlite3` module itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_full(error: sqlite3.Error) -> bool:
    """Return whether the disk is full."""
    return code(error) in _FULL


def is_corrupt(error: sqlite3.Error) -> bool:
    """Return whether the file is damaged or not a database. The disk and other processes are not at fault."""
    return code(error) in _CORRUPT or isinstance(error, BadText)


def is_corrupt_index(error: sqlite3.Error) -> bool:
    """Return whether an index and its table differ. The table may be sound, and `REINDEX` makes the index anew."""
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CORRUPT_INDEX


@contextmanager
def text_errors() -> Iterator[None]:
    """Raise `BadText` for bytes that are not UTF-8, which SQLite hands out without a look."""
    try:
        yield
    except (UnicodeDecodeError, sqlite3.OperationalError) as error:
        if isinstance(error, UnicodeDecodeError) or "Could not decode to UTF-8" in str(error):
            raise BadText("a text has bytes that are not UTF-8") from None  # the error has the text
        raise


def is_unavailable(error: sqlite3.Error) -> bool:
    """Return whether the file cannot be used now: full disk, lock, missing permission, read-only or failing disk."""
    return code(error) in _FULL | _LOCKED | _INACCESSIBLE


@contextmanager
def as_os_error(name: str) -> Iterator[None]:
    """Raise `OSError` for failures of the disk and the file; `ENOSPC` when the disk is full.

    Errors of the program (a violated constraint, wrong use of the module) pass unchanged.

    Args:
        name: the database, for the message.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        raise OSError(errno.ENOSPC if is_full(error) else errno.EIO, f"{name}: {error}") from error


Change = tuple[str, Any]
"""A statement that changes rows, and its values."""


class _Recorder(Connection):
    """Connection that notes the changes of the transaction in progress."""

    changes: list[Change] | None = None

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        cursor = super().execute(sql, parameters)
        if self.changes is not None and sql.startswith(("INSERT", "UPDATE", "DELETE")):
            self.changes.append((sql, dict(parameters) if isinstance(parameters, Mapping) else list(parameters)))
        return cursor


class ChangeLog(Protocol):
    """Record of all changes, beside the database."""

    def append(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Record the changes of a transaction that is about to be committed."""

    def undo(self) -> None:
        """Remove the last record: the transaction was not committed."""


class Database:
    """A database file for one process: a connection for writing, and a read-only one beside it.

    A commit waits for the disk. Reads do not wait for it, because they have a connection of their own; they see what
    is committed. All methods may be called from any thread.

    Raises:
        OSError: from every method, when the disk or the file fails.
    """

    def __init__(
        self,
        path: str,
        migrations: Sequence[str],
        *,
        busy_seconds: float = BUSY_SECONDS,
        prepare: Callable[[Connection, bool], None] | None = None,
        log: ChangeLog | None = None,
    ) -> None:
        """Open the database, create it when it is missing, and migrate it.

        Args:
            prepare: called with the connection for writing, and whether the schema was new or migrated.
            log: gets the changes of each transaction before it is committed.

        Raises:
            NewerVersion: a newer program wrote it.
        """
        self.path = path
        self._name = os.path.basename(path)
        self._log = log
        self.is_corrupt = False
        """Whether the file was found to be damaged since it was opened."""
        self._writing, self._reading = threading.RLock(), threading.Lock()
        with as_os_error(self._name):
            self._writer = connect(path, create=True, busy_seconds=busy_seconds, kind=_Recorder)
            try:
                use_wal(self._writer)
                self._writer.execute("PRAGMA synchronous = FULL")
                found = version(self._writer)
                migrate(self._writer, migrations)
                if prepare is not None:
                    prepare(self._writer, found < len(migrations))
                self._reader = connect(path, busy_seconds=busy_seconds)
            except BaseException:
                self._writer.close()
                raise
        self._reader.execute("PRAGMA query_only = ON")
        self._writer.row_factory = self._reader.row_factory = sqlite3.Row

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commit everything done in the block, or nothing when the block raises. Other threads wait."""
        with self._writing, self._watched(), self._logged(), transaction(self._writer) as connection:
            yield connection
            self._record(connection)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Raise `OSError` for failures of the disk and the file, and note damage."""
        with as_os_error(self._name):
            try:
                yield
            except Error as error:
                self.is_corrupt = self.is_corrupt or is_corrupt(error)
                raise

    @contextmanager
    def _logged(self) -> Iterator[None]:
        """Note the changes of the block. Take a record back when the block raises after it was made."""
        assert isinstance(self._writer, _Recorder)
        self._writer.changes = None if self._log is None else []
        self._recorded = False
        try:
            yield
        except BaseException:
            if self._recorded and self._log is not None:
                self._log.undo()
            raise

    def _record(self, connection: Connection) -> None:
        assert isinstance(connection, _Recorder)
        if self._log is not None and (changes := connection.changes):
            connection.changes = None
            self._recorded = True
            self._log.append(connection, changes)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let no transaction begin during the block."""
        with self._writing:
            yield

    def copy_to(self, path: str) -> None:
        """Write what is committed to a new database file. Readers and writers need not wait."""
        with (
            as_os_error(self._name),
            closing(connect(self.path)) as source,
            closing(connect(path, create=True)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, without a log beside it

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[Row]:
        """Return committed rows. Do not use it inside a transaction, whose changes it does not see."""
        with self._reading, self._watched():
            return self._reader.execute(query, tuple(values)).fetchall()

    def close(self) -> None:
        """Merge the write-ahead log into the file and close it."""
        with self._reading:
            self._reader.close()
        with self._writing:
            self._writer.close()  # the last connection merges the log
