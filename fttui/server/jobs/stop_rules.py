"""Rules that stop a job: the kinds of alarms in its metadata, applied to each new step.

The decision follows from the series alone, not from the time at which the service reads them: a service that was killed
and starts again decides the same. Once decided, it is stored together with the reports that led to it, before the
trainer is stopped.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fttui.learning.alarms import Alarm, Kind, stop_kinds
from fttui.learning.run import Run
from fttui.learning.stop_rule import StopRule
from fttui.learning.summary import summarize
from fttui.learning.words import stop_words
from fttui.models.labels import STOP_ON
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.records import JobRecord
from fttui.server.storage.reports import FinalReport, Report, SavedCheckpoint, StepMetrics, StopDecision


def kinds_of(job: JobRecord) -> tuple[Kind, ...]:
    """Return the kinds of alarms that stop a job; none for text that is not valid."""
    try:
        return stop_kinds((job.metadata or {}).get(STOP_ON) or "")
    except ValueError:
        return ()


class _Watched:
    """A job whose rules are applied."""

    def __init__(self, job: JobRecord, kinds: Sequence[Kind], checkpoints: Sequence[int]) -> None:
        run = Run(total_steps=job.total_steps, checkpoints=tuple(checkpoints))
        self.rule = StopRule(kinds, job.validation_file is not None, run)
        self.offset = job.offset
        """Bytes of progress.jsonl that the run contains."""

    @property
    def best_checkpoint(self) -> int | None:
        """Step of the checkpoint at the best loss or before it; the first one when the best loss came before it."""
        saved, best = self.rule.run.checkpoints, summarize(self.rule.run).best_step
        if not saved:
            return None
        return max((step for step in saved if best is not None and step <= best), default=min(saved))


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
            watched = self._watched[job.id] = self._read(job, kinds)
        decision = None
        for report in reports:
            run = watched.rule.run
            if isinstance(report, SavedCheckpoint):
                run.checkpoints = (*run.checkpoints, report.step)
            elif isinstance(report, StepMetrics):
                run.total_steps = report.total_steps or run.total_steps
                if watched.rule.add(report.step, numbers_of(report.data)) and (alarm := watched.rule.alarm()):
                    decision = _decision(alarm, watched, is_ended=_has_ended(reports))
                    break
        watched.offset = offset
        return watched.best_checkpoint, decision

    def _read(self, job: JobRecord, kinds: Sequence[Kind]) -> _Watched:
        """Return the run of a job from what is stored."""
        watched = _Watched(job, kinds, self._database.checkpoints.steps(job))
        for data in self._database.events.metrics(job):
            watched.rule.add(data["step"], numbers_of(data))
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
    run = watched.rule.run
    step, checkpoint = run.last_step, watched.best_checkpoint
    found = (
        f"The rule {alarm.kind} applied at step {step}"
        if is_ended
        else f"Stopped by the rule {alarm.kind} at step {step}"
    )
    kept = "No checkpoint was saved so far." if checkpoint is None else f"Kept the checkpoint of step {checkpoint}."
    return StopDecision(alarm.kind.value, step, checkpoint, f"{found}: {stop_words(alarm, run)}. {kept}")
