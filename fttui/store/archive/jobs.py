"""Jobs of a profile in the archive: list columns, JSON, checkpoints, and how far the provider's list is known."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from fttui.checksums import row_sum
from fttui.models.checkpoint import Checkpoint
from fttui.models.job import Job
from fttui.models.raw_json import decode, digest, encode
from fttui.models.row import JobRow
from fttui.models.summary import Summary
from fttui.store.archive.damage import is_sound, sum_stored
from fttui.store.archive.database import Database
from fttui.store.archive.schema import (
    CHECKPOINT_COLUMNS,
    JOBS,
    NEWEST_FIRST,
    OF_JOBS,
    ROW_COLUMNS,
    SUMMARY_COLUMNS,
    UNREAD_END,
    row_of,
)

CHUNK = 500
"""Most rows in one transaction: other processes wait for its end."""
_MOST_IDS = 500
"""Most ids in one query."""
DELETION_KEPT = 30 * 86400.0
"""Seconds to keep the record of a deletion, which tells open cockpits of it."""


class JobEntry(NamedTuple):
    """A job to be written."""

    row: JobRow
    raw: str
    digest: int
    """Digest of `raw`."""
    due: bool
    """The job changed after its events were last fetched."""
    place: int = 0
    """Rank among jobs of the same second: see `JobOrder`."""


class HeldJob(NamedTuple):
    """A recorded job without its JSON: its digest, by which a change is seen, and its place in the order."""

    digest: int
    place: int
    created_at: float | None
    gone: bool


class ListState(NamedTuple):
    """Extent of the provider's list that is known."""

    as_of: float | None = None
    """Unix seconds of the last fetch of the newest page."""
    complete: bool = False
    """The list was walked to its end at least once."""
    cursor: str | None = None
    """Cursor at which an unfinished walk continues."""
    walked_at: float | None = None
    """Unix seconds of the last whole walk in one run."""


class ArchiveJobs:
    """Jobs of one profile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # The list

    def rows(self) -> list[JobRow]:
        """Return all jobs, newest first."""
        sql = f"SELECT {ROW_COLUMNS} FROM {JOBS} WHERE profile = ? ORDER BY {NEWEST_FIRST}"
        return [row_of(columns) for columns in self._database.rows(sql)]

    def row(self, id: str) -> JobRow | None:
        """Return one job as a row, or None for an unknown job."""
        columns = self._database.row(f"SELECT {ROW_COLUMNS} FROM {JOBS} WHERE profile = ? AND id = ?", id)
        return None if columns is None else row_of(columns)

    def held(self, ids: Sequence[str]) -> dict[str, HeldJob]:
        """Return what is recorded of these jobs by id. Unknown jobs are left out."""
        found: dict[str, HeldJob] = {}
        for start in range(0, len(ids), _MOST_IDS):
            part = ids[start : start + _MOST_IDS]
            sql = (
                "SELECT id, digest, place, created_at, gone_at IS NOT NULL FROM jobs "
                f"WHERE profile = ? AND id IN ({', '.join('?' * len(part))})"
            )
            for id, *columns in self._database.rows(sql, *part):
                found[id] = HeldJob(*columns)
        return found

    def digests(self) -> dict[str, int]:
        """Return the digest of each job's JSON by id."""
        return dict(self._database.rows("SELECT id, digest FROM jobs WHERE profile = ?"))

    def due(self) -> set[str]:
        """Return the jobs that changed after their events were last fetched."""
        return {id for (id,) in self._database.rows("SELECT id FROM jobs WHERE profile = ? AND due")}

    def unread_ends(self) -> set[str]:
        """Return the jobs that have ended, but whose events end before that."""
        return {id for (id,) in self._database.rows(f"SELECT id FROM jobs WHERE profile = ? AND {UNREAD_END}")}

    def list_state(self) -> ListState:
        """Return how far the provider's list is known."""
        row = self._database.row("SELECT as_of, complete, cursor, walked_at FROM profiles WHERE key = ?")
        return ListState() if row is None else ListState(row[0], bool(row[1]), row[2], row[3])

    async def save_list_state(self, state: ListState) -> None:
        """Record how far the provider's list is known."""
        sql = (
            "UPDATE profiles SET as_of = max(?, coalesce(as_of, 0)), complete = ?, cursor = ?, walked_at = ? "
            "WHERE key = ?"
        )
        await self._database.write(lambda db, profile: db.execute(sql, (*state, profile)))

    def failure(self) -> tuple[str, float] | None:
        """Return the state of the connection and its beginning, if the last poll failed."""
        row = self._database.row("SELECT failure, failed_at FROM profiles WHERE key = ?")
        return None if row is None or row[0] is None else (row[0], row[1])

    async def save_failure(self, failure: tuple[str, float] | None) -> None:
        """Record the state of the connection after a failed poll, or with None that the last poll succeeded."""
        sql = "UPDATE profiles SET failure = ?, failed_at = ? WHERE key = ?"
        await self._database.write(lambda db, profile: db.execute(sql, (*(failure or (None, None)), profile)))

    # The order of jobs of the same second

    def places(self) -> dict[str, int]:
        """Return the place of each job by id."""
        return dict(self._database.rows("SELECT id, place FROM jobs WHERE profile = ?"))

    def place_range(self) -> tuple[int, int]:
        """Return the lowest and the highest place in use."""
        lowest, highest = self._database.row("SELECT min(place), max(place) FROM jobs WHERE profile = ?") or (0, 0)
        return lowest or 0, highest or 0

    async def save_places(self, places: Mapping[str, int]) -> None:
        """Record new places of jobs."""
        sql = "UPDATE jobs SET place = ? WHERE profile = ? AND id = ?"
        await self._database.write(
            lambda db, profile: db.executemany(sql, [(place, profile, id) for id, place in places.items()])
        )

    # Single jobs

    def body(self, id: str) -> str | None:
        """Return the JSON of a job as last sent, or None for an unknown job."""
        sql = "SELECT raw FROM bodies WHERE job = ?"
        found = self._database.read_job(id, lambda db, job: db.execute(sql, (job,)).fetchone(), None)
        return None if found is None else str(found[0])

    def containing(self, text: str) -> list[Job]:
        """Return the jobs whose JSON contains a string, newest first. Slow: searches every job."""
        sql = (
            "SELECT b.raw FROM jobs j JOIN bodies b ON b.job = j.key WHERE j.profile = ? AND instr(b.raw, ?) "
            f"ORDER BY {NEWEST_FIRST}"
        )
        return [Job.read(decode(raw)) for (raw,) in self._database.rows(sql, json.dumps(text))]

    def naming(self, id: str) -> list[str]:
        """Return the jobs whose JSON has this id of a file or model, newest first. Slow: searches every job."""
        sql = (
            "SELECT j.id FROM jobs j JOIN bodies b ON b.job = j.key WHERE j.profile = ? AND instr(b.raw, ?) "
            f"ORDER BY {NEWEST_FIRST}"
        )
        return [job for (job,) in self._database.rows(sql, json.dumps(id))]

    def trained_on(self, files: Collection[str], after: int = 0) -> tuple[list[str], int]:
        """Return the jobs with one of these training files that were recorded after job number `after`.

        The second value is the number of the newest job. Slow: reads the JSON of every such job.
        """
        (newest,) = self._database.row("SELECT max(key) FROM jobs WHERE profile = ?") or (None,)
        member = "CASE WHEN json_valid(b.raw) THEN json_extract(b.raw, '$.training_file') END"
        sql = (
            "SELECT j.id FROM jobs j JOIN bodies b ON b.job = j.key WHERE j.profile = ? AND j.key > ? "
            f"AND {member} IN ({', '.join('?' * len(files))})"
        )
        return [id for (id,) in self._database.rows(sql, after, *files)], newest or after

    async def save(self, entries: Sequence[JobEntry], now: float) -> None:
        """Record new and changed jobs."""
        for start in range(0, len(entries), CHUNK):
            part = entries[start : start + CHUNK]

            def write(db: sqlite3.Connection, profile: int, part: Sequence[JobEntry] = part) -> None:
                for entry in part:
                    _save(db, profile, entry, now)

            await self._database.write(write)

    async def set_gone(self, ids: Collection[str], gone_at: float | None) -> None:
        """Record that the provider no longer lists these jobs, or with None that it lists them again."""
        sql = "UPDATE jobs SET gone_at = ? WHERE profile = ? AND id = ?"
        await self._database.write(lambda db, profile: db.executemany(sql, [(gone_at, profile, id) for id in ids]))

    async def clear_due(self, id: str) -> None:
        """Record that the events of a job were fetched after its last change."""
        await self._database.execute("UPDATE jobs SET due = 0 WHERE profile = ? AND id = ?", id)

    def waits(self, other_than: str, limit: int) -> list[float]:
        """Return the seconds from creation to the first step of the newest jobs for which both are known."""
        sql = (
            "SELECT start - created_at FROM (SELECT created_at, (SELECT at FROM points WHERE job = jobs.key "
            "AND at IS NOT NULL ORDER BY step LIMIT 1) AS start FROM jobs WHERE profile = ? AND id != ? "
            "AND created_at IS NOT NULL ORDER BY created_at DESC LIMIT 100) WHERE start >= created_at LIMIT ?"
        )
        return [seconds for (seconds,) in self._database.rows(sql, other_than, limit)]

    def synced(self) -> set[str]:
        """Return the jobs whose whole history is recorded and that have not changed since."""
        sql = "SELECT j.id FROM jobs j JOIN synced s ON s.job = j.key AND s.digest = j.digest WHERE j.profile = ?"
        return {id for (id,) in self._database.rows(sql)}

    async def set_synced(self, id: str) -> None:
        """Record that the whole history of a job is in the archive."""
        sql = "INSERT OR REPLACE INTO synced(job, digest) SELECT key, digest FROM jobs WHERE profile = ? AND id = ?"
        await self._database.execute(sql, id)

    async def distrust_damaged(self) -> list[str]:
        """Let the next synchronization fetch the jobs again that changed on the disk. Return their ids.

        The JSON of a job must have its digest, and the columns of the list must say the same as the JSON.
        """
        columns = ", ".join(f"j.{name}" for name in _OF_JSON)
        sql = (
            f"SELECT j.id, j.digest, b.raw, {columns} FROM jobs j LEFT JOIN bodies b ON b.job = j.key WHERE profile = ?"
        )

        def find(db: sqlite3.Connection, profile: int) -> list[str]:
            return [row[0] for row in db.execute(sql, (profile,)) if not _is_sound(row)]

        none: list[str] = []
        damaged = self._database.read(find, none)

        def write(db: sqlite3.Connection, profile: int) -> None:
            for id in damaged:
                db.execute("UPDATE jobs SET digest = 0, due = 1 WHERE profile = ? AND id = ?", (profile, id))

        if damaged:
            await self._database.write(write)
        return damaged

    async def distrust(self, ids: Collection[str]) -> None:
        """Let the next synchronization fetch the history of these jobs again."""

        def write(db: sqlite3.Connection, profile: int) -> None:
            for id in ids:
                db.execute("UPDATE jobs SET due = 1 WHERE profile = ? AND id = ?", (profile, id))
                sql = "DELETE FROM synced WHERE job = (SELECT key FROM jobs WHERE profile = ? AND id = ?)"
                db.execute(sql, (profile, id))

        if ids:
            await self._database.write(write)

    def ids(self) -> list[str]:
        """Return the ids of all jobs."""
        return [id for (id,) in self._database.rows("SELECT id FROM jobs WHERE profile = ?")]

    def unsummed(self) -> list[str]:
        """Return the jobs whose history may have no checksums: those recorded by an older version."""
        sql = "SELECT id FROM jobs WHERE profile = ? AND key IN (SELECT job FROM unsummed)"
        return [id for (id,) in self._database.rows(sql)]

    async def save_summary(self, id: str, summary: Summary, alarms: str) -> None:
        """Record the numbers by which a run is judged, and the kinds of its alarms."""
        marks = ", ".join("?" * (2 + len(summary)))
        sql = f"INSERT OR REPLACE INTO summaries(job, {SUMMARY_COLUMNS}) VALUES ({marks})"

        def write(db: sqlite3.Connection, job: int) -> None:
            db.execute(sql, (job, *summary, alarms))
            sum_stored(db, "summaries", SUMMARY_COLUMNS, job)

        await self._database.write_job(id, write, None)

    def unsummarized(self) -> list[str]:
        """Return the jobs with metrics but without a summary: those recorded by an older version."""
        sql = (
            "SELECT id FROM jobs WHERE profile = ? AND EXISTS (SELECT 1 FROM points WHERE points.job = jobs.key) "
            "AND NOT EXISTS (SELECT 1 FROM summaries WHERE summaries.job = jobs.key)"
        )
        return [id for (id,) in self._database.rows(sql)]

    async def delete(self, id: str, now: float, files: Collection[str] = ()) -> bool:
        """Delete a job and everything that belongs to it. Returns False for an unknown job.

        Args:
            files: files whose contents are deleted too.
        """

        def delete(db: sqlite3.Connection, profile: int) -> bool:
            found = db.execute("SELECT key FROM jobs WHERE profile = ? AND id = ?", (profile, id)).fetchone()
            if found is None:
                return False
            for table in OF_JOBS:
                db.execute(f"DELETE FROM {table} WHERE job = ?", found)
            db.execute("DELETE FROM jobs WHERE key = ?", found)
            db.execute("DELETE FROM deleted WHERE at < ?", (now - DELETION_KEPT,))
            db.execute("INSERT INTO deleted(profile, id, at) VALUES (?, ?, ?)", (profile, id, now))
            db.executemany(
                "UPDATE files SET content = NULL, content_sum = NULL WHERE profile = ? AND id = ?",
                [(profile, file) for file in files],
            )
            db.execute("DELETE FROM files WHERE profile = ? AND raw IS NULL AND content IS NULL", (profile,))
            return True

        return await self._database.write(delete)

    def deleted(self, since: int = 0) -> tuple[int, set[str]]:
        """Return the number of the last deletion, and the jobs deleted after number `since` and not recorded again."""
        (newest,) = self._database.row("SELECT max(number) FROM deleted WHERE profile = ?") or (None,)
        if newest is None or newest <= since:
            return newest or 0, set()
        sql = (
            "SELECT id FROM deleted d WHERE profile = ? AND number > ? "
            "AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.profile = d.profile AND j.id = d.id)"
        )
        return newest, {id for (id,) in self._database.rows(sql, since)}

    # Checkpoints

    def checkpoints(self, id: str) -> list[str]:
        """Return the JSON of every checkpoint ever seen of a job, by step."""
        sql = f"SELECT sum, {CHECKPOINT_COLUMNS} FROM checkpoints WHERE job = ? ORDER BY step, created_at, id"
        found: list[Any] = self._database.read_job(id, lambda db, job: db.execute(sql, (job,)).fetchall(), [])
        return [row[-1] for row in self._database.damage.sound(found, "checkpoints", id)]

    def has_damaged_checkpoints(self, id: str) -> bool:
        """Return whether a checkpoint of a job is damaged."""
        none: list[str] = []
        return bool(self._database.read_job(id, _damaged_checkpoints, none))

    async def drop_damaged_checkpoints(self, id: str) -> None:
        """Delete what is damaged, after all checkpoints of a job were fetched again: its own id may have changed."""

        def drop(db: sqlite3.Connection, job: int) -> None:
            damaged = [(job, found) for found in _damaged_checkpoints(db, job)]
            db.executemany("DELETE FROM checkpoints WHERE job = ? AND id = ?", damaged)

        await self._database.write_job(id, drop, None)

    async def save_checkpoints(self, id: str, checkpoints: Sequence[Checkpoint]) -> bool:
        """Record checkpoints and keep those recorded before. Returns True if any is new or changed."""

        def write(db: sqlite3.Connection, job: int) -> bool:
            before = db.total_changes
            rows = [(item.id, item.step_number, item.created_at, encode(item.raw)) for item in checkpoints]
            db.executemany(
                f"INSERT INTO checkpoints(job, {CHECKPOINT_COLUMNS}, sum) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT(job, id) DO UPDATE SET step = excluded.step, created_at = excluded.created_at, "
                "raw = excluded.raw, sum = excluded.sum "
                "WHERE (raw, step, created_at) IS NOT (excluded.raw, excluded.step, excluded.created_at) "
                "OR sum != excluded.sum",
                [(job, *row, row_sum(*row)) for row in rows],
            )
            return db.total_changes > before

        return await self._database.write_job(id, write, False)


_OF_JSON = ("status_text", "model", "suffix", "method", "fine_tuned_model", "created_at", "finished_at")
"""Columns of the list that depend on the JSON of the job alone."""


def _damaged_checkpoints(db: sqlite3.Connection, job: int) -> list[str]:
    rows = db.execute(f"SELECT sum, {CHECKPOINT_COLUMNS} FROM checkpoints WHERE job = ?", (job,))
    return [row[1] for row in rows if not is_sound(row)]


def _is_sound(row: Sequence[Any]) -> bool:
    id, recorded, raw, *columns = row
    value = decode(raw)
    if value is None or digest(value) != recorded:
        return False
    job = Job.read(value)
    return job.id == id and [getattr(job, name) for name in _OF_JSON] == columns


def _save(db: sqlite3.Connection, profile: int, entry: JobEntry, now: float) -> None:
    row = entry.row
    settings = row.epochs, row.rate, row.batch, row.seed, row.sweep, row.phase, row.cost, row.currency
    (key,) = db.execute(
        "INSERT INTO jobs(profile, id, status_text, model, suffix, method, fine_tuned_model, created_at, "
        "finished_at, trained_tokens, step, total_steps, loss, fault, epochs, rate, batch, seed, sweep, phase, "
        f"cost, currency, digest, due, place, first_seen, last_seen) VALUES ({', '.join('?' * 27)}) "
        "ON CONFLICT(profile, id) DO UPDATE SET epochs = excluded.epochs, rate = excluded.rate, "
        "batch = excluded.batch, seed = excluded.seed, sweep = excluded.sweep, phase = excluded.phase, "
        "cost = excluded.cost, currency = excluded.currency, "
        "status_text = excluded.status_text, model = excluded.model, suffix = excluded.suffix, "
        "method = excluded.method, fine_tuned_model = excluded.fine_tuned_model, "
        "created_at = excluded.created_at, finished_at = excluded.finished_at, "
        "trained_tokens = excluded.trained_tokens, step = excluded.step, total_steps = excluded.total_steps, "
        "loss = excluded.loss, fault = excluded.fault, digest = excluded.digest, due = max(due, excluded.due), "
        "place = excluded.place, last_seen = excluded.last_seen, gone_at = NULL RETURNING key",
        (
            profile,
            *row[:12],
            row.fault,
            *settings,
            entry.digest,
            entry.due,
            entry.place,
            now,
            now,
        ),
    ).fetchone()
    db.execute("INSERT OR REPLACE INTO bodies(job, raw) VALUES (?, ?)", (key, entry.raw))
