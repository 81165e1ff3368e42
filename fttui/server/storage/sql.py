"""The service's database file: whole transactions, reads beside them, and its growth by versions.

A commit waits for the disk, and a list must not wait for that: reads have a connection of their own, which sees what
is committed.

The only module that knows SQLite, together with those that build on it (db.py, filerows.py).
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from fttui.server import ids
from fttui.server.storage.schema import VERSIONS

Connection = sqlite3.Connection
Row = sqlite3.Row


class UnknownVersion(Exception):
    """The database was written by a newer program."""


class Sql:
    """The database at `path`, made when it is missing, brought up to date when an older program wrote it.

    Raises:
        OSError: from every method, when the disk or the file fails.
        UnknownVersion: when a newer program wrote it.
    """

    def __init__(self, path: str) -> None:
        self._lock, self._reading = threading.RLock(), threading.Lock()
        with as_disk_trouble():
            self._connection = _connected(path)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._migrate()
            self._reader = _connected(path)
            self._reader.execute("PRAGMA query_only = ON")
            (self._salt,) = self._reader.execute("SELECT value FROM meta WHERE key = 'salt'").fetchone()

    def _migrate(self) -> None:
        with self._transaction() as sql:
            (version,) = sql.execute("PRAGMA user_version").fetchone()
            if version > len(VERSIONS):
                raise UnknownVersion(
                    f"the service's database has version {version}, this program knows {len(VERSIONS)}"
                )
            for change in VERSIONS[version:]:
                for statement in change.split(";\n"):
                    sql.execute(statement)
            if version == 0:
                sql.execute("INSERT INTO meta VALUES ('salt', ?)", (ids.new_salt(),))
            sql.execute(f"PRAGMA user_version = {len(VERSIONS)}")

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._lock, as_disk_trouble():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _rows(self, query: str, values: Iterable[Any] = ()) -> list[Row]:
        """What is committed: not for use within a transaction."""
        with self._reading, as_disk_trouble():
            return self._reader.execute(query, tuple(values)).fetchall()

    def close(self) -> None:
        """Fold the write-ahead log into the file, and let go."""
        with self._reading:
            self._reader.close()
        with self._lock:
            self._connection.close()  # the last one does the folding


def _connected(path: str) -> Connection:
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
    db.row_factory = sqlite3.Row
    return db


@contextmanager
def as_disk_trouble() -> Iterator[None]:
    """SQLite's complaints about the disk as what they are, so that nobody else needs to know SQLite."""
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        raise OSError(None, f"the service's database: {error}") from error
