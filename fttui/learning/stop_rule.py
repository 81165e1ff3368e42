"""Rules that stop a job, applied while its metrics arrive. Standard library only."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from fttui.learning.alarms import Alarm, check_job
from fttui.learning.finding import JobState
from fttui.learning.run import Run
from fttui.models.status import Status

LOOKS = 25
"""The rules are applied after each 25th part of a run, to each loss over the whole validation file, and to the first
loss that is not a number.

Their thresholds were chosen for runs at which somebody looks 25 times. More looks find more by chance.
"""


@dataclass
class StopRule:
    """Rules of one job. When they are applied depends on its steps alone, not on the time of their arrival."""

    kinds: Collection[str]
    """Kinds of alarms that stop the job."""
    has_validation_file: bool | None = None
    run: Run = field(default_factory=Run)
    _steps: int = 0
    _next_look: int = 1

    def add(self, step: int, values: Mapping[str, float], at: float | None = None) -> bool:
        """Add a step. Return whether to apply the rules to it."""
        run = self.run
        before, whole, was_finite = run.last_step, len(run.whole), self._is_finite
        run.add(step, values, at)
        if run.last_step <= before:
            return False
        self._steps += 1
        if is_due := self._steps >= self._next_look:
            self._next_look = self._steps + max(1, (run.total_steps or self._steps) // LOOKS)
        return is_due or len(run.whole) > whole or self._is_finite != was_finite

    def alarms(self, learning_rate: str = "") -> list[Alarm]:
        """Apply the rules. Return the alarms, the most important first."""
        return check_job(self.state(learning_rate), self.kinds).alarms

    def state(self, learning_rate: str = "") -> JobState:
        """Return the facts that rules about the metrics need."""
        return JobState(
            self.run, Status.RUNNING, learning_rate=learning_rate, has_validation_file=self.has_validation_file
        )

    @property
    def _is_finite(self) -> bool:
        return not any(series.not_finite for series in (self.run.train, self.run.valid, self.run.whole))
