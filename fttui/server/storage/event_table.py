"""Events of jobs."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from fttui.server import ids
from fttui.server.storage.records import EventRecord, JobRecord
from fttui.server.storage.reports import Message, StepMetrics
from fttui.sqlite import Connection, Database, Row

STARTED = "Fine-tuning job started"
"""Message of the event when the trainer of a job starts, as the hosted service words it."""


class EventTable:
    """Events in the order in which they were stored. A step of a job has at most one event of type `metrics`."""

    def __init__(self, database: Database, salt: str) -> None:
        """
        Args:
            salt: part of every event id, different in every database.
        """
        self._database = database
        self._salt = salt

    def page(self, job: JobRecord, *, after: str | None, limit: int) -> tuple[list[EventRecord], bool]:
        """Return a page of a job's events, newest first, and whether there are more."""
        before = 1 << 62
        if after is not None:
            seq = ids.event_seq(after, self._salt)
            known = seq is not None and self._database.rows(
                "SELECT 1 FROM event WHERE seq = ? AND job = ?", (seq, job.seq)
            )
            if seq is None or not known:
                return [], False
            before = seq
        rows = self._database.rows(
            "SELECT seq, created_at, level, type, message, data FROM event"
            " WHERE job = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
            (job.seq, before, limit + 1),
        )
        return [self._event(row) for row in rows[:limit]], len(rows) > limit

    def every(self, job: JobRecord) -> Iterator[EventRecord]:
        """Return all events of a job, oldest first, and read a piece at a time."""
        last = 0
        while True:
            rows = self._database.rows(
                "SELECT seq, created_at, level, type, message, data FROM event"
                " WHERE job = ? AND seq > ? ORDER BY seq LIMIT 2000",
                (job.seq, last),
            )
            for row in rows:
                last = row["seq"]
                yield self._event(row)
            if not rows:
                return

    def _event(self, row: Row) -> EventRecord:
        members = dict(row)
        id = ids.event_id(members["seq"], self._salt)
        return EventRecord(**{**members, "id": id, "data": json.loads(members["data"])})

    def metrics(self, job: JobRecord) -> list[dict[str, Any]]:
        """Return the measured values of each step, in the order of the steps."""
        rows = self._database.rows(
            "SELECT data FROM event WHERE job = ? AND step IS NOT NULL ORDER BY step", (job.seq,)
        )
        return [json.loads(row[0]) for row in rows]

    def waits(self, most: int) -> list[float]:
        """Return the seconds between creation and first start of the newest jobs that have started, at most `most`."""
        started = "SELECT created_at FROM event WHERE event.job = job.seq AND message = ? ORDER BY seq LIMIT 1"
        rows = self._database.rows(
            f"SELECT started - created_at FROM (SELECT job.seq, job.created_at, ({started}) AS started FROM job)"
            " WHERE started IS NOT NULL ORDER BY seq DESC LIMIT ?",
            (STARTED, most),
        )
        return [float(row[0]) for row in rows]

    def append(self, sql: Connection, job: int, entries: Iterable[StepMetrics | Message], now: int) -> None:
        """Add events to the job with this `seq`, inside the transaction of the caller.

        A second event about the same step is dropped: a restarted trainer repeats steps.
        """
        last = sql.execute("SELECT created_at FROM event WHERE job = ? ORDER BY seq DESC LIMIT 1", (job,)).fetchone()
        # When the clock jumps back, an event must not look older than the event before it.
        created_at = max(now, last[0]) if last else now
        for entry in entries:
            step, kind, level = (
                (entry.step, "metrics", "info") if isinstance(entry, StepMetrics) else (None, "message", entry.level)
            )
            sql.execute(
                "INSERT OR IGNORE INTO event (job, created_at, level, type, message, data, step)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (job, created_at, level, kind, entry.message, json.dumps(entry.data), step),
            )
