"""How the trainers get on in time: when their jobs will be done, and how long they have been silent.

All of it is of this process's life, by the clock that does not jump; it can be lost, and then begins anew.
"""

from collections.abc import Sequence

from fttui.clock import Clock
from fttui.server.storage.records import JobRecord
from fttui.server.storage.reports import Report, StepMetrics


class Pace:
    """The measured times of running jobs, by id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard: dict[str, float] = {}
        self._first: dict[str, tuple[float, int]] = {}

    def forget(self, id: str) -> None:
        """A trainer begins, or has gone: what was measured before says nothing about what comes."""
        self._heard.pop(id, None)
        self._first.pop(id, None)

    def heard(self, id: str) -> None:
        """The job's trainer has said something of use."""
        self._heard[id] = self._clock.monotonic()

    def silence(self, id: str) -> float:
        """Seconds since the job's trainer said something, or since this was first asked."""
        moment = self._clock.monotonic()
        return moment - self._heard.setdefault(id, moment)

    def finish(self, job: JobRecord, facts: Sequence[Report]) -> int | None:
        """When the job will be done, from the pace of this run of its trainer; None while nothing was measured."""
        told = [(fact.step, fact.total_steps) for fact in facts if isinstance(fact, StepMetrics) and fact.total_steps]
        if not told:
            return job.estimated_finish
        (step, total), moment = told[-1], self._clock.monotonic()
        began, first = self._first.setdefault(job.id, (moment, step))
        if step <= first:
            return job.estimated_finish
        return int(self._clock.now() + (moment - began) / (step - first) * max(0, total - step)) + 1
