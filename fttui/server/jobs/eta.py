"""Estimates of the time at which jobs, and their phases before the first step, finish."""

from collections.abc import Sequence

from fttui.clock import Clock
from fttui.server.storage.records import JobRecord
from fttui.server.storage.reports import Phase, Report, StepMetrics


class FinishEstimates:
    """Estimates from the speed of each job's current trainer. They start again with a new trainer or a new service."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._first: dict[str, tuple[float, int]] = {}
        """Time and number of the first step that the current trainer reported, by job."""

    def reset(self, id: str) -> None:
        """Forget the measured speed of a job."""
        self._first.pop(id, None)

    def estimate(self, job: JobRecord, reports: Sequence[Report]) -> int | None:
        """Return the finish time in Unix seconds after new reports, or None while the speed is unknown."""
        steps = [
            (report.step, report.total_steps)
            for report in reports
            if isinstance(report, StepMetrics) and report.total_steps and report.step  # step 0 is a validation
        ]
        if not steps:
            return job.estimated_finish
        (step, total), now = steps[-1], self._clock.monotonic()
        began, first = self._first.setdefault(job.id, (now, step))
        if step <= first:
            return job.estimated_finish
        return int(self._clock.now() + (now - began) / (step - first) * max(0, total - step)) + 1


class PhaseEstimates:
    """Estimates of the time at which the phase of a trainer finishes, from its counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._first: dict[str, tuple[str, float, float]] = {}
        """Name of each job's phase, with the time and the count of its first report."""

    def reset(self, id: str) -> None:
        """Forget the measured speed of a job."""
        self._first.pop(id, None)

    def timed(self, id: str, reports: Sequence[Report]) -> list[Report]:
        """Return the reports of a job, with the finish time in phases whose speed is known."""
        return [self._timed(id, report) if isinstance(report, Phase) else report for report in reports]

    def _timed(self, id: str, phase: Phase) -> Phase:
        name, done, total = (phase.body.get(member) for member in ("name", "done", "total"))
        if done is None or not total:
            return phase
        now = self._clock.monotonic()
        began, first = (now, done) if (known := self._first.get(id)) is None or known[0] != name else known[1:]
        self._first[id] = (str(name), began, first)
        if done <= first or now <= began:
            return phase
        left = (now - began) / (done - first) * max(0, total - done)
        return Phase({**phase.body, "finish": int(self._clock.now() + left) + 1})
