"""Alarms of a profile's jobs, from what the archive knows. The rules are in `fttui/learning/`."""

from fttui.clock import Clock
from fttui.learning.alarms import BY_CLOCK, Report, check_job, joined
from fttui.learning.finding import JobState
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.raw_json import decode
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.store.archive.archive import Archive
from fttui.store.job_details import JobDetails
from fttui.store.runs import Runs

EARLIER_JOBS = 10
"""Number of newest other jobs whose wait in the queue is compared."""


class JobAlarms:
    """Checks of single jobs at the present time."""

    def __init__(self, archive: Archive, clock: Clock, details: JobDetails, runs: Runs) -> None:
        self._archive = archive
        self._clock = clock
        self._details = details
        self._runs = runs

    def report(self, row: JobRow, *, log_read_at: float | None, is_reachable: bool = True) -> Report:
        """Return the alarms of a job, and the kinds that could not be checked.

        Args:
            log_read_at: time when the log was last read, in Unix seconds. None when it was not.
            is_reachable: the provider answers, so that missing events mean something.
        """
        job = self._details.job(row.id)
        if job is None:
            return Report()
        newest = self._archive.events.rows(row.id, limit=1)
        run = self._runs.run(row.id)
        state = JobState(
            run=run,
            status=row.status,
            now=self._clock.now(),
            created_at=row.created_at,
            last_event_at=newest[-1].created_at if newest else None,
            waits=tuple(self._archive.jobs.waits(row.id, EARLIER_JOBS)) if row.status is Status.QUEUED else (),
            file_expires_at=self._file_expiry(job),
            model_shuts_down_at=self._model_shutdown(job),
            log_read_at=log_read_at,
            is_reachable=is_reachable,
        )
        return joined(self._runs.curve_report(row.id, job, run), check_job(state, BY_CLOCK))

    def _file_expiry(self, job: Job) -> float | None:
        text = self._archive.files.get(job.training_file) if job.training_file else None
        return None if text is None else File.read(decode(text)).expires_at

    def _model_shutdown(self, job: Job) -> float | None:
        text = self._archive.files.model(job.model) if job.model else None
        return None if text is None else Model.read(decode(text)).shuts_down_at
