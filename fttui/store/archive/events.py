"""The log of one job in the archive: its events in order, and the points and progress they tell.

Plain functions over a connection; those that write expect to be inside a transaction. `job` is the key of
the job's row.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from fttui.models.event import Event
from fttui.models.raw_json import encode
from fttui.models.row import EventRow


class Progress(NamedTuple):
    """How far a run is, by the newest metrics it told."""

    step: int | None = None
    total_steps: int | None = None
    loss: float | None = None

    def then(self, newer: "Progress") -> "Progress":
        """This, overlaid with what `newer` says."""
        return Progress(
            self.step if newer.step is None else newer.step,
            self.total_steps if newer.total_steps is None else newer.total_steps,
            self.loss if newer.loss is None else newer.loss,
        )


class LogState(NamedTuple):
    """What the archive holds of a job's log."""

    top: int | None = None
    """The sequence number of the newest event; None when there is none."""
    bottom: int | None = None
    cursor: str | None = None
    """The oldest event held, while the provider may have older ones."""
    visited: bool = False
    """The log was asked for at least once."""
    progress: Progress = Progress()


def progress_of(events: Iterable[Event]) -> Progress:
    """The progress that events tell, oldest first."""
    found = Progress()
    for event in events:
        if event.data and event.step is not None:
            found = found.then(Progress(event.step, event.total_steps, event.metrics.get("train_loss")))
    return found


def state(db: sqlite3.Connection, job: int) -> LogState:
    row = db.execute("SELECT cursor, step, total_steps, loss FROM logs WHERE job = ?", (job,)).fetchone()
    if row is None:
        return LogState()
    # Two queries: each is one look at an end of the index, both in one would read it all.
    (top,) = db.execute("SELECT max(seq) FROM events WHERE job = ?", (job,)).fetchone()
    (bottom,) = db.execute("SELECT min(seq) FROM events WHERE job = ?", (job,)).fetchone()
    return LogState(top, bottom, row[0], True, Progress(*row[1:]))


def known(db: sqlite3.Connection, job: int, ids: Iterable[str]) -> set[str]:
    """Which of these event ids are held."""
    found: set[str] = set()
    wanted = list(ids)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        marks = ",".join("?" * len(part))
        found.update(
            id for (id,) in db.execute(f"SELECT id FROM events WHERE job = ? AND id IN ({marks})", (job, *part))
        )
    return found


def newest_id(db: sqlite3.Connection, job: int) -> str | None:
    row = db.execute("SELECT id FROM events WHERE job = ? ORDER BY seq DESC LIMIT 1", (job,)).fetchone()
    return None if row is None else str(row[0])


def read(
    db: sqlite3.Connection, job: int, *, before: int | None = None, after: int | None = None, limit: int = 500
) -> list[EventRow]:
    """Events oldest first: the newest `limit`, or those next to `before` or `after` a sequence number."""
    columns = "SELECT seq, id, created_at, level, type, message, data FROM events WHERE job = ?"
    if after is not None:
        found = db.execute(f"{columns} AND seq > ? ORDER BY seq LIMIT ?", (job, after, limit)).fetchall()
    elif before is not None:
        found = db.execute(f"{columns} AND seq < ? ORDER BY seq DESC LIMIT ?", (job, before, limit)).fetchall()[::-1]
    else:
        found = db.execute(f"{columns} ORDER BY seq DESC LIMIT ?", (job, limit)).fetchall()[::-1]
    return [EventRow._make(row) for row in found]


def raw_events(db: sqlite3.Connection, job: int) -> list[str]:
    """Every event as sent, as JSON text, oldest first."""
    return [raw for (raw,) in db.execute("SELECT raw FROM events WHERE job = ? ORDER BY seq", (job,))]


def points(db: sqlite3.Connection, job: int) -> list[tuple[int, dict[str, float]]]:
    found = db.execute("SELECT step, measured FROM points WHERE job = ? ORDER BY step", (job,)).fetchall()
    # One call of the JSON reader for all rows is several times faster than one each.
    values = json.loads("[" + ",".join(measured for _, measured in found) + "]")
    return [(step, value) for (step, _), value in zip(found, values, strict=True)]


def append(
    db: sqlite3.Connection, job: int, events: Sequence[Event], *, joined: bool, cursor: str | None = None
) -> bool:
    """Add newer events, oldest first, above those held; one held already is passed over.

    Args:
        joined: the walk that read them met what is held, or the beginning, or may begin the log.
        cursor: where older pages go on; used only when these are the first events.

    Returns:
        False, and nothing is written, when there would be a gap: the archive holds events of this job, put
        there meanwhile by another process, that the walk did not meet.
    """
    held = state(db, job)
    first = held.top is None
    if not first and not joined and not known(db, job, [event.id for event in events]):
        return False
    seq, new = -1 if held.top is None else held.top, []
    for event in events:
        if _insert(db, job, seq + 1, event):
            seq += 1
            new.append(event)
            _measure(db, job, event, wins=True)
    progress = held.progress.then(progress_of(new))
    if not held.visited:
        db.execute(
            "INSERT INTO logs(job, cursor, step, total_steps, loss) VALUES (?, ?, ?, ?, ?)", (job, cursor, *progress)
        )
    elif first and cursor is not None:
        db.execute("UPDATE logs SET cursor = ? WHERE job = ?", (cursor, job))
    _tell(db, job, progress)
    return True


def prepend(db: sqlite3.Connection, job: int, events: Sequence[Event], *, asked: str, cursor: str | None) -> bool:
    """Add a page of older events, oldest first, below those held, and move the cursor from `asked` to `cursor`.

    Returns:
        False, and nothing is written, when the cursor has been moved meanwhile.
    """
    held = state(db, job)
    if held.cursor != asked:
        return False
    seq, new = 0 if held.bottom is None else held.bottom, []
    for event in reversed(events):
        if _insert(db, job, seq - 1, event):
            seq -= 1
            new.append(event)
            _measure(db, job, event, wins=False)
    db.execute("UPDATE logs SET cursor = ? WHERE job = ?", (cursor, job))
    # What is held is newer: older events only fill in what it does not say.
    _tell(db, job, progress_of(reversed(new)).then(held.progress))
    return True


def _insert(db: sqlite3.Connection, job: int, seq: int, event: Event) -> bool:
    """Whether the event is new; one that is held already is left as it is."""
    data = encode(event.raw.get("data")) if event.data else ""
    done = db.execute(
        "INSERT OR IGNORE INTO events(job, seq, id, created_at, level, type, message, data, raw) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            job,
            seq,
            event.id,
            event.created_at,
            event.level,
            event.type,
            event.message,
            data,
            encode(event.raw),
        ),
    )
    return done.rowcount == 1


def _measure(db: sqlite3.Connection, job: int, event: Event, *, wins: bool) -> None:
    step, values = event.step, event.metrics
    if step is None or not values:
        return
    row: Any = db.execute("SELECT measured FROM points WHERE job = ? AND step = ?", (job, step)).fetchone()
    held = json.loads(row[0]) if row is not None else {}
    merged = held | values if wins else values | held
    if merged != held:
        db.execute(
            "INSERT INTO points(job, step, measured) VALUES (?, ?, ?) "
            "ON CONFLICT(job, step) DO UPDATE SET measured = excluded.measured",
            (job, step, json.dumps(merged, separators=(",", ":"))),
        )


def _tell(db: sqlite3.Connection, job: int, progress: Progress) -> None:
    """Progress goes to the log and to the columns of the list."""
    db.execute("UPDATE logs SET step = ?, total_steps = ?, loss = ? WHERE job = ?", (*progress, job))
    db.execute(
        "UPDATE jobs SET step = coalesce(?, step), total_steps = coalesce(?, total_steps), loss = coalesce(?, loss) "
        "WHERE key = ?",
        (*progress, job),
    )
