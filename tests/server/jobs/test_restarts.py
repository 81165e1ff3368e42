"""When a killed trainer is started again, by a clock of the test's own."""

from typing import Any

import pytest

from fttui.server.jobs.restarts import FEWEST, LEAST_TIME, MOST, Restarts
from fttui.server.storage.records import JobRecord

JOB = JobRecord(1, "ftjob-1", "running", 1, None, "m", "m", None, 1, "supervised", {}, "file-1", None, None)


class Clock:
    moment = 100.0

    def now(self) -> float:
        return self.moment

    def monotonic(self) -> float:
        return self.moment

    async def sleep(self, seconds: float) -> None: ...


@pytest.fixture
def clock() -> Any:
    return Clock()


def lives(clock: Clock, job: JobRecord, *, seconds: float) -> list[float]:
    """Restart a trainer that dies after so many seconds, each time in vain; the pauses before the restarts."""
    restarts = Restarts(clock)
    pauses = []
    while not restarts.are_in_vain(job) and len(pauses) < 100:
        died = clock.moment
        while not restarts.is_due(job):
            clock.moment += 0.5
        pauses.append(clock.moment - died)
        job = job._replace(restarts=job.restarts + 1, restart_step=job.step, restart_offset=job.offset)
        clock.moment += seconds
    return pauses


def test_one_that_dies_at_once_is_tried_for_half_a_minute_with_growing_pauses(clock: Clock) -> None:
    assert lives(clock, JOB, seconds=0.1) == [0, 0, 1, 2, 4, 8, 8, 8]


def test_one_that_dies_late_and_silent_is_given_up_soon(clock: Clock) -> None:
    assert len(lives(clock, JOB, seconds=LEAST_TIME)) == FEWEST


def test_one_that_speaks_but_gets_no_further_has_more_time(clock: Clock) -> None:
    job = JOB._replace(restarts=FEWEST + 5, offset=700, restart_offset=600)
    restarts = Restarts(clock)
    assert not restarts.are_in_vain(job)
    clock.moment += 10 * LEAST_TIME
    assert not restarts.are_in_vain(job)
    assert restarts.are_in_vain(job._replace(restarts=MOST))


def test_a_step_forward_begins_anew(clock: Clock) -> None:
    restarts = Restarts(clock)
    stuck = JOB._replace(restarts=MOST - 1, step=5, restart_step=5)
    assert not restarts.is_due(stuck)
    clock.moment += LEAST_TIME
    assert restarts.is_due(stuck)
    forward = stuck._replace(step=6)
    assert not restarts.are_in_vain(forward._replace(restarts=MOST))
    assert restarts.is_due(forward)
