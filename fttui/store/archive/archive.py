"""The archive of one profile: what was once seen is kept in SQLite on the person's own disk (design.md §7).

The verbs by which the store reads and writes it; `archive_engine` says what a call may cost and what becomes
of the disk's faults.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.job import Job
from fttui.models.raw_json import encode
from fttui.models.row import EventRow, JobRow
from fttui.store.archive import events as archive_log
from fttui.store.archive.events import LogState
from fttui.store.archive.files import Shelf
from fttui.store.archive.schema import NEWEST_FIRST, OF_JOBS, ROW_COLUMNS

CHUNK = 500
"""Rows in one transaction, so that no other process waits long."""
TOLD_FOR = 30 * 86400.0
"""Seconds for which a deletion is noted, for cockpits that are open."""


class JobEntry(NamedTuple):
    """A job as it is written."""

    row: JobRow
    raw: str
    digest: int
    due: bool
    """It changed, and its events have not been read since."""
    place: int = 0
    """See `places`."""


class Held(NamedTuple):
    """What is known of a job without its JSON."""

    row: JobRow
    digest: int
    place: int = 0


class ListState(NamedTuple):
    """How far the provider's list is known."""

    as_of: float | None = None
    complete: bool = False
    cursor: str | None = None
    walked_at: float | None = None


def _row(columns: Sequence[Any]) -> JobRow:
    return JobRow._make((*columns[:12], bool(columns[12]), columns[13], ""))


class Archive(Shelf):
    """One profile's part of the archive."""

    # The list

    def rows(self) -> list[JobRow]:
        """Every job, newest first."""
        sql = f"SELECT {ROW_COLUMNS} FROM jobs WHERE profile = ? ORDER BY {NEWEST_FIRST}"
        found = self._all(sql)
        return [_row(columns) for columns in found]

    def row(self, id: str) -> JobRow | None:
        sql = f"SELECT {ROW_COLUMNS} FROM jobs WHERE profile = ? AND id = ?"
        row = self._read(lambda db: db.execute(sql, (self._key, id)).fetchone(), None)
        return None if row is None else _row(row)

    def held(self, id: str) -> Held | None:
        """A job's row, and the digest of its JSON."""
        sql = f"SELECT digest, place, {ROW_COLUMNS} FROM jobs WHERE profile = ? AND id = ?"
        row = self._read(lambda db: db.execute(sql, (self._key, id)).fetchone(), None)
        return None if row is None else Held(_row(row[2:]), row[0], row[1])

    def digests(self) -> dict[str, int]:
        sql = "SELECT id, digest FROM jobs WHERE profile = ?"
        return dict(self._all(sql))

    def places(self) -> dict[str, int]:
        """See `places`."""
        return dict(self._all("SELECT id, place FROM jobs WHERE profile = ?"))

    def place_ends(self) -> tuple[int, int]:
        """The lowest and the highest place in use."""
        ((lowest, highest),) = self._all("SELECT min(place), max(place) FROM jobs WHERE profile = ?") or [(0, 0)]
        return lowest or 0, highest or 0

    async def save_places(self, places: Mapping[str, int]) -> None:
        """Other places of jobs that are held."""
        sql = "UPDATE jobs SET place = ? WHERE profile = ? AND id = ?"
        values = [(place, self._key, id) for id, place in places.items()]
        await self._write(lambda db: db.executemany(sql, values))

    def due(self) -> set[str]:
        """Jobs that changed after their events were last read."""
        sql = "SELECT id FROM jobs WHERE profile = ? AND due"
        return {id for (id,) in self._all(sql)}

    def logs(self) -> dict[str, LogState]:
        """The logs that were asked for at least once, without their ends (`top` and `bottom`)."""
        sql = (
            "SELECT j.id, l.cursor, l.step, l.total_steps, l.loss FROM logs l JOIN jobs j ON j.key = l.job "
            "WHERE j.profile = ?"
        )
        found = self._all(sql)
        return {row[0]: LogState(None, None, row[1], True, archive_log.Progress(*row[2:])) for row in found}

    def list_state(self) -> ListState:
        sql = "SELECT as_of, complete, cursor, walked_at FROM profiles WHERE key = ?"
        row = self._read(lambda db: db.execute(sql, (self._key,)).fetchone(), None)
        return ListState() if row is None else ListState(row[0], bool(row[1]), row[2], row[3])

    def body(self, id: str) -> str | None:
        """The job's JSON as last sent."""
        found = self._read_job(
            id, lambda db, job: db.execute("SELECT raw FROM bodies WHERE job = ?", (job,)).fetchone(), None
        )
        return None if found is None else str(found[0])

    def jobs_naming(self, text: str) -> list[Job]:
        """Jobs in whose JSON a text stands, newest first: each is looked through, so this is for rare questions."""
        sql = (
            "SELECT b.raw FROM jobs j JOIN bodies b ON b.job = j.key WHERE j.profile = ? AND instr(b.raw, ?) "
            f"ORDER BY {NEWEST_FIRST}"
        )
        found: list[Any] = self._read(lambda db: db.execute(sql, (self._key, json.dumps(text))).fetchall(), [])
        return [Job.read(json.loads(raw)) for (raw,) in found]

    async def save_jobs(self, entries: Sequence[JobEntry], now: float) -> None:
        """Write jobs that are new or another than before."""
        for start in range(0, len(entries), CHUNK):
            part = entries[start : start + CHUNK]

            def write(db: sqlite3.Connection, part: Sequence[JobEntry] = part) -> None:
                for entry in part:
                    self._save_job(db, entry, now)

            await self._write(write)

    def _save_job(self, db: sqlite3.Connection, entry: JobEntry, now: float) -> None:
        row = entry.row
        (key,) = db.execute(
            "INSERT INTO jobs(profile, id, status_text, model, suffix, method, fine_tuned_model, created_at, "
            "finished_at, trained_tokens, step, total_steps, loss, fault, digest, due, place, first_seen, last_seen) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(profile, id) DO UPDATE SET "
            "status_text = excluded.status_text, model = excluded.model, suffix = excluded.suffix, "
            "method = excluded.method, fine_tuned_model = excluded.fine_tuned_model, "
            "created_at = excluded.created_at, finished_at = excluded.finished_at, "
            "trained_tokens = excluded.trained_tokens, step = excluded.step, total_steps = excluded.total_steps, "
            "loss = excluded.loss, fault = excluded.fault, digest = excluded.digest, due = max(due, excluded.due), "
            "place = excluded.place, last_seen = excluded.last_seen, gone_at = NULL RETURNING key",
            (self._key, *row[:12], row.fault, entry.digest, entry.due, entry.place, now, now),
        ).fetchone()
        db.execute("INSERT OR REPLACE INTO bodies(job, raw) VALUES (?, ?)", (key, entry.raw))

    async def set_gone(self, ids: Collection[str], gone_at: float | None) -> None:
        """The provider no longer lists these jobs (or, with None, lists them again)."""
        await self._write(
            lambda db: db.executemany(
                "UPDATE jobs SET gone_at = ? WHERE profile = ? AND id = ?",
                [(gone_at, self._key, id) for id in ids],
            )
        )

    async def settle(self, id: str) -> None:
        """The job's events are read as they are after its last change."""
        await self._write(
            lambda db: db.execute("UPDATE jobs SET due = 0 WHERE profile = ? AND id = ?", (self._key, id))
        )

    async def save_list_state(self, state: ListState) -> None:
        await self._write(
            lambda db: db.execute(
                "UPDATE profiles SET as_of = max(?, coalesce(as_of, 0)), complete = ?, cursor = ?, walked_at = ? "
                "WHERE key = ?",
                (*state, self._key),
            )
        )

    def synced(self) -> set[str]:
        """Jobs whose whole history is held, and that have not changed since that was so."""
        sql = "SELECT j.id FROM jobs j JOIN synced s ON s.job = j.key AND s.digest = j.digest WHERE j.profile = ?"
        return {id for (id,) in self._all(sql)}

    async def set_synced(self, id: str) -> None:
        """The whole history of a job is held."""
        sql = "INSERT OR REPLACE INTO synced(job, digest) SELECT key, digest FROM jobs WHERE profile = ? AND id = ?"
        await self._write(lambda db: db.execute(sql, (self._key, id)))

    async def delete_job(self, id: str, now: float, files: Collection[str] = ()) -> bool:
        """Take a job and all that belongs to it out of the archive. Returns whether it was there.

        Args:
            files: the content of these goes as well.
        """

        def delete(db: sqlite3.Connection, job: int) -> bool:
            for table in OF_JOBS:
                db.execute(f"DELETE FROM {table} WHERE job = ?", (job,))
            db.execute("DELETE FROM jobs WHERE key = ?", (job,))
            db.execute("DELETE FROM deleted WHERE at < ?", (now - TOLD_FOR,))
            db.execute("INSERT INTO deleted(profile, id, at) VALUES (?, ?, ?)", (self._key, id, now))
            db.executemany(
                "UPDATE files SET content = NULL WHERE profile = ? AND id = ?", [(self._key, file) for file in files]
            )
            db.execute("DELETE FROM files WHERE profile = ? AND raw IS NULL AND content IS NULL", (self._key,))
            return True

        return await self._write_job(id, delete, False)

    def deleted(self, since: int = 0) -> tuple[int, set[str]]:
        """The number of the last deletion, and the jobs deleted after the one of number `since` and not seen again."""
        sql = "SELECT max(number) FROM deleted WHERE profile = ?"
        ((newest,),) = self._all(sql) or [(None,)]
        if newest is None or newest <= since:
            return newest or 0, set()
        sql = (
            f"SELECT id FROM deleted d WHERE profile = ? AND number > {since:d} "
            "AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.profile = d.profile AND j.id = d.id)"
        )
        return newest, {id for (id,) in self._all(sql)}

    # One job's log

    def log_state(self, id: str) -> LogState:
        return self._read_job(id, archive_log.state, LogState())

    def known_events(self, id: str, event_ids: Iterable[str]) -> set[str]:
        return self._read_job(id, lambda db, job: archive_log.known(db, job, event_ids), set())

    def newest_event_id(self, id: str) -> str | None:
        return self._read_job(id, archive_log.newest_id, None)

    def events(
        self, id: str, *, before: int | None = None, after: int | None = None, limit: int = 500
    ) -> list[EventRow]:
        """Events oldest first: the newest `limit`, or those next to `before` or `after` a sequence number."""
        return self._read_job(
            id, lambda db, job: archive_log.read(db, job, before=before, after=after, limit=limit), []
        )

    def raw_events(self, id: str) -> list[str]:
        """Every event as sent, as JSON text, oldest first."""
        return self._read_job(id, archive_log.raw_events, [])

    def points(self, id: str) -> list[tuple[int, dict[str, float]]]:
        """What was measured, by step."""
        return self._read_job(id, archive_log.points, [])

    async def append_events(self, id: str, events: Sequence[Event], *, joined: bool, cursor: str | None) -> bool:
        """See `archive_log.append`."""
        return await self._write_job(
            id, lambda db, job: archive_log.append(db, job, events, joined=joined, cursor=cursor), False
        )

    async def prepend_events(self, id: str, events: Sequence[Event], *, asked: str, cursor: str | None) -> bool:
        """See `archive_log.prepend`."""
        return await self._write_job(
            id, lambda db, job: archive_log.prepend(db, job, events, asked=asked, cursor=cursor), False
        )

    def checkpoints(self, id: str) -> list[str]:
        """Every checkpoint ever seen, as JSON text, by step."""
        sql = "SELECT raw FROM checkpoints WHERE job = ? ORDER BY step, created_at, id"
        found: list[Any] = self._read_job(id, lambda db, job: db.execute(sql, (job,)).fetchall(), [])
        return [raw for (raw,) in found]

    async def save_checkpoints(self, id: str, checkpoints: Sequence[Checkpoint]) -> bool:
        """Keep checkpoints beside those the provider has dropped. Returns whether any is new or another."""

        def write(db: sqlite3.Connection, job: int) -> bool:
            before = db.total_changes
            db.executemany(
                "INSERT INTO checkpoints(job, id, step, created_at, raw) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT(job, id) DO UPDATE SET step = excluded.step, created_at = excluded.created_at, "
                "raw = excluded.raw WHERE raw IS NOT excluded.raw",
                [(job, item.id, item.step_number, item.created_at, encode(item.raw)) for item in checkpoints],
            )
            return db.total_changes > before

        return await self._write_job(id, write, False)
