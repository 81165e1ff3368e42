"""Outcomes of jobs: success with a model and a result file, failure with a reason, cancellation."""

import os
import zlib
from typing import Any

from fttui import atomic
from fttui.clock import Clock
from fttui.server import ids
from fttui.server.jobs import result_file
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.disk_space import DiskSpace
from fttui.server.storage.file_operations import remove
from fttui.server.storage.job_dir import JobDirectory
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import FileRecord, JobRecord
from fttui.server.storage.reports import Message
from fttui.text import clean


class Outcomes:
    """Ends jobs. A job whose status has changed meanwhile stays as it is."""

    def __init__(
        self, database: ServiceDatabase, paths: HomePaths, disk: DiskSpace, catalog: Catalog, clock: Clock
    ) -> None:
        self._database = database
        self._paths = paths
        self._disk = disk
        self._catalog = catalog
        self._clock = clock

    def _end_time(self, job: JobRecord) -> int:
        """Return the current time, but not a time before the job's creation when the clock jumped back."""
        return max(int(self._clock.now()), job.created_at)

    def cancel(self, job: JobRecord) -> bool:
        """Cancel a job. Return False when its status has changed."""
        now = self._end_time(job)
        message = Message("Fine-tuning job cancelled")
        return self._database.jobs.move(job, "cancelled", [message], now, finished_at=now, estimated_finish=None)

    def succeed(self, job: JobRecord, result: dict[str, Any]) -> None:
        """End a job with the result of its trainer."""
        step, path = result.get("checkpoint"), result.get("path")
        checkpoint = self._database.checkpoints.get(job, step) if step is not None else None
        if checkpoint is None and path is None:
            self.fail_trainer(job, "named no model in its result")
            return
        model = ids.tuned_model(job.base, job.suffix, None) if checkpoint is None else checkpoint.model
        csv = result_file.csv_of(self._database.events.metrics(job))
        id = ids.new_id("file-", 22)
        content = csv if self._catalog.settings.plain_results else result_file.encoded(csv)
        received = os.path.join(self._paths.uploads, id)
        atomic.write(received, content)
        now = self._end_time(job)
        file = FileRecord(0, id, result_file.FILENAME, "fine-tune-results", len(csv), now)
        self._paths.accept_file(file, received, zlib.crc32(content))
        tokens = result.get("trained_tokens")
        if not self._database.jobs.succeed(job, model, path if checkpoint is None else None, file, tokens, now):
            self._paths.remove_file(id)
        remove(received)

    def stop_by_rule(self, job: JobRecord, stop: dict[str, Any]) -> None:
        """End a job that a rule stopped. It succeeds with the checkpoint that it kept.

        Without a checkpoint it ends as its trainer did if the trainer ended by itself, else it is cancelled.
        """
        saved = self._database.checkpoints.steps(job)
        if saved:
            step = stop["checkpoint"] if stop["checkpoint"] in saved else saved[-1]
            self.succeed(job, {"checkpoint": step, "trained_tokens": (job.result or {}).get("trained_tokens")})
        elif job.result is not None:
            self.succeed(job, job.result)
        elif job.failure is not None:
            self.fail(job, **job.failure)
        else:
            self.cancel(job)

    def fail(self, job: JobRecord, code: str, message: str, param: str | None = None) -> None:
        """End a job with an error."""
        error = {"code": code, "message": message, "param": param}
        event = Message(message, "error", {"error_code": code, "error_param": param})
        now = self._end_time(job)
        self._database.jobs.move(job, "failed", [event], now, error=error, finished_at=now, estimated_finish=None)

    def fail_trainer(self, job: JobRecord, reason: str) -> None:
        """End a job because of its trainer. The message quotes the trainer's last output.

        Args:
            reason: rest of a sentence that starts with "The trainer".
        """
        full = "; the disk is full" if self._disk.of(job.root).is_full() else ""
        output = clean(JobDirectory(self._paths.job(job.id, job.root)).last_output())
        quoted = f" Its last output:\n{output}" if output else ""
        self.fail(job, "trainer_failed", f"The trainer {reason}{full}.{quoted}")

    def fail_deleted_file(self, job: JobRecord) -> None:
        """End a job because its training file or validation file was deleted."""
        deleted = [
            (param, id)
            for param, id in (("training_file", job.training_file), ("validation_file", job.validation_file))
            if id is not None and self._database.files.get(id, self._end_time(job)) is None
        ]
        param, id = deleted[0] if deleted else ("training_file", job.training_file)
        message = f"The {param.replace('_', ' ')} {id} was deleted before the job could use it."
        self.fail(job, f"deleted_{param}", message, param)
