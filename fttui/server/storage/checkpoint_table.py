"""Checkpoints of jobs. The newest ones and the best one are kept, others are dropped."""

import json
import math
from collections.abc import Iterable

from fttui.server import ids
from fttui.server.settings import KEPT_CHECKPOINTS
from fttui.server.storage.model_table import ModelTable
from fttui.server.storage.records import CheckpointRecord, JobRecord
from fttui.server.storage.reports import SavedCheckpoint
from fttui.sqlite import Connection, Database, Row

_CHECKPOINT = (
    "SELECT checkpoint.seq, checkpoint.id, job.id AS job, checkpoint.step, checkpoint.created_at, "
    "checkpoint.model, metrics FROM checkpoint JOIN job ON job.seq = checkpoint.job "
)


class CheckpointTable:
    """Checkpoints of all jobs. Each one is also a model."""

    def __init__(self, database: Database, models: ModelTable) -> None:
        self._database = database
        self._models = models

    def page(self, job: JobRecord, *, after: str | None, limit: int) -> tuple[list[CheckpointRecord], bool]:
        """Return a page of a job's checkpoints, newest first, and whether there are more."""
        query, values = _CHECKPOINT + "WHERE checkpoint.job = ?", [job.seq]
        if after is not None:
            query += " AND checkpoint.step < (SELECT step FROM checkpoint WHERE id = ? AND job = ?)"
            values += [after, job.seq]  # type: ignore[list-item]
        rows = self._database.rows(query + " ORDER BY checkpoint.step DESC LIMIT ?", [*values, limit + 1])
        return [_checkpoint(row) for row in rows[:limit]], len(rows) > limit

    def get(self, job: JobRecord, step: int) -> CheckpointRecord | None:
        rows = self._database.rows(_CHECKPOINT + "WHERE checkpoint.job = ? AND checkpoint.step = ?", (job.seq, step))
        return _checkpoint(rows[0]) if rows else None

    def steps(self, job: JobRecord) -> list[int]:
        """Return the steps of a job's checkpoints in ascending order."""
        return [
            row[0] for row in self._database.rows("SELECT step FROM checkpoint WHERE job = ? ORDER BY step", (job.seq,))
        ]

    def best_step(self, job: JobRecord) -> int | None:
        """Return the step of the checkpoint with the lowest validation loss, None if none was validated."""
        rows = self._database.rows("SELECT step, metrics FROM checkpoint WHERE job = ?", (job.seq,))
        return _best((row[0], row[1]) for row in rows)

    def insert(
        self, sql: Connection, job: JobRecord, saved: SavedCheckpoint, now: int, best: int | None = None
    ) -> list[str]:
        """Add a checkpoint and its model inside the transaction of the caller, and drop the oldest ones.

        A checkpoint that is stored already is left as it is.

        Args:
            best: step of a checkpoint that is not dropped. None for the one with the lowest validation loss of its own.

        Returns:
            The paths of models in the job's directory that are no longer kept.
        """
        (total,) = sql.execute("SELECT total_steps FROM job WHERE seq = ?", (job.seq,)).fetchone()
        model = ids.tuned_model(job.base, job.suffix, None if saved.step == total else saved.step)
        added = sql.execute(
            "INSERT OR IGNORE INTO checkpoint (id, job, step, created_at, model, metrics) VALUES (?, ?, ?, ?, ?, ?)",
            (ids.new_id("ftckpt_"), job.seq, saved.step, now, model, json.dumps(saved.metrics)),
        ).rowcount
        if added:
            self._models.insert(sql, model, job, saved.path, now)
        return self._drop_old(sql, job, best)

    def _drop_old(self, sql: Connection, job: JobRecord, best: int | None) -> list[str]:
        old = sql.execute(
            "SELECT checkpoint.seq, checkpoint.model, path, step FROM checkpoint"
            " LEFT JOIN model ON model.id = checkpoint.model"
            " WHERE checkpoint.job = ? ORDER BY checkpoint.step DESC LIMIT -1 OFFSET ?",
            (job.seq, KEPT_CHECKPOINTS),
        ).fetchall()
        kept = self._best_step(sql, job) if old and best is None else best
        old = [row for row in old if row[3] != kept]
        for seq, model, _, _ in old:
            sql.execute("DELETE FROM checkpoint WHERE seq = ?", (seq,))
            sql.execute("DELETE FROM model WHERE id = ?", (model,))
        return [path for _, _, path, _ in old if path is not None]

    def _best_step(self, sql: Connection, job: JobRecord) -> int | None:
        """Return the step of the checkpoint with the lowest validation loss, None if none was validated.

        An alarm about a job that overfits names it, so it must still be there when the job has ended.
        """
        return _best(sql.execute("SELECT step, metrics FROM checkpoint WHERE job = ?", (job.seq,)).fetchall())


def _best(saved: Iterable[tuple[int, str]]) -> int | None:
    losses = [(json.loads(metrics), step) for step, metrics in saved]
    for name in ("full_valid_loss", "valid_loss"):
        measured = [(loss, step) for numbers, step in losses if _is_finite(loss := numbers.get(name))]
        if measured:
            return int(min(measured)[1])
    return None


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _checkpoint(row: Row) -> CheckpointRecord:
    members = dict(row)
    return CheckpointRecord(**{**members, "metrics": json.loads(members["metrics"])})
