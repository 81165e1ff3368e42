"""Idle end of the service."""

import subprocess
import sys

from fttui.server import control
from fttui.server.idle import IdleTimer
from fttui.server.service import Service
from fttui.server.storage.records import DISK_FULL
from tests.server.conftest import add_job
from tests.support.clock import FakeClock


def test_a_service_is_idle_after_the_limit_without_requests(service: Service) -> None:
    clock = FakeClock()
    timer = IdleTimer(service.database, clock, limit=600)
    clock.advance(599)
    assert not timer.is_idle()
    timer.note_request()
    clock.advance(599)
    assert not timer.is_idle()
    clock.advance(1)
    assert timer.is_idle()


def test_a_live_job_keeps_the_service_but_a_paused_job_does_not(service: Service) -> None:
    clock = FakeClock()
    timer = IdleTimer(service.database, clock, limit=600)
    job = service.database.jobs.get(add_job(service))
    assert job is not None
    clock.advance(10_000)
    assert not timer.is_idle()
    service.database.jobs.move(job, "paused", [], service.now())
    assert timer.is_idle()


def test_a_job_that_waits_for_room_keeps_the_service(service: Service) -> None:
    clock = FakeClock()
    timer = IdleTimer(service.database, clock, limit=600)
    job = service.database.jobs.get(add_job(service))
    assert job is not None
    service.database.jobs.move(job, "paused", [], service.now(), error={"code": DISK_FULL, "message": "full"})
    clock.advance(10_000)
    assert not timer.is_idle()


def test_a_service_without_a_limit_is_never_idle(service: Service) -> None:
    clock = FakeClock()
    timer = IdleTimer(service.database, clock, limit=None)
    clock.advance(1e9)
    assert not timer.is_idle()


def test_an_idle_service_ends_by_itself(home: str) -> None:
    command = [sys.executable, "-m", "fttui.server", "--home", home, "--idle", "0"]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    assert control.running(home) is None
