"""How the archive stands on the disk: one reader, one writing thread, and what becomes of the disk's faults.

Reads are synchronous: they run inside the message that needs them. Writes are coroutines; one thread does
them, each in a transaction of its own. Nothing here raises for what a disk can do: a file that proves broken
is set aside and begun anew, one that cannot be written is carried on in memory until it can be again, and `notices`
says so.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fttui.store.archive import database_file, restore

T = TypeVar("T")

RETURN_EVERY = 60.0
"""Seconds between two tries to go back from memory to the disk."""


class Engine:
    """The archive's file, or what stands in for it. Owned by one event loop."""

    def __init__(self, path: str, profile: str, *, threaded: bool = True) -> None:
        """Open the archive at `path`, or what can be had instead; an empty path means memory. Never raises.

        Args:
            profile: whose part of the archive this is.
            threaded: False does writes where they are asked for: for tests with a clock of their own.
        """
        self.profile = profile
        self.path = ""
        """Where the file lies; empty while the archive is in memory."""
        self.notices: list[str] = []
        """What the person must be told: what was set aside, what cannot be kept."""
        self.generation = 0
        """Rises when the archive was begun anew: what was written before is no longer in it."""
        self._threaded = threaded
        self._pool: ThreadPoolExecutor | None = None
        self._lock: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
        self._fault: sqlite3.Error | None = None
        self._home = path
        self._notice = ""
        self._tried_at = 0.0
        self._overlays = False
        self._brought: set[int] = set()
        self._retired: list[sqlite3.Connection] = []
        self._open(path)

    # Opening, and what becomes of faults

    def _open(self, path: str) -> None:
        if not path:
            self._use_memory()
            return
        try:
            self.path = path
            self.path, told = database_file.prepare(path)
            self.notices += told
            self._reader = database_file.connect(self.path)
            self._writer = database_file.connect(self.path)
            self._key = self._profile_key(self._writer)
        except (database_file.Unusable, sqlite3.Error, OSError) as error:
            self._to_memory(database_file.why(error))

    def _use_memory(self) -> None:
        db = database_file.in_memory()
        # One connection serves both sides: a memory database cannot be opened twice.
        self._reader = self._writer = db
        self._lock = threading.RLock()
        self._key = self._profile_key(db)
        self.path = ""

    def _to_memory(self, reason: str) -> None:
        """Go on without the disk; what the file holds stays readable where it can be."""
        old = self.path
        self._retire()
        self._use_memory()
        self._tried_at = time.monotonic()
        if self._notice not in self.notices:
            self._notice = (
                f"The archive cannot be written ({reason}). New history is in memory until it can be, and is lost if "
                "fttui ends before."
            )
            self.notices.append(self._notice)
        if old:
            try:
                self._overlay(old)
            except sqlite3.Error:
                with contextlib.suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                self.generation += 1

    def _overlay(self, old: str) -> None:
        """Take over this profile's tables from a file; the long logs are brought job by job when asked for."""
        db = self._writer
        self._attach_old(old)
        row = db.execute("SELECT key FROM old.profiles WHERE name = ?", (self.profile,)).fetchone()
        if row is None:
            return
        db.execute("BEGIN")
        db.execute("DELETE FROM main.profiles")
        db.execute("INSERT INTO main.profiles SELECT * FROM old.profiles")
        self._key = row[0]
        # A disk that is full may hold an archive that could not be brought up to date.
        held = {name for (name,) in db.execute("SELECT name FROM old.sqlite_master WHERE type = 'table'")}
        for table in held & {"jobs", "models", "creates", "absent", "deleted"}:
            columns = ", ".join(name for _, name, *_ in db.execute(f"PRAGMA old.table_info({table})"))
            db.execute(
                f"INSERT INTO main.{table}({columns}) SELECT {columns} FROM old.{table} WHERE profile = ?", (self._key,)
            )
        db.execute(
            "INSERT INTO main.files SELECT profile, id, raw, NULL, last_seen FROM old.files WHERE profile = ?",
            (self._key,),
        )
        for table in held & {"bodies", "logs", "checkpoints", "synced"}:
            db.execute(
                f"INSERT INTO main.{table} SELECT o.* FROM old.{table} o JOIN old.jobs j ON j.key = o.job "
                "WHERE j.profile = ?",
                (self._key,),
            )
        db.execute("COMMIT")
        self._overlays = True

    def _attach_old(self, path: str) -> None:
        db = self._writer
        try:
            db.execute("ATTACH ? AS old", (database_file.uri(path, "ro"),))
            db.execute("SELECT 1 FROM old.profiles LIMIT 1").fetchall()
        except sqlite3.Error:
            # Where SQLite cannot even make its lock files, what was last merged into the file can still be read.
            with contextlib.suppress(sqlite3.Error):
                db.execute("DETACH old")
            db.execute("ATTACH ? AS old", (database_file.uri(path, "ro") + "&immutable=1",))

    def _return(self) -> None:
        """Go back from memory to the disk, if it can be written again; otherwise go on as before."""
        self._tried_at = time.monotonic()
        opened: list[sqlite3.Connection] = []
        with self._lock, contextlib.suppress(database_file.Unusable, sqlite3.Error, OSError):
            path, told = database_file.prepare(self._home)
            opened += [database_file.connect(path), database_file.connect(path)]
            self._put_back(path)
            self._key = self._profile_key(opened[0])
            self._retire()
            self._reader, self._writer = opened
            self.path, opened = path, []
            self._overlays, self._brought = False, set()
            self.notices = [notice for notice in self.notices if notice != self._notice] + told
            self._lock = contextlib.nullcontext()
        for db in opened:
            db.close()

    def _put_back(self, path: str) -> None:
        db = self._writer
        with contextlib.suppress(sqlite3.Error):  # there may be none
            db.execute("DETACH old")
        try:
            db.execute("ATTACH ? AS disk", (database_file.uri(path, "rw"),))
            try:
                restore.put_back(db, self.profile, self._key)
            finally:
                db.execute("DETACH disk")
        except sqlite3.Error:
            if self._overlays:
                self._attach_old(path)
            raise

    def _bring(self, db: sqlite3.Connection, job: int) -> None:
        """Copy a job's log from the file underneath, once."""
        if self._overlays and job not in self._brought:
            self._brought.add(job)
            with contextlib.suppress(sqlite3.Error):
                for table in ("events", "points"):
                    db.execute(
                        f"INSERT OR IGNORE INTO main.{table} SELECT * FROM old.{table} WHERE job = ?",
                        (job,),
                    )

    def _begin_anew(self, error: sqlite3.Error) -> None:
        """The open file proved broken: set it aside and start another."""
        path = self.path
        self._retire()
        with contextlib.suppress(OSError):
            self.notices.append(database_file.set_aside(path, database_file.why(error)))
        self._open(path)
        self.generation += 1

    def _retire(self) -> None:
        # The loop's thread may be reading from it this moment; it is closed at the end.
        self._retired += [db for db in (getattr(self, "_reader", None), getattr(self, "_writer", None)) if db]

    def _profile_key(self, db: sqlite3.Connection) -> int:
        found = db.execute("SELECT key FROM profiles WHERE name = ?", (self.profile,)).fetchone()
        if found is None:
            db.execute("INSERT OR IGNORE INTO profiles(name) VALUES (?)", (self.profile,))
            found = db.execute("SELECT key FROM profiles WHERE name = ?", (self.profile,)).fetchone()
        return int(found[0])

    # The two ways in

    def _read(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        try:
            with self._lock:
                return work(self._reader)
        except sqlite3.Error as error:
            if database_file.is_broken(error):
                self._fault = error
            return otherwise

    def _read_job(self, id: str, work: Callable[[sqlite3.Connection, int], T], otherwise: T) -> T:
        def read(db: sqlite3.Connection) -> T:
            job = self._job(db, id)
            if job is None:
                return otherwise
            self._bring(db, job)
            return work(db, job)

        return self._read(read, otherwise)

    def _job(self, db: sqlite3.Connection, id: str) -> int | None:
        row = db.execute("SELECT key FROM jobs WHERE profile = ? AND id = ?", (self._key, id)).fetchone()
        return None if row is None else int(row[0])

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._apart(lambda: self._write_now(work))

    async def _apart(self, work: Callable[[], T]) -> T:
        """Do `work` in the writing thread."""
        if not self._threaded:
            return work()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="archive")
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _write_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in a transaction; where the disk fails, do it again on what replaces it."""
        if self._home and not self.path and time.monotonic() - self._tried_at >= RETURN_EVERY:
            self._return()
        for _ in range(3):
            try:
                if self._fault is not None:
                    fault, self._fault = self._fault, None
                    raise fault
                return self._transact(work)
            except sqlite3.Error as error:
                if not self.path:
                    raise
                if database_file.is_broken(error):
                    self._begin_anew(error)
                elif database_file.is_unusable(error):
                    self._to_memory(database_file.why(error))
                else:
                    raise
        return self._transact(work)

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            db = self._writer
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
                db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise
            return result

    async def _write_job(self, id: str, work: Callable[[sqlite3.Connection, int], T], otherwise: T) -> T:
        def write(db: sqlite3.Connection) -> T:
            job = self._job(db, id)
            if job is None:
                return otherwise
            self._bring(db, job)
            return work(db, job)

        return await self._write(write)

    async def compact(self) -> None:
        """Give space that is no longer needed back to the disk, unless another process is in the way."""

        def compact() -> None:
            with contextlib.suppress(sqlite3.Error), self._lock:
                self._writer.execute("VACUUM")
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

        await self._apart(compact)

    async def close(self) -> None:
        """Finish what is being written and close the file."""

        def close() -> None:
            if self._home and not self.path:
                self._return()
            for db in {*self._retired, self._reader, self._writer}:
                with contextlib.suppress(sqlite3.Error):
                    db.close()

        if self._pool is None:
            close()
        else:
            await asyncio.get_running_loop().run_in_executor(self._pool, close)
            self._pool.shutdown()
