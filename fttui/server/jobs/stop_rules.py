"""Rules that stop a job: the kinds of alarms in its metadata, applied to each new step.

The decision follows from the series alone, not from the time at which the service reads them: a service that was killed
and starts again decides the same. Once decided, it is stored together with the reports that led to it, before the
trainer is stopped.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fttui.learning.alarms import Alarm, Kind, check_job, stop_kinds
from fttui.learning.finding import JobState
from fttui.learning.run import Run
from fttui.learning.summary import summarize
from fttui.learning.words import stop_words
from fttui.models.labels import STOP_ON
from fttui.models.status import Status
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.records import JobRecord
from fttui.server.storage.reports import FinalReport, Report, SavedCheckpoint, StepMetrics, StopDecision

LOOKS = 50
"""The rules are applied after each fiftieth of a run, to each loss over the whole validation file, and to the first
loss that is not a number.

Their thresholds were chosen for runs at which somebody looks a few dozen times. More looks find more by chance.
"""


def kinds_of(job: JobRecord) -> tuple[Kind, ...]:
    """Return the kinds of alarms that stop a job; none for text that is not valid."""
    try:
        return stop_kinds((job.metadata or {}).get(STOP_ON) or "")
    except ValueError:
        return ()


@dataclass
class _Watched:
    """A job whose rules are applied."""

    run: Run
    offset: int
    """Bytes of progress.jsonl that the run contains."""
    steps: int = 0
    next_check: int = 1

    def add(self, step: int, values: Mapping[str, float]) -> bool:
        """Add a step. Return whether to apply the rules to it."""
        run = self.run
        before, whole, was_finite = run.last_step, len(run.whole), self.is_finite
        run.add(step, values)
        if run.last_step <= before:
            return False
        self.steps += 1
        if is_due := self.steps >= self.next_check:
            self.next_check = self.steps + max(1, (run.total_steps or self.steps) // LOOKS)
        return is_due or len(run.whole) > whole or self.is_finite != was_finite

    @property
    def is_finite(self) -> bool:
        """No loss so far is a number that is not finite."""
        return not any(series.not_finite for series in (self.run.train, self.run.valid, self.run.whole))

    @property
    def best_checkpoint(self) -> int | None:
        """Step of the checkpoint at the best loss or before it; the first one when the best loss came before it."""
        saved, best = self.run.checkpoints, summarize(self.run).best_step
        if not saved:
            return None
        return max((step for step in saved if best is not None and step <= best), default=saved[0])


class StopRules:
    """Rules of the running jobs of one service."""

    def __init__(self, database: ServiceDatabase) -> None:
        self._database = database
        self._watched: dict[str, _Watched] = {}

    def forget(self, id: str) -> None:
        """Forget a job that has ended."""
        self._watched.pop(id, None)

    def apply(self, job: JobRecord, reports: Sequence[Report], offset: int) -> tuple[int | None, StopDecision | None]:
        """Apply the rules of a job to new reports, up to byte `offset` of its progress.

        Returns:
            The step of the checkpoint to keep, and the decision to stop the job; None for a job without rules.
        """
        kinds = kinds_of(job)
        if not kinds:
            return None, None
        if job.stop is not None:
            return job.stop["checkpoint"], None
        watched = self._watched.get(job.id)
        if watched is None or watched.offset != job.offset:
            watched = self._watched[job.id] = self._read(job)
        decision = None
        for report in reports:
            if isinstance(report, SavedCheckpoint):
                watched.run.checkpoints = (*watched.run.checkpoints, report.step)
            elif isinstance(report, StepMetrics):
                watched.run.total_steps = report.total_steps or watched.run.total_steps
                if not watched.add(report.step, numbers_of(report.data)):
                    continue
                state = JobState(watched.run, Status.RUNNING, has_validation_file=job.validation_file is not None)
                if found := check_job(state, kinds).alarms:
                    decision = _decision(found[0], watched, is_ended=_has_ended(reports))
                    break
        watched.offset = offset
        return watched.best_checkpoint, decision

    def _read(self, job: JobRecord) -> _Watched:
        """Return the run of a job from what is stored."""
        run = Run(total_steps=job.total_steps, checkpoints=tuple(self._database.checkpoints.steps(job)))
        watched = _Watched(run, job.offset)
        for data in self._database.events.metrics(job):
            watched.add(data["step"], numbers_of(data))
        return watched


def numbers_of(data: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of an event's data by name. A loss that is not finite is NaN."""
    return {
        name: math.nan if isinstance(value, str) else float(value)
        for name, value in data.items()
        if name not in ("step", "total_steps")
    }


def _has_ended(reports: Iterable[Report]) -> bool:
    return any(isinstance(report, FinalReport) and not report.failed for report in reports)


def _decision(alarm: Alarm, watched: _Watched, *, is_ended: bool) -> StopDecision:
    step, checkpoint = watched.run.last_step, watched.best_checkpoint
    found = (
        f"The rule {alarm.kind} applied at step {step}"
        if is_ended
        else f"Stopped by the rule {alarm.kind} at step {step}"
    )
    kept = "No checkpoint was saved so far." if checkpoint is None else f"Kept the checkpoint of step {checkpoint}."
    return StopDecision(alarm.kind.value, step, checkpoint, f"{found}: {stop_words(alarm, watched.run)}. {kept}")
