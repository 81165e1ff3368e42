"""The check of everything that the archive has of a profile, and the checksums of rows that older versions wrote."""

import sqlite3
import zlib
from functools import partial

from fttui.checksums import row_sum
from fttui.store.archive.archive import Archive
from fttui.store.archive.damage import is_sound
from fttui.store.archive.schema import (
    CHECKPOINT_COLUMNS,
    CREATE_COLUMNS,
    EVENT_COLUMNS,
    LOG_COLUMNS,
    MODEL_COLUMNS,
    POINT_COLUMNS,
    SUMMARY_COLUMNS,
    UPLOAD_COLUMNS,
)

CHUNK = 500
"""Most rows that get checksums in one transaction: other processes wait for its end."""

_SMALL = (
    ("logs", LOG_COLUMNS),
    ("summaries", SUMMARY_COLUMNS),
    ("models", MODEL_COLUMNS),
    ("uploads", UPLOAD_COLUMNS),
    ("creates", CREATE_COLUMNS),
)
"""Tables with at most a few short rows for each job or profile."""


async def distrust_damaged(archive: Archive) -> dict[str, list[str]]:
    """Let the next synchronization fetch again what changed on the disk.

    Returns:
        What is damaged, by id of a job, file or model.
    """
    jobs = await archive.jobs.distrust_damaged()
    found: dict[str, list[str]] = {id: ["job"] for id in jobs}
    for id in archive.jobs.ids():
        if damaged := damaged_history(archive, id):
            found.setdefault(id, []).extend(damaged)
    for id in await repair_logs(archive):
        found.setdefault(id, []).append("log")
    files = archive.files.damaged()
    if files:
        await archive.files.drop_damaged(files)
    with_files = [job for id in files for job in archive.jobs.naming(id)]
    await archive.jobs.distrust([*found, *with_files])
    models = await archive.files.drop_damaged_models()
    return found | {id: ["file"] for id in files} | {id: ["model"] for id in models}


def damaged_jobs(archive: Archive, table: str, columns: str) -> list[str]:
    """Return the jobs whose row in a table changed on the disk. Slow: checks all of them.

    Args:
        table: table with one row a job: `logs` or `summaries`.
        columns: columns that the checksum covers.
    """
    names = ", ".join(f"{table}.{name}" for name in columns.split(", "))
    sql = f"SELECT {table}.sum, {names}, jobs.id FROM jobs JOIN {table} ON {table}.job = jobs.key WHERE profile = ?"

    def find(db: sqlite3.Connection, profile: int) -> list[str]:
        return [row[-1] for row in db.execute(sql, (profile,)) if not is_sound(row[:-1])]

    none: list[str] = []
    return archive.database.read(find, none)


async def repair_logs(archive: Archive) -> list[str]:
    """Replace the damaged states of logs. Return their jobs."""
    damaged = await archive.in_thread(partial(damaged_jobs, archive, "logs", LOG_COLUMNS))
    for id in damaged:
        await archive.events.repair_state(id)
    return damaged


def damaged_summaries(archive: Archive) -> list[str]:
    """Return the jobs with a summary that changed on the disk. Slow: checks all of them."""
    return damaged_jobs(archive, "summaries", SUMMARY_COLUMNS)


def damaged_history(archive: Archive, id: str) -> list[str]:
    """Return which records of a job are damaged: `events`, `metrics`, `checkpoints`, `samples`."""
    checkpoints = ["checkpoints"] if archive.jobs.has_damaged_checkpoints(id) else []
    samples = ["samples"] if archive.samples.has_damaged(id) else []
    return [*archive.events.damaged(id), *checkpoints, *samples]


async def add_checksums(archive: Archive) -> None:
    """Add checksums to rows of older versions, a few at a time, so that other writers need not wait."""
    jobs = archive.jobs.unsummed()
    if jobs:
        await archive.database.write(_sum_files)
    for id in jobs:
        await archive.database.write_job(id, _sum_job, None)
    for table, columns in _SMALL:
        without = f"SELECT rowid, {columns} FROM {table} WHERE sum IS NULL"
        if archive.database.query(f"{without} LIMIT 1"):
            after = 0
            while (last := await archive.database.write(partial(_sum_rows, table, without, after))) is not None:
                after = last


def _sum_files(db: sqlite3.Connection, profile: int) -> None:
    for key, id, raw in db.execute(
        "SELECT rowid, id, raw FROM files WHERE profile = ? AND raw IS NOT NULL AND raw_sum IS NULL", (profile,)
    ).fetchall():
        db.execute("UPDATE files SET raw_sum = ? WHERE rowid = ?", (row_sum(id, raw), key))
    for key, content in db.execute(
        "SELECT rowid, content FROM files WHERE profile = ? AND content IS NOT NULL AND content_sum IS NULL", (profile,)
    ):
        db.execute("UPDATE files SET content_sum = ? WHERE rowid = ?", (zlib.crc32(content), key))


def _sum_rows(table: str, without: str, after: int, db: sqlite3.Connection, _profile: int) -> int | None:
    """Add checksums to rows after row number `after`. Return the last one's number, or None when there are no more."""
    rows = db.execute(f"{without} AND rowid > ? ORDER BY rowid LIMIT ?", (after, CHUNK)).fetchall()
    db.executemany(f"UPDATE {table} SET sum = ? WHERE rowid = ?", [(row_sum(*row[1:]), row[0]) for row in rows])
    return rows[-1][0] if rows else None


def _sum_job(db: sqlite3.Connection, job: int) -> None:
    for table, key, columns in (
        ("events", "seq", EVENT_COLUMNS),
        ("points", "step", POINT_COLUMNS),
        ("checkpoints", "id", CHECKPOINT_COLUMNS),
    ):
        rows = db.execute(f"SELECT {key}, {columns} FROM {table} WHERE job = ? AND sum IS NULL", (job,)).fetchall()
        sums = [(row_sum(*row[1:]), job, row[0]) for row in rows]
        db.executemany(f"UPDATE {table} SET sum = ? WHERE job = ? AND {key} = ?", sums)
    db.execute("DELETE FROM unsummed WHERE job = ?", (job,))
