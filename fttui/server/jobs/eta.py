"""Estimates of the time at which jobs finish."""

from collections.abc import Sequence

from fttui.clock import Clock
from fttui.server.storage.records import JobRecord
from fttui.server.storage.reports import Report, StepMetrics


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
            if isinstance(report, StepMetrics) and report.total_steps
        ]
        if not steps:
            return job.estimated_finish
        (step, total), now = steps[-1], self._clock.monotonic()
        began, first = self._first.setdefault(job.id, (now, step))
        if step <= first:
            return job.estimated_finish
        return int(self._clock.now() + (now - began) / (step - first) * max(0, total - step)) + 1
