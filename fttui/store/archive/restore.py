"""The return from memory to the disk: what memory recorded is merged into the file."""

import sqlite3

from fttui import sqlite
from fttui.store.archive.schema import (
    CREATE_COLUMNS,
    EVENT_COLUMNS,
    LOG_COLUMNS,
    MODEL_COLUMNS,
    POINT_COLUMNS,
    SUMMARY_COLUMNS,
    UPLOAD_COLUMNS,
)

_JOB = (
    "status_text, model, suffix, method, fine_tuned_model, created_at, finished_at, trained_tokens, step, total_steps, "
    "loss, fault, epochs, rate, batch, seed, sweep, phase, cost, currency, digest, due, place, first_seen, last_seen, "
    "gone_at"
)


def put_back(db: sqlite3.Connection, path: str, profile: str, key: int) -> None:
    """Merge one profile of a memory archive into the file at `path`, in one transaction.

    Rows that another process wrote there in the meantime stay: its jobs where they are newer, and its events where
    those of memory do not continue them. Missing events are fetched from the provider again.

    Args:
        key: the profile's key in memory.

    Raises:
        sqlite3.Error: the file cannot be written. It is unchanged.
    """
    db.execute("ATTACH ? AS disk", (sqlite.uri(path, "rw"),))
    try:
        with sqlite.transaction(db):
            db.execute("INSERT OR IGNORE INTO disk.profiles(name) VALUES (?)", (profile,))
            (there,) = db.execute("SELECT key FROM disk.profiles WHERE name = ?", (profile,)).fetchone()
            _list(db, key, there)
            _jobs(db, key, there)
            _events(db)
            _summaries(db)
            _rest(db, key, there)
            db.execute("DROP TABLE temp.keys")
    finally:
        db.execute("DETACH disk")


def _list(db: sqlite3.Connection, here: int, there: int) -> None:
    """Copy the state of the list, unless the file has a later one."""
    db.execute(
        "UPDATE disk.profiles SET (as_of, complete, cursor, walked_at) = "
        "(SELECT as_of, complete, cursor, walked_at FROM main.profiles WHERE key = ?) "
        "WHERE key = ? AND coalesce(as_of, 0) < (SELECT coalesce(as_of, 0) FROM main.profiles WHERE key = ?)",
        (here, there, here),
    )


def _jobs(db: sqlite3.Connection, here: int, there: int) -> None:
    changes = ", ".join(f"{name} = excluded.{name}" for name in _JOB.split(", ") if name != "first_seen")
    db.execute(
        f"INSERT INTO disk.jobs(profile, id, {_JOB}) SELECT ?, id, {_JOB} FROM main.jobs WHERE profile = ? "
        f"ON CONFLICT(profile, id) DO UPDATE SET {changes} WHERE excluded.last_seen >= last_seen",
        (there, here),
    )
    # A job's key differs between memory and file. `same`: memory has the newest state of the job.
    db.execute("CREATE TEMP TABLE keys(here INTEGER PRIMARY KEY, there INTEGER NOT NULL, same INTEGER NOT NULL)")
    db.execute(
        "INSERT INTO temp.keys SELECT m.key, d.key, m.digest = d.digest FROM main.jobs m "
        "JOIN disk.jobs d ON d.id = m.id AND d.profile = ? WHERE m.profile = ?",
        (there, here),
    )
    db.execute(
        "INSERT OR REPLACE INTO disk.bodies SELECT k.there, m.raw FROM main.bodies m "
        "JOIN temp.keys k ON k.here = m.job WHERE k.same"
    )
    db.execute(
        "INSERT OR REPLACE INTO disk.checkpoints(job, id, step, created_at, raw, sum) "
        "SELECT k.there, m.id, m.step, m.created_at, m.raw, m.sum "
        "FROM main.checkpoints m JOIN temp.keys k ON k.here = m.job"
    )
    db.execute(
        "INSERT OR REPLACE INTO disk.samples SELECT k.there, m.step, m.id, m.raw, m.sum "
        "FROM main.samples m JOIN temp.keys k ON k.here = m.job"
    )


def _summaries(db: sqlite3.Connection) -> None:
    db.execute(
        f"INSERT OR REPLACE INTO disk.summaries(job, {SUMMARY_COLUMNS}, sum) "
        f"SELECT k.there, {SUMMARY_COLUMNS}, sum FROM main.summaries m "
        "JOIN temp.keys k ON k.here = m.job WHERE k.same"
    )


def _events(db: sqlite3.Connection) -> None:
    """Copy the events that continue those in the file. Sequence numbers stay the same."""
    for here, there in db.execute("SELECT here, there FROM temp.keys").fetchall():
        if not _continues(db, here, there):
            continue
        db.execute(
            f"INSERT OR IGNORE INTO disk.events(job, {EVENT_COLUMNS}, sum) SELECT ?, {EVENT_COLUMNS}, sum "
            "FROM main.events WHERE job = ?",
            (there, here),
        )
        db.execute(
            f"INSERT OR REPLACE INTO disk.points(job, {POINT_COLUMNS}, sum) SELECT ?, {POINT_COLUMNS}, sum "
            "FROM main.points WHERE job = ?",
            (there, here),
        )
        db.execute(
            f"INSERT OR REPLACE INTO disk.logs(job, {LOG_COLUMNS}, sum) SELECT ?, {LOG_COLUMNS}, sum "
            "FROM main.logs WHERE job = ?",
            (there, here),
        )


def _continues(db: sqlite3.Connection, here: int, there: int) -> bool:
    """Tell whether memory has the file's oldest and newest event of a job, at the same sequence numbers."""
    if db.execute("SELECT 1 FROM main.events WHERE job = ? LIMIT 1", (here,)).fetchone() is None:
        # Without events in memory, only the finding that the log is empty may be new.
        return db.execute("SELECT 1 FROM disk.logs WHERE job = ?", (there,)).fetchone() is None
    for end in ("max", "min"):
        row = db.execute(
            "SELECT seq, id FROM disk.events WHERE job = ? AND seq = "
            f"(SELECT {end}(seq) FROM disk.events WHERE job = ?)",
            (there, there),
        ).fetchone()
        same = "SELECT 1 FROM main.events WHERE job = ? AND seq = ? AND id = ?"
        if row is not None and db.execute(same, (here, *row)).fetchone() is None:
            return False
    return True


def _rest(db: sqlite3.Connection, here: int, there: int) -> None:
    db.execute(
        "INSERT INTO disk.files(profile, id, raw, raw_sum, content, content_sum, last_seen) "
        "SELECT ?, id, raw, raw_sum, content, content_sum, last_seen FROM main.files WHERE profile = ? "
        "ON CONFLICT(profile, id) DO UPDATE SET raw = coalesce(excluded.raw, raw), "
        "raw_sum = iif(excluded.raw IS NULL, raw_sum, excluded.raw_sum), "
        "content = coalesce(excluded.content, content), "
        "content_sum = iif(excluded.content IS NULL, content_sum, excluded.content_sum), "
        "last_seen = excluded.last_seen",
        (there, here),
    )
    for table, columns in (
        ("models", f"{MODEL_COLUMNS}, sum, last_seen"),
        ("absent", "route, until"),
        ("uploads", f"{UPLOAD_COLUMNS}, sum"),
        ("creates", f"{CREATE_COLUMNS}, sum"),
    ):
        db.execute(
            f"INSERT OR REPLACE INTO disk.{table}(profile, {columns}) "
            f"SELECT ?, {columns} FROM main.{table} WHERE profile = ?",
            (there, here),
        )
