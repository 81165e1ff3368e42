"""Samples: what a model answered to the fixed prompts of its job, by step."""

import json
from collections.abc import Iterator

from fttui.server import ids
from fttui.server.storage.records import JobRecord, SamplesRecord
from fttui.server.storage.reports import Samples
from fttui.sqlite import Connection, Database, Row

_SAMPLES = "SELECT seq, id, step, created_at, samples FROM samples "
_PART = 100
"""Rows that are read together."""


class SampleTable:
    """Samples of all jobs. A step of a job has them at most once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, job: JobRecord, *, after: str | None, limit: int) -> tuple[list[SamplesRecord], bool]:
        """Return a page of a job's samples by step, and whether there are more. After an unknown id there are none."""
        query, values = _SAMPLES + "WHERE job = ?", [job.seq]
        if after is not None:
            query += " AND step > (SELECT step FROM samples WHERE id = ? AND job = ?)"
            values += [after, job.seq]  # type: ignore[list-item]
        rows = self._database.rows(query + " ORDER BY step LIMIT ?", [*values, limit + 1])
        return [_record(row) for row in rows[:limit]], len(rows) > limit

    def every(self, job: JobRecord) -> Iterator[SamplesRecord]:
        """Return all samples of a job by step, and read a piece at a time."""
        last = -1
        while rows := self._database.rows(
            _SAMPLES + "WHERE job = ? AND step > ? ORDER BY step LIMIT ?", (job.seq, last, _PART)
        ):
            last = rows[-1]["step"]
            yield from map(_record, rows)

    def insert(self, sql: Connection, job: JobRecord, found: Samples, now: int) -> None:
        """Add samples inside the transaction of the caller. Those of a step that has some are dropped."""
        sql.execute(
            "INSERT OR IGNORE INTO samples (id, job, step, created_at, samples) VALUES (?, ?, ?, ?, ?)",
            (ids.new_id("ftsmpl_"), job.seq, found.step, now, json.dumps(found.samples)),
        )


def _record(row: Row) -> SamplesRecord:
    members = dict(row)
    return SamplesRecord(**{**members, "samples": json.loads(members["samples"])})
