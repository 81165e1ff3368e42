"""Runs of jobs as series by step, from everything that the archive has, and their summaries.

Metrics are joined by step. The finest source counts: events, else a result file, whose values are rounded, else
checkpoints.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fttui.learning.alarms import STOPPABLE, Report, check_job
from fttui.learning.clock_rules import patience
from fttui.learning.finding import JobState
from fttui.learning.run import Run
from fttui.learning.summary import summarize
from fttui.models import lenient
from fttui.models.job import Job
from fttui.models.raw_json import decode
from fttui.models.summary import Summary
from fttui.store.archive.archive import Archive
from fttui.store.archive.metrics import archived_points
from fttui.store.job_details import JobDetails

CACHED = 32
"""Most runs in the cache."""
PART = 1000
"""Number of steps that are read together."""


MULTIPLIER = "learning_rate_multiplier"


class _Source(NamedTuple):
    """State of a job in the archive from which a run was read. While it is equal, only newer steps are read."""

    oldest: int | None
    results: tuple[str, ...]
    checkpoints: int
    total_steps: int | None
    epochs: str


class _Cached(NamedTuple):
    source: _Source
    newest: int | None
    """Sequence number of the newest event in the run."""
    run: Run


class Runs:
    """Runs of one profile's jobs. A run grows with new events; it is read anew when anything else changes."""

    def __init__(self, archive: Archive, details: JobDetails) -> None:
        self._archive = archive
        self._details = details
        self._runs: dict[str, _Cached] = {}
        self._reports: dict[str, tuple[Run, tuple[object, ...], Report]] = {}

    def run(self, id: str) -> Run:
        """Return the run of a job; without series for an unknown job."""
        for _ in self._parts(id):
            pass
        return self._runs[id].run if id in self._runs else Run()

    async def judge(self, id: str) -> tuple[Summary, str]:
        """Return the summary of a job's run, and the kinds of the alarms that its curve raises, with commas between.

        The work on a long run is cut into parts, between which keys are handled.
        """
        for _ in self._parts(id):
            await asyncio.sleep(0)
        job = self._details.job(id)
        if job is None or id not in self._runs:
            return Summary(), ""
        run = self._runs[id].run
        summary = summarize(run)
        await asyncio.sleep(0)
        return summary, ",".join(self.curve_report(id, job, self.run(id)).kinds())

    def curve_report(self, id: str, job: Job, run: Run) -> Report:
        """Return what the rules about the curve of a job find. Computed once for each state of its run."""
        state = JobState(
            run, job.status, learning_rate=learning_rate(job), has_validation_file=not job.lacks_validation_file
        )
        of = (run.size, run.total_steps, run.checkpoints, state.status, state.learning_rate, state.has_validation_file)
        known = self._reports.get(id)
        if known is None or known[0] is not run or known[1] != of:
            self._reports[id] = known = run, of, check_job(state, STOPPABLE)
            if len(self._reports) > CACHED:
                del self._reports[next(iter(self._reports))]
        return known[2]

    def patience(self, id: str) -> float | None:
        """Return the seconds without an event after which a job is stalled: see `clock_rules.patience`."""
        return patience(self.run(id).times)

    def _parts(self, id: str) -> Iterator[None]:
        """Bring the cached run of a job up to date, and stop after each part of the work."""
        job, state = self._details.job(id), self._archive.events.state(id)
        if job is None:
            return
        checkpoints = self._details.checkpoints(id)
        steps = [item.step_number for item in checkpoints if item.step_number is not None]
        total = state.progress.total_steps or job.total_steps
        results = tuple(file for file in job.result_files if self._archive.files.has_content(file))
        source = _Source(state.bottom, results, len(checkpoints), total, job.setting("n_epochs"))
        cached = self._runs.get(id)
        if cached is not None and cached.source == source and cached.newest == state.top:
            return
        if cached is not None and cached.source == source and not self._goes_back(id, cached):
            run = cached.run
            yield from self._add_events(id, run)
        else:
            run = Run(total_steps=total, n_epochs=number_of(source.epochs), checkpoints=tuple(sorted(set(steps))))
            if results or checkpoints:  # joined by step, which needs all of them
                for point in archived_points(self._archive, id):
                    run.add(point.step, point.values, point.at)
            else:
                yield from self._add_events(id, run)
        self._runs.pop(id, None)
        self._runs[id] = _Cached(source, state.top, run)
        if len(self._runs) > CACHED:
            del self._runs[next(iter(self._runs))]

    def _goes_back(self, id: str, cached: _Cached) -> bool:
        """Tell whether newer events have steps below the last of a run: after a resume, or behind a checkpoint.

        True also for more events than are looked at.
        """
        rows = self._archive.events.rows(id, after=cached.newest, limit=PART)
        steps = (lenient.whole(lenient.mapping(decode(row.data or None)).get("step")) for row in rows)
        return len(rows) == PART or any(step is not None and step < cached.run.last_step for step in steps)

    def _add_events(self, id: str, run: Run) -> Iterator[None]:
        since = run.last_step if run.series else None
        while points := self._archive.events.points(id, since, PART):
            for point in points:
                run.add(point.step, point.values, point.at)
            since = points[-1].step + 1
            yield

    def forget(self, ids: Iterable[str]) -> None:
        """Remove runs from the cache."""
        for id in ids:
            self._runs.pop(id, None)
            self._reports.pop(id, None)


def learning_rate(job: Job) -> str:
    """Return the learning rate of a job as in sentences: `× 2` for a multiplier, else the rate. Empty for `auto`."""
    multiplier, rate = job.setting(MULTIPLIER), job.setting("learning_rate")
    if multiplier and multiplier != "auto":
        return f"× {multiplier}"
    return "" if rate == "auto" else rate


def number_of(text: str) -> float | None:
    """Return a setting as a finite number; None for `auto` and for text."""
    return lenient.number(text)
