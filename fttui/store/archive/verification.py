"""The check of everything that the archive has of a profile, and the checksums of rows that older versions wrote."""

import sqlite3
import zlib

from fttui.checksums import row_sum
from fttui.store.archive.archive import Archive
from fttui.store.archive.schema import CHECKPOINT_COLUMNS, EVENT_COLUMNS, POINT_COLUMNS


async def distrust_damaged(archive: Archive) -> dict[str, list[str]]:
    """Let the next synchronization fetch again what changed on the disk.

    Returns:
        What is damaged, by id of a job or file.
    """
    jobs = await archive.jobs.distrust_damaged()
    found: dict[str, list[str]] = {id: ["job"] for id in jobs}
    for id in archive.jobs.ids():
        if damaged := damaged_history(archive, id):
            found.setdefault(id, []).extend(damaged)
    files = archive.files.damaged()
    if files:
        await archive.files.drop_damaged(files)
    with_files = [job for id in files for job in archive.jobs.naming(id)]
    await archive.jobs.distrust([*found, *with_files])
    return found | {id: ["file"] for id in files}


def damaged_history(archive: Archive, id: str) -> list[str]:
    """Return which records of a job are damaged: `events`, `metrics`, `checkpoints`, `samples`."""
    checkpoints = ["checkpoints"] if archive.jobs.has_damaged_checkpoints(id) else []
    samples = ["samples"] if archive.samples.has_damaged(id) else []
    return [*archive.events.damaged(id), *checkpoints, *samples]


async def add_checksums(archive: Archive) -> None:
    """Add checksums to rows of older versions, one job at a time, so that other writers need not wait."""
    jobs = archive.jobs.unsummed()
    if jobs:
        await archive.database.write(_sum_files)
    for id in jobs:
        await archive.database.write_job(id, _sum_job, None)


def _sum_files(db: sqlite3.Connection, profile: int) -> None:
    for key, id, raw in db.execute(
        "SELECT rowid, id, raw FROM files WHERE profile = ? AND raw IS NOT NULL AND raw_sum IS NULL", (profile,)
    ).fetchall():
        db.execute("UPDATE files SET raw_sum = ? WHERE rowid = ?", (row_sum(id, raw), key))
    for key, content in db.execute(
        "SELECT rowid, content FROM files WHERE profile = ? AND content IS NOT NULL AND content_sum IS NULL", (profile,)
    ):
        db.execute("UPDATE files SET content_sum = ? WHERE rowid = ?", (zlib.crc32(content), key))


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
