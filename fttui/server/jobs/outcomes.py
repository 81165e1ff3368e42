"""How jobs end: well, with a model and a result file, or not, with the reason."""

from typing import Any

from fttui.clock import Clock
from fttui.server import ids
from fttui.server.jobs import result_file
from fttui.server.jobs.job_dir import JobDirectory
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.paths import HomePaths, remove, write_durably
from fttui.server.storage.records import FileRecord, JobRecord
from fttui.server.storage.reports import Message
from fttui.text import clean


class Endings:
    """Ends jobs. A job that has left its state meanwhile stays as it is."""

    def __init__(self, database: ServiceDatabase, paths: HomePaths, catalog: Catalog, clock: Clock) -> None:
        self._database = database
        self._paths = paths
        self._catalog = catalog
        self._clock = clock

    def _now(self, job: JobRecord) -> int:
        """When it ends: not before it began, whatever the clock says."""
        return max(int(self._clock.now()), job.created_at)

    def cancel(self, job: JobRecord) -> bool:
        """Returns False when it was not to be cancelled any more."""
        now = self._now(job)
        ended = {"finished_at": now, "estimated_finish": None}
        return self._database.jobs.move(job, "cancelled", [Message("Fine-tuning job cancelled")], now, **ended)

    def succeed(self, job: JobRecord, result: dict[str, Any]) -> None:
        """End a job with what its trainer said at last."""
        step, path = result.get("checkpoint"), result.get("path")
        checkpoint = self._database.checkpoints.get(job, step) if step is not None else None
        if checkpoint is None and path is None:
            self.blame(job, "named no model in its result")
            return
        model = ids.tuned_model(job.base, job.suffix, None) if checkpoint is None else checkpoint.model
        csv = result_file.csv_of(self._database.events.metrics(job))
        id = ids.new_id("file-", 22)
        write_durably(self._paths.file(id), csv if self._catalog.settings.plain_results else result_file.encoded(csv))
        now = self._now(job)
        file = FileRecord(0, id, result_file.FILENAME, "fine-tune-results", len(csv), now)
        tokens = result.get("trained_tokens") or 0
        if not self._database.jobs.succeed(job, model, path if checkpoint is None else None, file, tokens, now):
            remove(self._paths.file(id))

    def fail(self, job: JobRecord, code: str, message: str, param: str | None = None) -> None:
        error = {"code": code, "message": message, "param": param}
        note = Message(message, "error", {"error_code": code, "error_param": param})
        now = self._now(job)
        self._database.jobs.move(job, "failed", [note], now, error=error, finished_at=now, estimated_finish=None)

    def blame(self, job: JobRecord, what: str) -> None:
        """Fail a job because of what its trainer did, with the last that it said."""
        full = "; the disk is full" if self._paths.is_full() else ""
        words = clean(JobDirectory(self._paths.job(job.id)).last_words())
        quoted = f" Its last words:\n{words}" if words else ""
        self.fail(job, "trainer_failed", f"The trainer {what}{full}.{quoted}")

    def fail_deleted(self, job: JobRecord) -> None:
        """Fail a job one of whose files is gone."""
        gone = [
            (param, id)
            for param, id in (("training_file", job.training_file), ("validation_file", job.validation_file))
            if id is not None and self._database.files.get(id, self._now(job)) is None
        ]
        param, id = gone[0] if gone else ("training_file", job.training_file)
        message = f"The {param.replace('_', ' ')} {id} was deleted before the job could use it."
        self.fail(job, f"deleted_{param}", message, param)
