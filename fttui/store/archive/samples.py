"""Samples of jobs in the archive, by step."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from fttui.models.raw_json import encode
from fttui.models.samples import StepSamples
from fttui.store.archive.database import Database


class ArchiveSamples:
    """Samples of one profile's jobs. Those of a step are recorded once; the newest answer of the provider counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, id: str) -> list[str]:
        """Return the JSON of all samples of a job, by step."""
        sql = "SELECT raw FROM samples WHERE job = ? ORDER BY step"
        found: list[Any] = self._database.read_job(id, lambda db, job: db.execute(sql, (job,)).fetchall(), [])
        return [raw for (raw,) in found]

    def newest(self, id: str) -> str | None:
        """Return the id of the samples of the last step, or None without any."""
        sql = "SELECT id FROM samples WHERE job = ? ORDER BY step DESC LIMIT 1"
        found = self._database.read_job(id, lambda db, job: db.execute(sql, (job,)).fetchone(), None)
        return None if found is None else str(found[0])

    async def save(self, id: str, found: Sequence[StepSamples]) -> bool:
        """Record samples and keep those of other steps. Return True if any is new or changed."""

        def write(db: sqlite3.Connection, job: int) -> bool:
            before = db.total_changes
            db.executemany(
                "INSERT INTO samples(job, step, id, raw) VALUES (?, ?, ?, ?) "
                "ON CONFLICT(job, step) DO UPDATE SET id = excluded.id, raw = excluded.raw "
                "WHERE raw IS NOT excluded.raw",
                [(job, item.step_number, item.id, encode(item.raw)) for item in found if item.step_number is not None],
            )
            return db.total_changes > before

        return await self._database.write_job(id, write, False)
