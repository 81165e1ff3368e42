"""Alerts: ends of jobs and alarms to tell the user, once by each channel."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from fttui.server import ids
from fttui.server.storage.records import JobRecord
from fttui.sqlite import Connection, Database

PENDING, DELIVERED, GIVEN_UP = "pending", "delivered", "given_up"
_COLUMNS = "seq, id, channel, event, message, facts AS job, created_at, attempts"


class Alert(NamedTuple):
    """Something to tell the user by one channel."""

    seq: int
    id: str
    """Equal for all channels of one event."""
    channel: str
    """`settings.COMMAND` or `settings.WEBHOOK`."""
    event: str
    """`job.` with the status of an ended job, or `alarm.` with the kind of an alarm."""
    message: str
    """One or two sentences, clean."""
    job: dict[str, Any]
    """The job when the alert was stored: `id`, `status`, `model`, `suffix`, `fine_tuned_model`."""
    created_at: int
    attempts: int = 0
    """Deliveries that were begun before."""


class NewAlert(NamedTuple):
    """An alert to store for some channels."""

    event: str
    message: str
    channels: tuple[str, ...]


class AlertTable:
    """Alerts of all jobs. An event of a job has at most one alert for each channel."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, alerts: Sequence[tuple[JobRecord, NewAlert]], now: int) -> None:
        """Store alerts about jobs that are not stored yet, in one transaction."""
        if not alerts:
            return
        with self._database.transaction() as sql:
            for job, alert in alerts:
                self.insert(sql, job, [alert], now)

    def insert(self, sql: Connection, job: JobRecord, alerts: Iterable[NewAlert], now: int) -> None:
        """Add alerts inside the transaction of the caller."""
        facts = json.dumps(
            {name: getattr(job, name) for name in ("id", "status", "model", "suffix", "fine_tuned_model")}
        )
        for alert in alerts:
            id = ids.new_id("alert-")
            for channel in alert.channels:
                sql.execute(
                    "INSERT OR IGNORE INTO alert (id, job, channel, event, message, facts, created_at, next_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (id, job.seq, channel, alert.event, alert.message, facts, now, now),
                )

    def events(self, job: JobRecord) -> set[str]:
        """Return the events of a job that have an alert."""
        return {row[0] for row in self._database.rows("SELECT event FROM alert WHERE job = ?", (job.seq,))}

    def due(self, now: int) -> list[Alert]:
        """Return the alerts to deliver now, those of the command first."""
        query = f"SELECT {_COLUMNS} FROM alert WHERE state = 'pending' AND next_at <= ? ORDER BY channel, seq LIMIT 100"
        return [Alert(**{**dict(row), "job": json.loads(row["job"])}) for row in self._database.rows(query, (now,))]

    def has_pending(self, since: int) -> bool:
        """Return whether an alert that was stored at this time or later waits for its delivery."""
        query = "SELECT 1 FROM alert WHERE state = 'pending' AND created_at >= ? LIMIT 1"
        return bool(self._database.rows(query, (since,)))

    def begin(self, alert: Alert) -> None:
        """Record that a delivery begins. A service that is killed in it knows that it may repeat the alert."""
        with self._database.transaction() as sql:
            sql.execute("UPDATE alert SET attempts = attempts + 1 WHERE seq = ?", (alert.seq,))

    def settle(self, alert: Alert, state: str, at: int) -> None:
        """Record a delivery or a failed one.

        Args:
            state: `PENDING` for an alert to try again.
            at: time of the delivery, or of the next try.
        """
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE alert SET state = ?, next_at = ? WHERE seq = ?",
                (state, at, alert.seq),
            )
