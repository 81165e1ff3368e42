"""Events of a profile's jobs in the archive, in order, with the metrics and the progress read from them."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from zlib import crc32

from fttui.checksums import row_sum
from fttui.models.event import Event
from fttui.models.metric import Point
from fttui.models.raw_json import decode, encode
from fttui.models.row import EventRow
from fttui.store.archive.damage import EVENT, is_sound, sum_stored
from fttui.store.archive.database import Database
from fttui.store.archive.schema import EVENT_COLUMNS, LOG_COLUMNS, POINT_COLUMNS

READ_AGAIN = "Its older events are read again."
"""Consequence of a damaged state of a log."""


class Progress(NamedTuple):
    """Progress of a run, from the newest metrics event."""

    step: int | None = None
    total_steps: int | None = None
    loss: float | None = None

    def then(self, newer: "Progress") -> "Progress":
        """Return this progress with the values that `newer` has in their place."""
        return Progress(
            self.step if newer.step is None else newer.step,
            self.total_steps if newer.total_steps is None else newer.total_steps,
            self.loss if newer.loss is None else newer.loss,
        )


class LogState(NamedTuple):
    """Extent of a job's recorded events."""

    top: int | None = None
    """Sequence number of the newest event. None without events."""
    bottom: int | None = None
    """Sequence number of the oldest event."""
    cursor: str | None = None
    """Id of the oldest event, while the provider may have older ones."""
    visited: bool = False
    """The events were fetched at least once."""
    progress: Progress = Progress()
    is_damaged: bool = False
    """The record of the state changed on the disk. The state was derived from the events."""


class ArchiveEvents:
    """Events and metrics of one profile's jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def states(self) -> dict[str, LogState]:
        """Return the state of each log fetched at least once, without `top` and `bottom`. Damage stays unnoticed."""
        sql = (
            "SELECT j.id, l.cursor, l.step, l.total_steps, l.loss FROM logs l JOIN jobs j ON j.key = l.job "
            "WHERE j.profile = ?"
        )
        found = self._database.rows(sql)
        return {row[0]: LogState(None, None, row[1], True, Progress(*row[2:])) for row in found}

    def state(self, id: str) -> LogState:
        """Return the state of one job's log."""
        state = self._database.read_job(id, _state, LogState())
        if state.is_damaged:
            self._database.damage.name("the extent of the log", id, READ_AGAIN)
        return state

    async def repair_state(self, id: str) -> None:
        """Replace the damaged state of a log by the one that its events allow: older ones may exist."""
        self.state(id)  # names it

        def write(db: sqlite3.Connection, job: int) -> None:
            state = _state(db, job)
            if state.visited:
                _save_state(db, job, state.cursor, state.progress)
            else:
                db.execute("DELETE FROM logs WHERE job = ?", (job,))

        await self._database.write_job(id, write, None)

    def recorded_ids(self, id: str, event_ids: Iterable[str]) -> set[str]:
        """Return the event ids that are recorded for a job."""
        return self._database.read_job(id, lambda db, job: _known(db, job, event_ids), set())

    def newest_id(self, id: str) -> str | None:
        """Return the id of a job's newest event, or None without events."""
        return self._database.read_job(id, _newest_id, None)

    def rows(self, id: str, *, before: int | None = None, after: int | None = None, limit: int = 500) -> list[EventRow]:
        """Return events, oldest first: the newest `limit`, or those next to `before` or `after` a sequence number."""
        found: list[Any] = self._database.read_job(
            id, lambda db, job: _rows(db, job, before=before, after=after, limit=limit), []
        )
        return [EventRow._make(row[1:8]) if _is_sound(row) else self._damaged_row(id, row) for row in found]

    def _damaged_row(self, id: str, row: Sequence[Any]) -> EventRow:
        self._database.damage.name("events", id)
        return EventRow(row[1], f"damaged-{row[1]}", None, "error", "message", EVENT, "")

    def raw(self, id: str) -> list[str]:
        """Return the JSON of each event of a job, oldest first."""
        sql = f"SELECT sum, {EVENT_COLUMNS} FROM events WHERE job = ? ORDER BY seq"
        found: list[Any] = self._database.read_job(id, lambda db, job: db.execute(sql, (job,)).fetchall(), [])
        return [row[-1] for row in self._database.damage.sound(found, "events", id)]

    def points(self, id: str, since: int | None = None, limit: int = -1) -> list[Point]:
        """Return the metrics of a job, by step, from step `since` on; at most `limit` if it is not negative."""
        found: list[Any] = self._database.read_job(id, lambda db, job: _points(db, job, since, limit), [])
        return _decoded(self._database.damage.sound(found, "metrics", id))

    def damaged(self, id: str) -> list[str]:
        """Return which records of a job's log are damaged: `events`, `metrics` or both."""
        return self._database.read_job(id, _damaged, [])

    async def repair(self, id: str, events: Sequence[Event]) -> None:
        """Replace damaged events by those that the provider sent, and damaged metrics by those of the events.

        Args:
            events: the whole log, oldest first.
        """
        await self._database.write_job(id, lambda db, job: _repair(db, job, events), None)

    async def append(self, id: str, events: Sequence[Event], *, joined: bool, cursor: str | None) -> bool:
        """Record newer events, oldest first, above those recorded. Events recorded before are skipped.

        Args:
            joined: the walk that fetched the events reached a recorded event or the beginning, or may start the log.
            cursor: cursor of the next older page, used only for the first events of a log.

        Returns:
            False, with nothing written, if a gap would remain: another process has recorded events of this job that
            the walk did not reach.
        """
        return await self._database.write_job(
            id, lambda db, job: _append(db, job, events, joined=joined, cursor=cursor), False
        )

    async def prepend(self, id: str, events: Sequence[Event], *, asked: str, cursor: str | None) -> bool:
        """Record a page of older events, oldest first, below those recorded, and move the cursor.

        Args:
            asked: the cursor with which the page was requested.
            cursor: the cursor of the next older page.

        Returns:
            False, with nothing written, if another process has moved the cursor.
        """
        return await self._database.write_job(
            id, lambda db, job: _prepend(db, job, events, asked=asked, cursor=cursor), False
        )


# Queries on one connection. `job` is the key of the job's row; functions that write run inside a transaction.


def _is_sound(row: Sequence[Any]) -> bool:
    """Return whether the checksum of an event is right: `is_sound`, in a third of its time for most texts."""
    recorded, seq, id, created_at, level, type, message, data, raw = row
    # What `row_sum` sums if no text needs an escape. Otherwise this text has a different checksum.
    plain = f"({seq!r}, '{id}', {created_at!r}, '{level}', '{type}', '{message}', '{data}', '{raw}')"
    return ("\\" not in plain and crc32(plain.encode()) == recorded) or is_sound(row)


def _progress_of(events: Iterable[Event]) -> Progress:
    found = Progress()
    for event in events:
        if event.data and event.step is not None:
            found = found.then(Progress(event.step, event.total_steps, event.metrics.get("train_loss")))
    return found


def _state(db: sqlite3.Connection, job: int) -> LogState:
    row = db.execute(f"SELECT sum, {LOG_COLUMNS} FROM logs WHERE job = ?", (job,)).fetchone()
    if row is None:
        return LogState()
    if not is_sound(row):
        return _state_of_events(db, job)
    # Two queries: each reads one end of the index, a single query would read it all.
    (top,) = db.execute("SELECT max(seq) FROM events WHERE job = ?", (job,)).fetchone()
    (bottom,) = db.execute("SELECT min(seq) FROM events WHERE job = ?", (job,)).fetchone()
    return LogState(top, bottom, row[1], True, Progress(*row[2:]))


def _state_of_events(db: sqlite3.Connection, job: int) -> LogState:
    """Return the state of a log without a sound record of it."""
    rows = db.execute(f"SELECT sum, {EVENT_COLUMNS} FROM events WHERE job = ? ORDER BY seq", (job,)).fetchall()
    if not rows:
        return LogState(is_damaged=True)
    sound = [row for row in rows if is_sound(row)]
    progress = _progress_of(Event.read(decode(row[-1])) for row in sound)
    # The id of an event is a cursor for every provider with more than one page.
    oldest = (sound or rows)[0][2]
    return LogState(rows[-1][1], rows[0][1], oldest, True, progress, is_damaged=True)


def _known(db: sqlite3.Connection, job: int, ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    wanted = list(ids)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        marks = ",".join("?" * len(part))
        found.update(
            id for (id,) in db.execute(f"SELECT id FROM events WHERE job = ? AND id IN ({marks})", (job, *part))
        )
    return found


def _newest_id(db: sqlite3.Connection, job: int) -> str | None:
    row = db.execute("SELECT id FROM events WHERE job = ? ORDER BY seq DESC LIMIT 1", (job,)).fetchone()
    return None if row is None else str(row[0])


def _rows(
    db: sqlite3.Connection, job: int, *, before: int | None = None, after: int | None = None, limit: int = 500
) -> list[Any]:
    columns = f"SELECT sum, {EVENT_COLUMNS} FROM events WHERE job = ?"
    if after is not None:
        return db.execute(f"{columns} AND seq > ? ORDER BY seq LIMIT ?", (job, after, limit)).fetchall()
    if before is not None:
        return db.execute(f"{columns} AND seq < ? ORDER BY seq DESC LIMIT ?", (job, before, limit)).fetchall()[::-1]
    return db.execute(f"{columns} ORDER BY seq DESC LIMIT ?", (job, limit)).fetchall()[::-1]


def _points(db: sqlite3.Connection, job: int, since: int | None, limit: int) -> list[Any]:
    sql = f"SELECT sum, {POINT_COLUMNS} FROM points WHERE job = ? AND step >= ? ORDER BY step LIMIT ?"
    return db.execute(sql, (job, -(2**62) if since is None else since, limit)).fetchall()


def _decoded(found: Sequence[Any]) -> list[Point]:
    # Parsing all rows at once is several times faster than one by one.
    try:
        values = json.loads("[" + ",".join(measured for _, measured, _ in found) + "]")
        return [Point(step, value, at) for (step, _, at), value in zip(found, values, strict=True)]
    except ValueError:  # a damaged row: keep the others
        return [Point(step, decode(measured), at) for step, measured, at in found]


def _append(db: sqlite3.Connection, job: int, events: Sequence[Event], *, joined: bool, cursor: str | None) -> bool:
    held = _state(db, job)
    first = held.top is None
    if not first and not joined and not _known(db, job, [event.id for event in events]):
        return False
    seq, new = -1 if held.top is None else held.top, []
    for event in events:
        if _insert(db, job, seq + 1, event):
            seq += 1
            new.append(event)
            _save_metrics(db, job, event, wins=True)
    cursor = held.cursor if cursor is None or (held.visited and not first) else cursor
    _save_state(db, job, cursor, held.progress.then(_progress_of(new)))
    return True


def _prepend(db: sqlite3.Connection, job: int, events: Sequence[Event], *, asked: str, cursor: str | None) -> bool:
    held = _state(db, job)
    if held.cursor != asked:
        return False
    seq, new = 0 if held.bottom is None else held.bottom, []
    for event in reversed(events):
        if _insert(db, job, seq - 1, event):
            seq -= 1
            new.append(event)
            _save_metrics(db, job, event, wins=False)
    # Recorded progress is newer: older events only fill its gaps.
    _save_state(db, job, cursor, _progress_of(reversed(new)).then(held.progress))
    return True


def _insert(db: sqlite3.Connection, job: int, seq: int, event: Event) -> bool:
    """Insert an event. Returns False for an event recorded before, which stays unchanged."""
    data = encode(event.raw.get("data")) if event.data else ""
    values = seq, event.id, event.created_at, event.level, event.type, event.message, data, encode(event.raw)
    done = db.execute(
        f"INSERT OR IGNORE INTO events(job, {EVENT_COLUMNS}, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (job, *values, row_sum(*values)),
    )
    return done.rowcount == 1


def _damaged(db: sqlite3.Connection, job: int) -> list[str]:
    found = []
    for what, table, columns in (("events", "events", EVENT_COLUMNS), ("metrics", "points", POINT_COLUMNS)):
        rows = db.execute(f"SELECT sum, {columns} FROM {table} WHERE job = ?", (job,))
        if not all(map(is_sound, rows)):
            found.append(what)
    return found


def _repair(db: sqlite3.Connection, job: int, events: Sequence[Event]) -> None:
    rows = db.execute(f"SELECT sum, {EVENT_COLUMNS} FROM events WHERE job = ? ORDER BY seq", (job,)).fetchall()
    sound = {row[2]: row[1] for row in rows if is_sound(row)}
    damaged = {row[1] for row in rows if not is_sound(row)}
    seq = rows[0][1] - 1 if rows else 0
    for event in events:
        if event.id in sound:
            seq = sound[event.id]
        elif seq + 1 in damaged:
            seq += 1
            db.execute("DELETE FROM events WHERE job = ? AND (seq = ? OR id = ?)", (job, seq, event.id))
            _insert(db, job, seq, event)
    for row in db.execute(f"SELECT sum, {EVENT_COLUMNS} FROM events WHERE job = ? ORDER BY seq", (job,)).fetchall():
        if is_sound(row):
            _save_metrics(db, job, Event.read(decode(row[-1])), wins=True)


def _save_metrics(db: sqlite3.Connection, job: int, event: Event, *, wins: bool) -> None:
    step, values = event.step, event.metrics
    if step is None or not values:
        return
    row: Any = db.execute(f"SELECT sum, {POINT_COLUMNS} FROM points WHERE job = ? AND step = ?", (job, step)).fetchone()
    held: dict[str, Any] = {}
    at = event.created_at
    if row is not None and is_sound(row):
        held, at = decode(row[2]), at if row[3] is None else row[3]
    merged = held | values if wins else values | held
    if merged != held:
        point = step, json.dumps(merged, separators=(",", ":")), at
        db.execute(
            f"INSERT OR REPLACE INTO points(job, {POINT_COLUMNS}, sum) VALUES (?, ?, ?, ?, ?)",
            (job, *point, row_sum(*point)),
        )


def _save_state(db: sqlite3.Connection, job: int, cursor: str | None, progress: Progress) -> None:
    """Write the state of a log, and its progress to the list columns of the job."""
    db.execute(f"INSERT OR REPLACE INTO logs(job, {LOG_COLUMNS}) VALUES (?, ?, ?, ?, ?)", (job, cursor, *progress))
    sum_stored(db, "logs", LOG_COLUMNS, job)
    db.execute(
        "UPDATE jobs SET step = coalesce(?, step), total_steps = coalesce(?, total_steps), loss = coalesce(?, loss) "
        "WHERE key = ?",
        (*progress, job),
    )
