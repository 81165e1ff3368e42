"""Whether a trainer that was killed is started again, and when.

Kills come from outside, and then starting again is right, however many there are; or from what the trainer does
itself (it takes all the memory, say), and then it is the same every time. What tells them apart is progress, and
time: one that gets nowhere is started again at once, then after pauses, and not for ever.
"""

from fttui.clock import Clock
from fttui.server.storage.records import JobRecord

AT_ONCE = 2
"""Restarts in vain that are made without a pause."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 8.0
"""Seconds; each pause is twice the one before."""
FEWEST, LEAST_TIME = 3, 30.0
"""A trainer that says nothing at all is given up after so many restarts, and so many seconds of them."""
MOST = 20
"""Restarts after which one is given up that says something each time, and never gets a step further."""


class Restarts:
    """The restarts in vain of running jobs. Their number is kept with the job; the times are of this process's life."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}
        self._due: dict[str, float] = {}

    def forget(self, id: str) -> None:
        """The job has ended."""
        self._since.pop(id, None)
        self._due.pop(id, None)

    def are_in_vain(self, job: JobRecord) -> bool:
        """Whether starting the dead trainer once more would only be the same again."""
        if job.step > job.restart_step:
            self.forget(job.id)
            return False
        moment = self._clock.monotonic()
        lasted = moment - self._since.setdefault(job.id, moment)
        told = job.offset > job.restart_offset
        return job.restarts >= MOST or (not told and job.restarts >= FEWEST and lasted >= LEAST_TIME)

    def is_due(self, job: JobRecord) -> bool:
        """Whether the pause is over in which the dead trainer is to be left alone."""
        vain = 0 if job.step > job.restart_step else job.restarts
        if vain < AT_ONCE:
            return True
        moment = self._clock.monotonic()
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(vain - AT_ONCE, 10))
        if moment < self._due.setdefault(job.id, moment + pause):
            return False
        del self._due[job.id]
        return True
