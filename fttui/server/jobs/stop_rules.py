"""Rules applied to running jobs: those that stop a job, and those whose alarms the user is told.

The kinds that stop a job are in its metadata. The decision follows from the series alone, not from the time at which
the service reads them: a service that was killed and starts again decides the same. Once decided, it is stored together
with the reports that led to it, before the trainer is stopped.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fttui.learning.alarms import Alarm, Kind, check_job, stop_kinds
from fttui.learning.clock_rules import STALL_LEAST
from fttui.learning.finding import JobState
from fttui.learning.run import Run
from fttui.learning.stop_rule import StopRule
from fttui.learning.summary import summarize
from fttui.learning.words import stop_words
from fttui.models.labels import STOP_ON
from fttui.server.jobs.job_alerts import event_of
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.records import JobRecord
from fttui.server.storage.reports import FinalReport, Report, SavedCheckpoint, StepMetrics, StopDecision

STALL_INTERVAL = 30.0
"""Seconds between two looks at a silent trainer."""


def kinds_of(job: JobRecord) -> tuple[Kind, ...]:
    """Return the kinds of alarms that stop a job; none for text that is not valid."""
    try:
        return stop_kinds((job.metadata or {}).get(STOP_ON) or "")
    except ValueError:
        return ()


class Verdict(NamedTuple):
    """Result of the rules for some new reports."""

    best: int | None = None
    """Step of the checkpoint to keep; None for a job that no rule stops."""
    stop: StopDecision | None = None
    alarms: tuple[Alarm, ...] = ()
    """New alarms that the user is told about."""


class _Watched:
    """A job whose rules are applied."""

    def __init__(self, job: JobRecord, database: ServiceDatabase) -> None:
        run = Run(total_steps=job.total_steps, checkpoints=tuple(database.checkpoints.steps(job)))
        self.rule = StopRule(kinds_of(job), job.validation_file is not None, run)
        for data in database.events.metrics(job):
            self.rule.add(data["step"], numbers_of(data))
        self.offset = job.offset
        """Bytes of progress.jsonl that the run contains."""
        self.told = database.alerts.events(job)
        self.next_stall_check = 0.0

    @property
    def best_checkpoint(self) -> int | None:
        """Step of the checkpoint at the best loss or before it; the first one when the best loss came before it."""
        saved, best = self.rule.run.checkpoints, summarize(self.rule.run).best_step
        if not saved or not self.rule.kinds:
            return None
        return max((step for step in saved if best is not None and step <= best), default=min(saved))

    def new_alarms(self, kinds: Sequence[Kind], state: JobState | None = None) -> list[Alarm]:
        """Return the alarms of these kinds that were not found before."""
        fresh = [kind for kind in kinds if event_of(kind) not in self.told]
        found = check_job(state or self.rule.state(), fresh).alarms if fresh else []
        self.told |= {event_of(alarm.kind) for alarm in found}
        return found


class StopRules:
    """Rules of the running jobs of one service."""

    def __init__(self, database: ServiceDatabase) -> None:
        self._database = database
        self._watched: dict[str, _Watched] = {}

    def forget(self, id: str) -> None:
        """Forget a job that has ended."""
        self._watched.pop(id, None)

    def stall(self, job: JobRecord, silence: float, now: float, told: Sequence[Kind]) -> Alarm | None:
        """Return the alarm about a job whose trainer has reported nothing for too long, once.

        Args:
            silence: seconds since its last report.
            now: Unix seconds.
        """
        watched = self._watched.get(job.id)
        if Kind.STALLED not in told or silence < STALL_LEAST or watched is None or now < watched.next_stall_check:
            return None
        watched.next_stall_check = now + STALL_INTERVAL
        state = JobState(watched.rule.run, now=now, last_event_at=now - silence)
        return next(iter(watched.new_alarms([Kind.STALLED], state)), None)

    def apply(
        self,
        job: JobRecord,
        reports: Sequence[Report],
        offset: int,
        told: Sequence[Kind] = (),
        now: float | None = None,
    ) -> Verdict:
        """Apply the rules of a job to new reports, up to byte `offset` of its progress.

        Args:
            told: kinds of alarms that the user is told about.
            now: Unix seconds; no rule that stops a job depends on it.
        """
        if job.stop is not None:
            return Verdict(job.stop["checkpoint"])
        if not kinds_of(job) and not told:
            return Verdict()
        watched = self._watched.get(job.id)
        if watched is None or watched.offset != job.offset:
            watched = self._watched[job.id] = _Watched(job, self._database)
        alarms: list[Alarm] = []
        stop = None
        for report in reports:
            run = watched.rule.run
            if isinstance(report, SavedCheckpoint):
                run.checkpoints = (*run.checkpoints, report.step)
            elif isinstance(report, StepMetrics):
                run.total_steps = report.total_steps or run.total_steps
                if not watched.rule.add(report.step, numbers_of(report.data), now):
                    continue
                if found := watched.rule.alarms():
                    stop = _decision(found[0], watched, is_ended=_has_ended(reports))
                    break
                alarms += watched.new_alarms([kind for kind in told if kind is not Kind.STALLED])
        watched.offset = offset
        return Verdict(watched.best_checkpoint, stop, tuple(alarms))


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
