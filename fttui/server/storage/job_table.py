"""Jobs: the queue, changes of state, and the storage of what trainers report."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from fttui.models.labels import trainer_settings
from fttui.server import ids
from fttui.server.storage.alert_table import AlertTable, NewAlert
from fttui.server.storage.checkpoint_table import CheckpointTable
from fttui.server.storage.event_table import EventTable
from fttui.server.storage.file_table import FileTable
from fttui.server.storage.model_table import ModelTable
from fttui.server.storage.records import FINAL, LIVE, FileRecord, JobRecord, NewJob
from fttui.server.storage.reports import (
    Environment,
    FinalReport,
    Message,
    Phase,
    Report,
    Samples,
    SavedCheckpoint,
    StepMetrics,
    StopDecision,
)
from fttui.server.storage.sample_table import SampleTable
from fttui.sqlite import Connection, Database, Row

TINY = "fttui-tiny-1"
"""Base model of the trainer in the box, which has no settings of its own."""
_JSON = (
    *("hyperparameters", "metadata", "error", "result", "failure", "stop", "phase", "environment", "estimate"),
    *("engine", "life"),
)
"""Columns with JSON text."""
_ACTIVE = "tidied = 0 AND (status != 'queued' OR life IS NOT NULL)"
"""Unfinished jobs, except those in the queue of the service. The words are those of the index `job_active`."""
_ATTENDED = "(engine IS NULL OR status IN ('validating_files', 'paused'))"
_JOB = "SELECT " + ", ".join(JobRecord._fields) + " FROM job "


class JobTable:
    """All jobs. Changes of a job's state are stored together with the events that report them."""

    def __init__(
        self,
        database: Database,
        events: EventTable,
        checkpoints: CheckpointTable,
        samples: SampleTable,
        models: ModelTable,
        files: FileTable,
        alerts: AlertTable,
    ) -> None:
        self._database = database
        self._events = events
        self._checkpoints = checkpoints
        self._samples = samples
        self._models = models
        self._files = files
        self._alerts = alerts

    # Requests

    def add(self, new: NewJob, now: int) -> JobRecord:
        """Accept a job and store its first events."""
        id = ids.new_id("ftjob-")
        with self._database.transaction() as sql:
            values = {
                "id": id,
                "status": "validating_files",
                "created_at": now,
                **new._asdict(),
                "hyperparameters": json.dumps(new.hyperparameters),
                "metadata": json.dumps(new.metadata) if new.metadata is not None else None,
                "engine": json.dumps(new.engine) if new.engine is not None else None,
            }
            marks = ", ".join("?" * len(values))
            seq = sql.execute(f"INSERT INTO job ({', '.join(values)}) VALUES ({marks})", [*values.values()]).lastrowid
            assert seq is not None
            for key, value in (new.metadata or {}).items():
                sql.execute("INSERT INTO job_metadata (key, value, job) VALUES (?, ?, ?)", (key, value, seq))
            self._events.append(sql, seq, _first_events(id, new), now)
            return _job(sql.execute(_JOB + "WHERE seq = ?", (seq,)).fetchone())

    def get(self, id: str) -> JobRecord | None:
        rows = self._database.rows(_JOB + "WHERE id = ?", (id,))
        return _job(rows[0]) if rows else None

    def with_source(self, base: str) -> JobRecord | None:
        """Return the newest job whose base model is in a directory and has this id."""
        rows = self._database.rows(_JOB + "WHERE base = ? AND source IS NOT NULL ORDER BY seq DESC LIMIT 1", (base,))
        return _job(rows[0]) if rows else None

    def page(
        self, *, after: str | None, limit: int, metadata: Mapping[str, str], without_metadata: bool = False
    ) -> tuple[list[JobRecord], bool]:
        """Return a page of jobs, newest first, and whether there are more. The page after an unknown id is empty."""
        where, values = ["1"], []
        if after is not None:
            where.append("seq < (SELECT seq FROM job WHERE id = ?)")
            values.append(after)
        if without_metadata:
            where.append("metadata IS NULL")
        for key, value in metadata.items():
            where.append("seq IN (SELECT job FROM job_metadata WHERE key = ? AND value = ?)")
            values += [key, value]
        query = f"{_JOB} WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?"
        rows = self._database.rows(query, [*values, limit + 1])
        return [_job(row) for row in rows[:limit]], len(rows) > limit

    # The runner

    def unfinished(self) -> list[JobRecord]:
        """Return the jobs that the runner still has work for, in the order of the queue.

        These are live and paused jobs, and ended jobs whose directory is not cleaned up yet.
        """
        return [_job(row) for row in self._database.rows(_JOB + "WHERE tidied = 0 ORDER BY turn, seq")]

    def attended(self) -> list[JobRecord]:
        """Return the jobs to look at every time: active jobs of this machine, and those that no engine has."""
        return [_job(row) for row in self._database.rows(f"{_JOB}WHERE {_ACTIVE} AND {_ATTENDED} ORDER BY turn, seq")]

    def at_engines(self) -> list[JobRecord]:
        """Return the active jobs that engines have. There may be thousands."""
        where = f"{_ACTIVE} AND NOT {_ATTENDED}"
        return [_job(row) for row in self._database.rows(f"{_JOB}WHERE {where} ORDER BY turn, seq")]

    def one_of_each_engine(self) -> list[JobRecord]:
        """Return one of the jobs that each engine has."""
        where = f"seq IN (SELECT min(seq) FROM job WHERE {_ACTIVE} AND NOT {_ATTENDED} GROUP BY engine)"
        return [_job(row) for row in self._database.rows(_JOB + f"WHERE {where}")]

    def count_running(self) -> int:
        """Return the number of running jobs of this machine."""
        where = f"{_ACTIVE} AND status = 'running' AND root IS NULL"
        return int(self._database.rows(f"SELECT count(*) FROM job WHERE {where}")[0][0])

    def count_submitted(self, root: str) -> int:
        """Return the number of live jobs with directories in `root` that are not in the queue of the service."""
        live = ", ".join("?" * len(LIVE))
        query = f"SELECT count(*) FROM job WHERE {_ACTIVE} AND status IN ({live}) AND root = ?"
        return int(self._database.rows(query, [*LIVE, root])[0][0])

    def queued_without_alert(self, event: str) -> list[JobRecord]:
        """Return the jobs that wait, here or at an engine, and have no alert about an event."""
        without = "NOT EXISTS (SELECT 1 FROM alert WHERE alert.job = job.seq AND alert.event = ?)"
        where = f"tidied = 0 AND status = 'queued' AND {without}"
        return [_job(row) for row in self._database.rows(f"{_JOB}WHERE {where} ORDER BY turn, seq", (event,))]

    def next_queued(self, root: str | None, limit: int) -> list[JobRecord]:
        """Return the first jobs in the queue of the service whose directories are in `root`."""
        where = "tidied = 0 AND status = 'queued' AND life IS NULL AND root IS ?"
        rows = self._database.rows(f"{_JOB}WHERE {where} ORDER BY turn, seq LIMIT ?", (root, limit))
        return [_job(row) for row in rows]

    def queued_roots(self) -> list[str | None]:
        """Return the parents of the directories of jobs in the queue of the service."""
        where = "tidied = 0 AND status = 'queued' AND life IS NULL"
        return [row[0] for row in self._database.rows(f"SELECT DISTINCT root FROM job WHERE {where}")]

    def roots(self) -> list[str]:
        """Return the parents of all directories outside the home directory."""
        return [row[0] for row in self._database.rows("SELECT DISTINCT root FROM job WHERE root IS NOT NULL")]

    def is_any_live(self) -> bool:
        """Return whether a job makes progress without a request, or has not been cleaned up yet."""
        found = self._database.rows("SELECT 1 FROM job WHERE tidied = 0 AND status != 'paused' LIMIT 1")
        if found:
            return True
        rows = self._database.rows(_JOB + "WHERE tidied = 0 AND status = 'paused' AND error IS NOT NULL")
        return any(_job(row).waits_for_room for row in rows)

    def ended(self) -> list[str]:
        """Return the jobs that have ended and that the runner has no work left for, oldest first."""
        return [row[0] for row in self._database.rows("SELECT id FROM job WHERE tidied = 1 ORDER BY seq")]

    def counts(self) -> dict[str, int]:
        """Return the number of unfinished jobs by status."""
        query = "SELECT status, count(*) FROM job WHERE tidied = 0 GROUP BY status"
        return {row[0]: row[1] for row in self._database.rows(query)}

    def move(self, job: JobRecord, to: str, messages: Iterable[Message], now: int, **members: Any) -> bool:
        """Change a job's status from `job.status`, with events and other members, in one transaction.

        Returns:
            False, with nothing changed, when the job no longer has `job.status`.
        """
        values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in members.items()}
        columns = ["status = :to", "phase = NULL", *(f"{name} = :{name}" for name in values)]
        if to == "queued":
            columns.append("turn = (SELECT max(turn) + 1 FROM job)")
        with self._database.transaction() as sql:
            changed = sql.execute(
                f"UPDATE job SET {', '.join(columns)} WHERE seq = :seq AND status = :now",
                {**values, "to": to, "seq": job.seq, "now": job.status},
            ).rowcount
            if changed:
                self._events.append(sql, job.seq, messages, now)
            return bool(changed)

    def succeed(
        self, job: JobRecord, model: str, path: str | None, result_file: FileRecord, tokens: int | None, now: int
    ) -> bool:
        """End a running job with its result, in one transaction.

        Args:
            path: the final model in the job's directory; None when a checkpoint is the final model.
            tokens: trained tokens; None when they are unknown.

        Returns:
            False, with nothing changed, when the job is no longer running.
        """
        with self._database.transaction() as sql:
            changed = sql.execute(
                "UPDATE job SET status = 'succeeded', finished_at = ?, fine_tuned_model = ?, result_files = ?,"
                " trained_tokens = ?, estimated_finish = NULL WHERE seq = ? AND status = 'running'",
                (now, model, json.dumps([result_file.id]), tokens, job.seq),
            ).rowcount
            if changed:
                if path is not None:
                    self._models.insert(sql, model, job, path, now)
                self._files.insert(sql, result_file)
                created = Message(f"New fine-tuned model created: {model}")
                self._events.append(sql, job.seq, [created, Message("The job has successfully completed")], now)
            return bool(changed)

    def count_restart(self, job: JobRecord, message: Message, now: int) -> None:
        """Count a restart of a running job's trainer. The count starts again at 1 after a new step."""
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE job SET restarts = CASE WHEN step > restart_step THEN 1 ELSE restarts + 1 END,"
                " restart_step = step, restart_offset = offset, phase = NULL WHERE seq = ?",
                (job.seq,),
            )
            self._events.append(sql, job.seq, [message], now)

    def set_life(self, job: JobRecord, life: dict[str, Any], messages: Iterable[Message], now: int) -> None:
        """Store the life of a queued or running job's trainer at its engine, with events."""
        with self._database.transaction() as sql:
            changed = sql.execute(
                "UPDATE job SET life = ? WHERE seq = ? AND status IN ('queued', 'running')", (json.dumps(life), job.seq)
            ).rowcount
            if changed:
                self._events.append(sql, job.seq, messages, now)

    def tell(self, job: JobRecord, messages: Iterable[Message], now: int) -> None:
        """Add events to a job that stays as it is."""
        with self._database.transaction() as sql:
            self._events.append(sql, job.seq, messages, now)

    def finish_cleanup(self, job: JobRecord) -> None:
        """Mark an ended job as cleaned up. The runner has no work left for it."""
        with self._database.transaction() as sql:
            sql.execute("UPDATE job SET tidied = 1 WHERE seq = ?", (job.seq,))

    def delete(self, job: JobRecord, files: Iterable[str]) -> list[str] | None:
        """Delete an ended job and everything that belongs to it, in one transaction.

        Args:
            files: its files. Those that no other job uses are deleted too.

        Returns:
            The deleted files; None, with nothing changed, when the job has not ended.
        """
        ended = ", ".join("?" * len(FINAL))
        with self._database.transaction() as sql:
            done = sql.execute(f"DELETE FROM job WHERE seq = ? AND status IN ({ended})", (job.seq, *FINAL))
            if not done.rowcount:
                return None
            for table in ("job_metadata", "event", "checkpoint", "samples", "model", "alert"):
                sql.execute(f"DELETE FROM {table} WHERE job = ?", (job.seq,))
            return [id for id in files if self._files.delete_unused(sql, id)]

    # Reports of trainers

    def store_reports(
        self,
        job: JobRecord,
        reports: Iterable[Report],
        offset: int,
        finish: int | None,
        now: int,
        unreadable_lines: int = 0,
        *,
        best: int | None = None,
        stop: StopDecision | None = None,
        alerts: Iterable[NewAlert] = (),
    ) -> list[str]:
        """Store the reports read from a trainer's progress file up to byte `offset`.

        Storing the same reports twice changes nothing. Reports are dropped when the job is neither running nor paused,
        or when another reader has stored them already.

        Args:
            finish: the new estimate of the finish time.
            unreadable_lines: the number of lines that were not valid.
            best: step of a checkpoint that is kept besides the newest ones.
            stop: decision to stop the job, which these reports led to. The first decision counts.
            alerts: alarms to tell, which these reports raised.

        Returns:
            The paths of checkpoints in the job's directory that are no longer kept.
        """
        dropped: list[str] = []
        with self._database.transaction() as sql:
            current = sql.execute(
                "UPDATE job SET offset = ?, estimated_finish = ?, garbage = garbage + ? WHERE seq = ? AND offset = ?"
                " AND status IN ('running', 'paused')",
                (offset, finish, unreadable_lines, job.seq, job.offset),
            ).rowcount
            if not current:
                return []
            reports = list(reports)
            if reports and all(isinstance(report, Phase | Environment) for report in reports):
                # A trainer that loads its model again and again, and is killed each time, makes no progress.
                sql.execute(
                    "UPDATE job SET restart_offset = ? WHERE seq = ? AND restart_offset = ?",
                    (offset, job.seq, job.offset),
                )
            for report in reports:
                dropped += self._store_report(sql, job, report, now, best)
            if stop is not None:
                self._store_stop(sql, job, stop, now)
            self._alerts.insert(sql, job, alerts, now)
        return dropped

    def _store_stop(self, sql: Connection, job: JobRecord, stop: StopDecision, now: int) -> None:
        values = (json.dumps(stop._asdict()), job.seq)
        if sql.execute("UPDATE job SET stop = ? WHERE seq = ? AND stop IS NULL", values).rowcount:
            data = {"rule": stop.rule, "rule_step": stop.step, "checkpoint_step": stop.checkpoint}
            self._events.append(sql, job.seq, [Message(stop.message, "warn", data)], now)

    def _store_report(self, sql: Connection, job: JobRecord, report: Report, now: int, best: int | None) -> list[str]:
        match report:
            case StepMetrics(step=step, total_steps=total):
                self._events.append(sql, job.seq, [report], now)
                sql.execute(
                    "UPDATE job SET step = max(step, ?), total_steps = coalesce(?, total_steps), phase = NULL"
                    " WHERE seq = ?",
                    (step, total, job.seq),
                )
            case Message():
                self._events.append(sql, job.seq, [report], now)
            case SavedCheckpoint():
                return self._checkpoints.insert(sql, job, report, now, best)
            case Samples():
                self._samples.insert(sql, job, report, now)
            case FinalReport(body=body, failed=failed):
                column = "failure" if failed else "result"
                sql.execute(f"UPDATE job SET {column} = ? WHERE seq = ?", (json.dumps(body), job.seq))
            case Phase(body=body):
                sql.execute("UPDATE job SET phase = ? WHERE seq = ?", (json.dumps(body), job.seq))
            case Environment(body=body):
                sql.execute("UPDATE job SET environment = ? WHERE seq = ?", (json.dumps(body), job.seq))
        return []


def _first_events(id: str, new: NewJob) -> list[Message]:
    files = f"Validating training file: {new.training_file}"
    if new.validation_file:
        files += f" and validation file: {new.validation_file}"
    messages = [Message(f"Created fine-tuning job: {id}"), Message(files)]
    if new.suffix and (safe := ids.safe_suffix(new.suffix)) != new.suffix:
        allowed = "letters, digits, '.', '_' and '-' are allowed"
        messages.append(Message(f"Names of this job's models use the suffix '{safe}': only {allowed}", "warn"))
    if new.base == TINY and (unused := trainer_settings(new.metadata)):
        messages.append(Message(f"{TINY} does not use: {', '.join(unused)}", "warn"))
    return messages


def _job(row: Row) -> JobRecord:
    members = dict(row)
    for name in _JSON:
        if members[name] is not None:
            members[name] = json.loads(members[name])
    members["result_files"] = tuple(json.loads(members["result_files"]))
    members["tidied"] = bool(members["tidied"])
    return JobRecord(**members)
