"""The service's truth, in SQLite: every job, event, checkpoint, model and file, written before it is answered for.

Each public method that changes something is one transaction. Safe to call from any thread. Jobs and what
belongs to them are here, files and uploads in filerows.py, the connection in sql.py.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fttui.server import ids
from fttui.server.storage.file_rows import FileRows
from fttui.server.storage.records import CheckpointRecord, EventRecord, FileRecord, JobRecord, ModelRecord, NewJob
from fttui.server.storage.sql import Connection, Row

KEPT_CHECKPOINTS = 3

_JOB = "SELECT " + ", ".join(JobRecord._fields) + " FROM job "
_MODEL = "SELECT model.id, created, model.base, job.id AS job, path FROM model JOIN job ON job.seq = model.job "
_CHECKPOINT = (
    "SELECT checkpoint.seq, checkpoint.id, job.id AS job, checkpoint.step, checkpoint.created_at, "
    "checkpoint.model, metrics FROM checkpoint JOIN job ON job.seq = checkpoint.job "
)


class Metrics(NamedTuple):
    """The trainer measured a step."""

    step: int
    total_steps: int | None
    message: str
    data: dict[str, Any]


class Note(NamedTuple):
    """The trainer, or the service, says something."""

    message: str
    level: str = "info"
    data: dict[str, Any] = {}


class Saved(NamedTuple):
    """The trainer saved a checkpoint. Its model is named here, on the first telling."""

    step: int
    path: str
    metrics: dict[str, Any]


class Outcome(NamedTuple):
    """The trainer's last word: a result, or an error when `failed`."""

    body: dict[str, Any]
    failed: bool


Fact = Metrics | Note | Saved | Outcome


class Db(FileRows):
    """The database at `path`: see `Sql` for what it raises."""

    # Jobs

    def add_job(self, new: NewJob, now: int) -> JobRecord:
        """Accept a job, with the first events of its life."""
        id = ids.new_id("ftjob-")
        with self._transaction() as sql:
            values = {
                "id": id,
                "status": "validating_files",
                "created_at": now,
                **new._asdict(),
                "hyperparameters": json.dumps(new.hyperparameters),
                "metadata": json.dumps(new.metadata) if new.metadata is not None else None,
            }
            marks = ", ".join("?" * len(values))
            seq = sql.execute(f"INSERT INTO job ({', '.join(values)}) VALUES ({marks})", [*values.values()]).lastrowid
            assert seq is not None
            for key, value in (new.metadata or {}).items():
                sql.execute("INSERT INTO job_metadata VALUES (?, ?, ?)", (key, value, seq))
            files = f"Validating training file: {new.training_file}"
            if new.validation_file:
                files += f" and validation file: {new.validation_file}"
            notes = [Note(f"Created fine-tuning job: {id}"), Note(files)]
            if new.suffix and (plain := ids.plain(new.suffix)) != new.suffix:
                allowed = "only letters, digits, '.', '_' and '-' can stand there"
                notes.append(Note(f"In its models' names the suffix will be '{plain}': {allowed}", "warn"))
            self._tell(sql, seq, notes, now)
            return _job(sql.execute(_JOB + "WHERE seq = ?", (seq,)).fetchone())

    def job(self, id: str) -> JobRecord | None:
        rows = self._rows(_JOB + "WHERE id = ?", (id,))
        return _job(rows[0]) if rows else None

    def jobs(
        self, *, after: str | None, limit: int, metadata: Mapping[str, str], without_metadata: bool = False
    ) -> tuple[list[JobRecord], bool]:
        """A page of jobs, newest first, and whether there are more. An unknown `after` is behind the last."""
        where, values = ["1"], []
        if after is not None:
            where.append("seq < (SELECT seq FROM job WHERE id = ?)")
            values.append(after)
        if without_metadata:
            where.append("metadata IS NULL")
        for key, value in metadata.items():
            where.append("seq IN (SELECT job FROM job_metadata WHERE key = ? AND value = ?)")
            values += [key, value]
        rows = self._rows(f"{_JOB} WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?", [*values, limit + 1])
        return [_job(row) for row in rows[:limit]], len(rows) > limit

    def untidied(self) -> list[JobRecord]:
        """Every job that still needs looking after, in the order of the queue."""
        return [_job(row) for row in self._rows(_JOB + "WHERE tidied = 0 ORDER BY turn, seq")]

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state that is not an end."""
        query = "SELECT status, count(*) FROM job WHERE tidied = 0 GROUP BY status"
        return {row[0]: row[1] for row in self._rows(query)}

    def move(self, job: JobRecord, to: str, notes: Iterable[Note], now: int, **members: Any) -> bool:
        """Change a job's state from `job.status`, with events and other members, all or nothing.

        Returns False, and changes nothing, when the job has left that state meanwhile.
        """
        values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in members.items()}
        columns = ["status = :to", *(f"{name} = :{name}" for name in values)]
        if to == "queued":
            columns.append("turn = (SELECT max(turn) + 1 FROM job)")
        with self._transaction() as sql:
            changed = sql.execute(
                f"UPDATE job SET {', '.join(columns)} WHERE seq = :seq AND status = :now",
                {**values, "to": to, "seq": job.seq, "now": job.status},
            ).rowcount
            if changed:
                self._tell(sql, job.seq, notes, now)
            return bool(changed)

    def restarted(self, job: JobRecord, note: Note, now: int) -> None:
        """Count that a running job's trainer had to be started again."""
        with self._transaction() as sql:
            sql.execute(
                "UPDATE job SET restarts = CASE WHEN step > restart_step THEN 1 ELSE restarts + 1 END,"
                " restart_step = step, restart_offset = offset WHERE seq = ?",
                (job.seq,),
            )
            self._tell(sql, job.seq, [note], now)

    def tidied(self, job: JobRecord) -> None:
        """Remember that nothing is left to do for a job."""
        with self._transaction() as sql:
            sql.execute("UPDATE job SET tidied = 1 WHERE seq = ?", (job.seq,))

    # What trainers tell

    def ingest(
        self, job: JobRecord, facts: Iterable[Fact], offset: int, finish: int | None, now: int, garbage: int = 0
    ) -> list[str]:
        """Turn what a trainer told, up to byte `offset` of its progress, into rows: once, however often it is told.

        `garbage` is how many lines of it could not be read.

        Returns the paths of checkpoints that are no longer kept. Changes nothing when the job is neither running
        nor paused, or when another reader was faster.
        """
        dropped: list[str] = []
        with self._transaction() as sql:
            current = sql.execute(
                "UPDATE job SET offset = ?, estimated_finish = ?, garbage = garbage + ? WHERE seq = ? AND offset = ?"
                " AND status IN ('running', 'paused')",
                (offset, finish, garbage, job.seq, job.offset),
            ).rowcount
            if not current:
                return []
            for fact in facts:
                match fact:
                    case Metrics(step=step, total_steps=total):
                        self._tell(sql, job.seq, [fact], now)
                        sql.execute(
                            "UPDATE job SET step = max(step, ?), total_steps = coalesce(?, total_steps) WHERE seq = ?",
                            (step, total, job.seq),
                        )
                    case Note():
                        self._tell(sql, job.seq, [fact], now)
                    case Saved():
                        dropped += self._keep_checkpoint(sql, job, fact, now)
                    case Outcome(body=body, failed=failed):
                        column = "failure" if failed else "result"
                        sql.execute(f"UPDATE job SET {column} = ? WHERE seq = ?", (json.dumps(body), job.seq))
        return dropped

    def _keep_checkpoint(self, sql: Connection, job: JobRecord, saved: Saved, now: int) -> list[str]:
        (total,) = sql.execute("SELECT total_steps FROM job WHERE seq = ?", (job.seq,)).fetchone()
        name = ids.tuned_model(job.base, job.suffix, None if saved.step == total else saved.step)
        added = sql.execute(
            "INSERT OR IGNORE INTO checkpoint (id, job, step, created_at, model, metrics) VALUES (?, ?, ?, ?, ?, ?)",
            (ids.new_id("ftckpt_"), job.seq, saved.step, now, name, json.dumps(saved.metrics)),
        ).rowcount
        if added:
            self._add_model(sql, name, job, saved.path, now)
        old = sql.execute(
            "SELECT checkpoint.seq, checkpoint.model, path FROM checkpoint"
            " LEFT JOIN model ON model.id = checkpoint.model"
            " WHERE checkpoint.job = ? ORDER BY checkpoint.step DESC LIMIT -1 OFFSET ?",
            (job.seq, KEPT_CHECKPOINTS),
        ).fetchall()
        for seq, model, _ in old:
            sql.execute("DELETE FROM checkpoint WHERE seq = ?", (seq,))
            sql.execute("DELETE FROM model WHERE id = ?", (model,))
        return [path for _, _, path in old if path is not None]

    def _add_model(self, sql: Connection, id: str, job: JobRecord, path: str, now: int) -> None:
        sql.execute(
            "INSERT INTO model (id, created, base, job, path) VALUES (?, ?, ?, ?, ?)",
            (id, now, job.base, job.seq, path),
        )

    def _tell(self, sql: Connection, job: int, facts: Iterable[Metrics | Note], now: int) -> None:
        last = sql.execute("SELECT created_at FROM event WHERE job = ? ORDER BY seq DESC LIMIT 1", (job,)).fetchone()
        # A clock that jumps back must not make an event look older than the one before it.
        when = max(now, last[0]) if last else now
        for fact in facts:
            step, kind, level = (
                (fact.step, "metrics", "info") if isinstance(fact, Metrics) else (None, "message", fact.level)
            )
            sql.execute(
                "INSERT OR IGNORE INTO event (job, created_at, level, type, message, data, step)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (job, when, level, kind, fact.message, json.dumps(fact.data), step),
            )

    def succeed(
        self, job: JobRecord, model: str, path: str | None, result_file: FileRecord, tokens: int, now: int
    ) -> bool:
        """End a running job well. With `path`, the model is none of its checkpoints and is added first."""
        with self._transaction() as sql:
            changed = sql.execute(
                "UPDATE job SET status = 'succeeded', finished_at = ?, fine_tuned_model = ?, result_files = ?,"
                " trained_tokens = ?, estimated_finish = NULL WHERE seq = ? AND status = 'running'",
                (now, model, json.dumps([result_file.id]), tokens, job.seq),
            ).rowcount
            if changed:
                if path is not None:
                    self._add_model(sql, model, job, path, now)
                self._add_file(sql, result_file)
                notes = [Note(f"New fine-tuned model created: {model}"), Note("The job has successfully completed")]
                self._tell(sql, job.seq, notes, now)
            return bool(changed)

    # Events and checkpoints

    def events(self, job: JobRecord, *, after: str | None, limit: int) -> tuple[list[EventRecord], bool]:
        """A page of a job's events, newest first, and whether there are more."""
        before = 1 << 62
        if after is not None:
            seq = ids.event_seq(after, self._salt)
            if seq is None or not self._rows("SELECT 1 FROM event WHERE seq = ? AND job = ?", (seq, job.seq)):
                return [], False
            before = seq
        rows = self._rows(
            "SELECT seq, created_at, level, type, message, data FROM event"
            " WHERE job = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
            (job.seq, before, limit + 1),
        )
        return [self._event(row) for row in rows[:limit]], len(rows) > limit

    def _event(self, row: Row) -> EventRecord:
        members = dict(row)
        id = ids.event_id(members["seq"], self._salt)
        return EventRecord(**{**members, "id": id, "data": json.loads(members["data"])})

    def metrics(self, job: JobRecord) -> list[dict[str, Any]]:
        """What was measured, step by step, for the result file."""
        rows = self._rows("SELECT data FROM event WHERE job = ? AND step IS NOT NULL ORDER BY step", (job.seq,))
        return [json.loads(row[0]) for row in rows]

    def checkpoints(self, job: JobRecord, *, after: str | None, limit: int) -> tuple[list[CheckpointRecord], bool]:
        """A page of a job's checkpoints, newest first, and whether there are more."""
        query, values = _CHECKPOINT + "WHERE checkpoint.job = ?", [job.seq]
        if after is not None:
            query += " AND checkpoint.step < (SELECT step FROM checkpoint WHERE id = ? AND job = ?)"
            values += [after, job.seq]  # type: ignore[list-item]
        rows = self._rows(query + " ORDER BY checkpoint.step DESC LIMIT ?", [*values, limit + 1])
        return [_checkpoint(row) for row in rows[:limit]], len(rows) > limit

    def checkpoint(self, job: JobRecord, step: int) -> CheckpointRecord | None:
        rows = self._rows(_CHECKPOINT + "WHERE checkpoint.job = ? AND checkpoint.step = ?", (job.seq, step))
        return _checkpoint(rows[0]) if rows else None

    # Models

    def models(self) -> list[ModelRecord]:
        """Every model that jobs made, newest first."""
        return [ModelRecord(*row) for row in self._rows(_MODEL + "ORDER BY model.seq DESC")]

    def model(self, id: str) -> ModelRecord | None:
        rows = self._rows(_MODEL + "WHERE model.id = ?", (id,))
        return ModelRecord(*rows[0]) if rows else None

    def model_paths(self, job: JobRecord) -> set[str]:
        """The models in a job's directory that are worth keeping."""
        return {row[0] for row in self._rows("SELECT path FROM model WHERE job = ?", (job.seq,))}

    def drop_model(self, id: str) -> None:
        """Forget a model; the checkpoint that it was stays in the job's history."""
        with self._transaction() as sql:
            sql.execute("DELETE FROM model WHERE id = ?", (id,))


def _job(row: Row) -> JobRecord:
    members = dict(row)
    for name in ("hyperparameters", "metadata", "error", "result", "failure"):
        if members[name] is not None:
            members[name] = json.loads(members[name])
    members["result_files"] = tuple(json.loads(members["result_files"]))
    members["tidied"] = bool(members["tidied"])
    return JobRecord(**members)


def _checkpoint(row: Row) -> CheckpointRecord:
    members = dict(row)
    return CheckpointRecord(**{**members, "metrics": json.loads(members["metrics"])})
