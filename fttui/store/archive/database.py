"""Connections to the archive: one for reads, one for writes, and the handling of the disk's faults.

Reads are synchronous. Writes are coroutines: one thread runs them, each in its own transaction. A fault of the disk
is not raised: a broken file is set aside and a new one started, a file that cannot be written is replaced by memory
until it can be written again. `notices` tells the user.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from fttui import sqlite
from fttui.store.archive import restore, schema, set_aside
from fttui.store.archive.damage import Damage
from fttui.store.archive.overlay import Overlay
from fttui.store.archive.worker import ThreadWorker, Worker

T = TypeVar("T")

RETURN_EVERY = 60.0
"""Seconds between two attempts to return from memory to the disk."""


class Database:
    """The file of the archive, or memory in its place. One event loop owns it.

    Work on the database is a function of a connection and either the profile's key or a job's key.
    """

    def __init__(self, path: str, profile: str, *, worker: Worker | None = None) -> None:
        """Open the archive at `path`, or memory in its place. Never raises.

        Args:
            path: the file; an empty path means memory.
            profile: the profile whose rows are read and written.
            worker: runs the writes; None for a thread.
        """
        self.profile = profile
        self.path = ""
        """Path of the file. Empty while the archive is in memory."""
        self.notices: list[str] = []
        """Messages for the user."""
        self.damage = Damage(self.notices)
        """Rows with a wrong checksum that were read."""
        self.generation = 0
        """Number of new starts. After one, earlier writes are no longer in the archive."""
        self._worker = worker or ThreadWorker()
        self._lock: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
        self._fault: sqlite3.Error | None = None
        self._home = path
        self._memory_notice = ""
        self._tried_at = 0.0
        self._overlay: Overlay | None = None
        self._retired: list[sqlite3.Connection] = []
        self._open(path)

    # Reads

    def read(self, work: Callable[[sqlite3.Connection, int], T], otherwise: T) -> T:
        """Run `work(db, profile)`. Returns `otherwise` after a fault of the disk."""
        try:
            with self._lock, sqlite.text_errors():
                return work(self._reader, self._key)
        except sqlite3.Error as error:
            if self._is_damage(error):
                self._fault = error
            return otherwise

    def read_job(self, id: str, work: Callable[[sqlite3.Connection, int], T], otherwise: T) -> T:
        """Run `work(db, job)`. Returns `otherwise` for an unknown job and after a fault of the disk."""

        def read(db: sqlite3.Connection, profile: int) -> T:
            job = self._job(db, profile, id)
            return otherwise if job is None else work(db, job)

        return self.read(read, otherwise)

    def rows(self, sql: str, *values: object) -> list[Any]:
        """Return the rows of a query. The profile's key is its first parameter."""
        return self.read(lambda db, profile: db.execute(sql, (profile, *values)).fetchall(), [])

    def row(self, sql: str, *values: object) -> Any:
        """Return the first row of a query, or None. The profile's key is its first parameter."""
        return self.read(lambda db, profile: db.execute(sql, (profile, *values)).fetchone(), None)

    def query(self, sql: str) -> list[Any]:
        """Return the rows of a query over all profiles."""
        return self.read(lambda db, _: db.execute(sql).fetchall(), [])

    # Writes

    async def write(self, work: Callable[[sqlite3.Connection, int], T]) -> T:
        """Run `work(db, profile)` in a transaction, in the writing thread."""
        return await self.in_thread(lambda: self._write_now(work))

    async def write_job(self, id: str, work: Callable[[sqlite3.Connection, int], T], otherwise: T) -> T:
        """Run `work(db, job)` in a transaction, in the writing thread. Returns `otherwise` for an unknown job."""

        def write(db: sqlite3.Connection, profile: int) -> T:
            job = self._job(db, profile, id)
            return otherwise if job is None else work(db, job)

        return await self.write(write)

    async def execute(self, sql: str, *values: object) -> None:
        """Run one statement. The profile's key is its first parameter."""
        await self.write(lambda db, profile: db.execute(sql, (profile, *values)))

    async def execute_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        """Run one statement for each of `values`. The profile's key is its first parameter."""
        rows = list(values)
        await self.write(lambda db, profile: db.executemany(sql, [(profile, *row) for row in rows]))

    async def compact(self) -> None:
        """Return unused space to the disk, unless another process uses the file."""

        def compact() -> None:
            with contextlib.suppress(sqlite3.Error), self._lock:
                self._writer.execute("VACUUM")
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

        await self.in_thread(compact)

    async def close(self) -> None:
        """Finish pending writes and close the file. A file that a read found to be broken is set aside."""

        def close() -> None:
            if self.path and self._fault is not None:
                self._start_new_file(self._fault)
            if self._home and not self.path:
                self._return_to_disk()
            for db in {*self._retired, self._reader, self._writer}:
                with contextlib.suppress(sqlite3.Error):
                    db.close()

        await self._worker.close(close)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run `work` in the writing thread, after the writes before it."""
        return await self._worker.run(work)

    def _write_now(self, work: Callable[[sqlite3.Connection, int], T]) -> T:
        """Run `work` in a transaction. After a fault of the disk, run it again on the replacement."""
        if self._home and not self.path and time.monotonic() - self._tried_at >= RETURN_EVERY:
            self._return_to_disk()
        for tries in range(3):
            try:
                if self._fault is not None:
                    fault, self._fault = self._fault, None
                    raise fault
                return self._transact(work)
            except sqlite3.Error as error:
                if not self.path:
                    raise
                if not tries and sqlite.is_corrupt_index(error) and self._rebuild_indexes():
                    continue
                if self._is_damage(error):
                    self._start_new_file(error)
                elif sqlite.is_unavailable(error):
                    self._move_to_memory(set_aside.reason(error))
                else:
                    raise
        return self._transact(work)

    def _rebuild_indexes(self) -> bool:
        """Make the indexes again from the tables. A bit that changed in either makes it impossible to delete a row."""
        try:
            with sqlite.text_errors():
                self._writer.execute("REINDEX")
        except sqlite3.Error:
            return False
        return True

    def _is_damage(self, error: sqlite3.Error) -> bool:
        """Return whether the file is damaged. A changed name of a column is an error of the statement for SQLite."""
        is_statement = sqlite.code(error) == sqlite3.SQLITE_ERROR
        return sqlite.is_corrupt(error) or (is_statement and set_aside.has_wrong_schema(self._writer))

    def _transact(self, work: Callable[[sqlite3.Connection, int], T]) -> T:
        with self._lock, sqlite.text_errors(), sqlite.transaction(self._writer) as db:
            return work(db, self._key)

    def _job(self, db: sqlite3.Connection, profile: int, id: str) -> int | None:
        row = db.execute("SELECT key FROM jobs WHERE profile = ? AND id = ?", (profile, id)).fetchone()
        if row is not None and self._overlay is not None:
            self._overlay.copy_events(int(row[0]))
        return None if row is None else int(row[0])

    # File and memory

    def _open(self, path: str) -> None:
        if not path:
            self._use_memory()
            return
        try:
            self.path = path
            with sqlite.text_errors():
                self.path, notices = set_aside.prepare(path)
                self.notices += notices
                self._reader = _connect(self.path)
                self._writer = _connect(self.path)
                self._key = self._profile_key(self._writer)
        except (set_aside.Unusable, sqlite3.Error, OSError) as error:
            self._move_to_memory(set_aside.reason(error))

    def _use_memory(self) -> None:
        # One connection serves both sides: a memory database cannot be opened twice.
        self._reader = self._writer = _memory()
        self._lock = threading.RLock()
        self._key = self._profile_key(self._writer)
        self.path = ""

    def _move_to_memory(self, reason: str) -> None:
        """Continue in memory, with the content of the file copied where it can be read."""
        file = self.path
        self._retire()
        self._use_memory()
        self._tried_at = time.monotonic()
        if self._memory_notice not in self.notices:
            self._memory_notice = (
                f"The archive cannot be written ({reason}). New history is kept in memory until it can be written, and "
                "is lost if fttui ends before."
            )
            self.notices.append(self._memory_notice)
        if not file:
            return
        overlay = Overlay(self._writer, file)
        try:
            key = overlay.copy_profile(self.profile)
        except sqlite3.Error:
            self.generation += 1
            return
        if key is not None:
            self._key, self._overlay = key, overlay

    def _return_to_disk(self) -> None:
        """Move the content of memory into the file. If the file still cannot be written, nothing changes."""
        self._tried_at = time.monotonic()
        opened: list[sqlite3.Connection] = []
        with self._lock, contextlib.suppress(set_aside.Unusable, sqlite3.Error, OSError):
            path, notices = set_aside.prepare(self._home)
            opened += [_connect(path), _connect(path)]
            self._put_back(path)
            self._key = self._profile_key(opened[0])
            self._retire()
            self._reader, self._writer = opened
            self.path, opened = path, []
            self._overlay = None
            self.notices[:] = [notice for notice in self.notices if notice != self._memory_notice] + notices
            self._lock = contextlib.nullcontext()
        for db in opened:
            db.close()

    def _put_back(self, path: str) -> None:
        if self._overlay is not None:
            self._overlay.detach()
        try:
            restore.put_back(self._writer, path, self.profile, self._key)
        except sqlite3.Error:
            if self._overlay is not None:
                self._overlay.attach()
            raise

    def _start_new_file(self, error: sqlite3.Error) -> None:
        """Set the broken file aside and start a new one."""
        path = self.path
        self._retire()
        with contextlib.suppress(OSError):
            self.notices.append(set_aside.rename(path, set_aside.reason(error)))
        self._open(path)
        self.generation += 1

    def _retire(self) -> None:
        # The loop's thread may be reading from these connections now, so `close` closes them.
        self._retired += [db for db in (getattr(self, "_reader", None), getattr(self, "_writer", None)) if db]

    def _profile_key(self, db: sqlite3.Connection) -> int:
        found = db.execute("SELECT key FROM profiles WHERE name = ?", (self.profile,)).fetchone()
        if found is None:
            db.execute("INSERT OR IGNORE INTO profiles(name) VALUES (?)", (self.profile,))
            found = db.execute("SELECT key FROM profiles WHERE name = ?", (self.profile,)).fetchone()
        return int(found[0])


def _connect(path: str) -> sqlite3.Connection:
    db = sqlite.connect(path, busy_seconds=sqlite.BUSY_SECONDS)
    db.execute("PRAGMA synchronous = NORMAL")
    return db


def _memory() -> sqlite3.Connection:
    db = sqlite.connect_memory()
    sqlite.migrate(db, schema.MIGRATIONS, application_id=schema.APPLICATION_ID)
    return db
