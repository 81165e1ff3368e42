"""Runs of jobs as series by step, from everything that the archive has, and their summaries.

Metrics are joined by step. The finest source counts: events, else a result file, whose values are rounded, else
checkpoints.
"""

from collections.abc import Iterable
from typing import NamedTuple

from fttui.learning.alarms import STOPPABLE, check_job
from fttui.learning.finding import JobState
from fttui.learning.run import Run, run_of
from fttui.learning.summary import summarize
from fttui.models.job import Job
from fttui.models.summary import Summary
from fttui.store.archive.archive import Archive
from fttui.store.archive.metrics import archived_points
from fttui.store.job_details import JobDetails

CACHED = 32
"""Most runs in the cache."""


class _Source(NamedTuple):
    """State of a job in the archive from which a run was read. While it is equal, only newer steps are read."""

    oldest: int | None
    results: tuple[str, ...]
    checkpoints: int
    total_steps: int | None
    epochs: str


class Runs:
    """Runs of one profile's jobs. A run grows with new events; it is read anew when anything else changes."""

    def __init__(self, archive: Archive, details: JobDetails) -> None:
        self._archive = archive
        self._details = details
        self._runs: dict[str, tuple[_Source, int | None, Run]] = {}

    def run(self, id: str) -> Run:
        """Return the run of a job; without series for an unknown job."""
        job, state = self._details.job(id), self._archive.events.state(id)
        if job is None:
            return Run()
        checkpoints = self._details.checkpoints(id)
        total = state.progress.total_steps or job.total_steps
        results = tuple(file for file in job.result_files if self._archive.files.has_content(file))
        source = _Source(state.bottom, results, len(checkpoints), total, job.setting("n_epochs"))
        cached = self._runs.get(id)
        if cached is None or cached[0] != source:
            run = run_of(
                ((point.step, point.values, point.at) for point in archived_points(self._archive, id)),
                total_steps=total,
                n_epochs=number_of(source.epochs),
                checkpoints=[item.step_number for item in checkpoints if item.step_number is not None],
            )
        else:
            _, top, run = cached
            if top == state.top:
                return run
            for point in self._archive.events.points(id, since=run.last_step):
                run.add(point.step, point.values, point.at)
        self._runs.pop(id, None)
        self._runs[id] = source, state.top, run
        if len(self._runs) > CACHED:
            del self._runs[next(iter(self._runs))]
        return run

    def judge(self, id: str) -> tuple[Summary, str]:
        """Return the summary of a job's run, and the kinds of the alarms that its curve raises."""
        job, run = self._details.job(id), self.run(id)
        return judge(job, run) if job is not None else (Summary(), "")

    def forget(self, ids: Iterable[str]) -> None:
        """Remove runs from the cache."""
        for id in ids:
            self._runs.pop(id, None)


def judge(job: Job, run: Run) -> tuple[Summary, str]:
    """Return the summary of a run, and the kinds of the alarms that its curve raises, with commas between."""
    report = check_job(JobState(run, job.status, has_validation_file=bool(job.validation_file)))
    return summarize(run), ",".join(alarm.kind for alarm in report.alarms if alarm.kind in STOPPABLE)


def number_of(text: str) -> float | None:
    """Return a setting as a number; None for `auto` and for text."""
    try:
        return float(text)
    except ValueError:
        return None
