"""Samples of jobs in the archive, by step."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from fttui.checksums import row_sum
from fttui.models.raw_json import encode
from fttui.models.samples import StepSamples
from fttui.store.archive.damage import is_sound
from fttui.store.archive.database import Database
from fttui.store.archive.schema import SAMPLE_COLUMNS


class ArchiveSamples:
    """Samples of one profile's jobs. Those of a step are recorded once; the newest answer of the provider counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, id: str) -> list[str]:
        """Return the JSON of all samples of a job, by step."""
        sql = f"SELECT sum, {SAMPLE_COLUMNS} FROM samples WHERE job = ? ORDER BY step"
        found: list[Any] = self._database.read_job(id, lambda db, job: db.execute(sql, (job,)).fetchall(), [])
        return [raw for *_, raw in self._database.damage.sound(found, "samples", id)]

    def steps(self, id: str) -> list[int]:
        """Return the steps with samples of a job. Decodes none."""
        sql = "SELECT step FROM samples WHERE job = ? AND json_valid(raw) AND json_array_length(raw, '$.samples') > 0"
        none: list[int] = []
        return self._database.read_job(
            id, lambda db, job: [step for (step,) in db.execute(f"{sql} ORDER BY step", (job,))], none
        )

    def newest(self, id: str) -> str | None:
        """Return the id of the samples of the last step, or None without any."""
        sql = "SELECT id FROM samples WHERE job = ? ORDER BY step DESC LIMIT 1"
        found = self._database.read_job(id, lambda db, job: db.execute(sql, (job,)).fetchone(), None)
        return None if found is None else str(found[0])

    def has_damaged(self, id: str) -> bool:
        """Return whether the samples of a step of a job are damaged."""
        none: list[int] = []
        return bool(self._database.read_job(id, _damaged, none))

    async def drop_damaged(self, id: str) -> None:
        """Delete what is damaged, after all samples of a job were fetched again: its own step may have changed."""

        def drop(db: sqlite3.Connection, job: int) -> None:
            db.executemany(
                "DELETE FROM samples WHERE job = ? AND step = ?", [(job, step) for step in _damaged(db, job)]
            )

        await self._database.write_job(id, drop, None)

    async def save(self, id: str, found: Sequence[StepSamples]) -> bool:
        """Record samples and keep those of other steps. Return True if any is new or changed."""

        rows = [(item.step_number, item.id, encode(item.raw)) for item in found if item.step_number is not None]

        def write(db: sqlite3.Connection, job: int) -> bool:
            before = db.total_changes
            db.executemany(
                f"INSERT INTO samples(job, {SAMPLE_COLUMNS}, sum) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT(job, step) DO UPDATE SET id = excluded.id, raw = excluded.raw, sum = excluded.sum "
                "WHERE sum IS NOT excluded.sum OR raw IS NOT excluded.raw",
                [(job, *row, row_sum(*row)) for row in rows],
            )
            return db.total_changes > before

        return await self._database.write_job(id, write, False)


def _damaged(db: sqlite3.Connection, job: int) -> list[int]:
    rows = db.execute(f"SELECT sum, {SAMPLE_COLUMNS} FROM samples WHERE job = ?", (job,))
    return [row[1] for row in rows if not is_sound(row)]
