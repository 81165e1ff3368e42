"""Models that jobs made."""

from fttui.server.storage.records import JobRecord, ModelRecord
from fttui.sqlite import Connection, Database

_MODEL = (
    "SELECT model.id, created, model.base, job.id AS job, path, job.root FROM model JOIN job ON job.seq = model.job "
)


class ModelTable:
    """Checkpoint models and final models. Base models are not in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[ModelRecord]:
        """Return every model, newest first."""
        return [ModelRecord(*row) for row in self._database.rows(_MODEL + "ORDER BY model.seq DESC")]

    def of(self, job: JobRecord) -> list[ModelRecord]:
        """Return the models that a job made, oldest first."""
        rows = self._database.rows(_MODEL + "WHERE model.job = ? ORDER BY model.seq", (job.seq,))
        return [ModelRecord(*row) for row in rows]

    def get(self, id: str) -> ModelRecord | None:
        rows = self._database.rows(_MODEL + "WHERE model.id = ?", (id,))
        return ModelRecord(*rows[0]) if rows else None

    def paths(self, job: JobRecord) -> set[str]:
        """Return the names of the models in a job's directory."""
        return {row[0] for row in self._database.rows("SELECT path FROM model WHERE job = ?", (job.seq,))}

    def delete(self, id: str) -> None:
        """Delete a model. Its checkpoint stays in the history of the job."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM model WHERE id = ?", (id,))

    def insert(self, sql: Connection, id: str, job: JobRecord, path: str, now: int) -> None:
        """Add a model inside the transaction of the caller."""
        sql.execute(
            "INSERT INTO model (id, created, base, job, path) VALUES (?, ?, ?, ?, ?)",
            (id, now, job.base, job.seq, path),
        )
