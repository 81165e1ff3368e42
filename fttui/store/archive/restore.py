"""The way back from memory to the disk, once there is room again: what was seen meanwhile is put into the file."""

import sqlite3

_JOB = (
    "status_text, model, suffix, method, fine_tuned_model, created_at, finished_at, trained_tokens, step, total_steps, "
    "loss, fault, digest, due, place, first_seen, last_seen, gone_at"
)


def put_back(db: sqlite3.Connection, profile: str, key: int) -> None:
    """Put one profile's part of a memory archive into the file attached as `disk`, in one transaction.

    What another process has written there meanwhile stays: its jobs where they are newer, and its logs where they do
    not continue those held here; what is missing then is read from the provider again.

    Args:
        key: the profile's key in memory.

    Raises:
        sqlite3.Error: it cannot be written; then nothing was.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("INSERT OR IGNORE INTO disk.profiles(name) VALUES (?)", (profile,))
        (there,) = db.execute("SELECT key FROM disk.profiles WHERE name = ?", (profile,)).fetchone()
        _list(db, key, there)
        _jobs(db, key, there)
        _logs(db)
        _rest(db, key, there)
        db.execute("DROP TABLE temp.back")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _list(db: sqlite3.Connection, here: int, there: int) -> None:
    """How far the list is known: by whoever asked last."""
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
    # Jobs have other keys there. Where another process has seen a newer state, its own things stay.
    db.execute("CREATE TEMP TABLE back(here INTEGER PRIMARY KEY, there INTEGER NOT NULL, same INTEGER NOT NULL)")
    db.execute(
        "INSERT INTO temp.back SELECT m.key, d.key, m.digest = d.digest FROM main.jobs m "
        "JOIN disk.jobs d ON d.id = m.id AND d.profile = ? WHERE m.profile = ?",
        (there, here),
    )
    db.execute(
        "INSERT OR REPLACE INTO disk.bodies SELECT b.there, m.raw FROM main.bodies m "
        "JOIN temp.back b ON b.here = m.job WHERE b.same"
    )
    db.execute(
        "INSERT OR REPLACE INTO disk.checkpoints SELECT b.there, m.id, m.step, m.created_at, m.raw "
        "FROM main.checkpoints m JOIN temp.back b ON b.here = m.job"
    )


def _logs(db: sqlite3.Connection) -> None:
    """Logs that go on where the file's end: each event has the number there that it has here."""
    for here, there in db.execute("SELECT here, there FROM temp.back").fetchall():
        if not _continues(db, here, there):
            continue
        db.execute(
            "INSERT OR IGNORE INTO disk.events SELECT ?, seq, id, created_at, level, type, message, data, raw "
            "FROM main.events WHERE job = ?",
            (there, here),
        )
        db.execute(
            "INSERT OR REPLACE INTO disk.points SELECT ?, step, measured FROM main.points WHERE job = ?", (there, here)
        )
        db.execute(
            "INSERT OR REPLACE INTO disk.logs SELECT ?, cursor, step, total_steps, loss FROM main.logs WHERE job = ?",
            (there, here),
        )


def _continues(db: sqlite3.Connection, here: int, there: int) -> bool:
    """Whether all that the file holds of a log is held here too, at the same places."""
    if db.execute("SELECT 1 FROM main.events WHERE job = ? LIMIT 1", (here,)).fetchone() is None:
        # Nobody looked at it meanwhile; only that it is empty may be news.
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
        "INSERT INTO disk.files SELECT ?, id, raw, content, last_seen FROM main.files WHERE profile = ? "
        "ON CONFLICT(profile, id) DO UPDATE SET raw = coalesce(excluded.raw, raw), "
        "content = coalesce(excluded.content, content), last_seen = excluded.last_seen",
        (there, here),
    )
    for table, columns in (("models", "id, raw, last_seen"), ("absent", "route, until")):
        db.execute(
            f"INSERT OR REPLACE INTO disk.{table} SELECT ?, {columns} FROM main.{table} WHERE profile = ?",
            (there, here),
        )
    db.execute(
        "INSERT OR REPLACE INTO disk.creates SELECT ?, token, body, asked_at FROM main.creates WHERE profile = ?",
        (there, here),
    )
