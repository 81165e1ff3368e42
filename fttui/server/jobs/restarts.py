"""Restarts of killed trainers: the decision and the pauses.

A kill from outside must always lead to a restart, however often it happens. A trainer that causes its own end (for
example by using all memory) is killed every time. Progress and time tell the two apart: a trainer without progress is
restarted at once at first, then after pauses, and is given up in the end.
"""

from fttui.clock import Clock
from fttui.server.storage.records import JobRecord

AT_ONCE = 2
"""Restarts without progress that are made without a pause."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 8.0
"""Seconds. Each pause is twice as long as the pause before."""
FEWEST, LEAST_TIME = 3, 30.0
"""Restarts and seconds after which a trainer that reports nothing is given up. Both must be reached."""
MOST = 20
"""Restarts after which a trainer that reports something, but completes no step, is given up."""


class Restarts:
    """Restarts of running jobs. Counts are stored with the jobs; times are lost with the service."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}
        self._due: dict[str, float] = {}

    def forget(self, id: str) -> None:
        """Forget a job that has ended."""
        self._since.pop(id, None)
        self._due.pop(id, None)

    def should_give_up(self, job: JobRecord) -> bool:
        """Return whether to give up the dead trainer of a job."""
        if job.step > job.restart_step:
            self.forget(job.id)
            return False
        now = self._clock.monotonic()
        lasted = now - self._since.setdefault(job.id, now)
        reported = job.offset > job.restart_offset
        return job.restarts >= MOST or (not reported and job.restarts >= FEWEST and lasted >= LEAST_TIME)

    def is_due(self, job: JobRecord) -> bool:
        """Return whether the pause before the next restart is over."""
        without_progress = 0 if job.step > job.restart_step else job.restarts
        if without_progress < AT_ONCE:
            return True
        now = self._clock.monotonic()
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(without_progress - AT_ONCE, 10))
        if now < self._due.setdefault(job.id, now + pause):
            return False
        del self._due[job.id]
        return True
