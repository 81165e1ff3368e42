"""Restarts of a killed trainer."""

import pytest

from fttui.server.jobs.restarts import FEWEST, LEAST_TIME, MOST, Restarts
from fttui.server.storage.records import JobRecord
from tests.support.clock import FakeClock

JOB = JobRecord(1, "ftjob-1", "running", 1, None, "m", "m", None, 1, "supervised", {}, "file-1", None, None)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def lives(clock: FakeClock, job: JobRecord, *, seconds: float) -> list[float]:
    """Restart a trainer that dies `seconds` after each start without progress. Return the pauses."""
    restarts = Restarts(clock)
    pauses = []
    while not restarts.should_give_up(job) and len(pauses) < 100:
        died = clock.now()
        while not restarts.is_due(job):
            clock.advance(0.5)
        pauses.append(clock.now() - died)
        job = job._replace(restarts=job.restarts + 1, restart_step=job.step, restart_offset=job.offset)
        clock.advance(seconds)
    return pauses


def test_a_trainer_that_dies_at_once_is_restarted_for_half_a_minute_with_growing_pauses(clock: FakeClock) -> None:
    assert lives(clock, JOB, seconds=0.1) == [0, 0, 1, 2, 4, 8, 8, 8]


def test_a_silent_trainer_that_dies_late_is_given_up_after_the_fewest_restarts(clock: FakeClock) -> None:
    assert len(lives(clock, JOB, seconds=LEAST_TIME)) == FEWEST


def test_a_trainer_that_reports_without_progress_gets_more_restarts(clock: FakeClock) -> None:
    job = JOB._replace(restarts=FEWEST + 5, offset=700, restart_offset=600)
    restarts = Restarts(clock)
    assert not restarts.should_give_up(job)
    clock.advance(10 * LEAST_TIME)
    assert not restarts.should_give_up(job)
    assert restarts.should_give_up(job._replace(restarts=MOST))


def test_a_new_step_resets_the_restarts_without_progress(clock: FakeClock) -> None:
    restarts = Restarts(clock)
    stuck = JOB._replace(restarts=MOST - 1, step=5, restart_step=5)
    assert not restarts.is_due(stuck)
    clock.advance(LEAST_TIME)
    assert restarts.is_due(stuck)
    forward = stuck._replace(step=6)
    assert not restarts.should_give_up(forward._replace(restarts=MOST))
    assert restarts.is_due(forward)
