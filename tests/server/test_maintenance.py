"""Regular duties of the service, and their failures."""

import asyncio
import errno
import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fttui import atomic
from fttui.server import sockets
from fttui.server.home import ServiceError, service_file_path
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.maintenance import CHECK_INTERVAL, Duty, in_thread, maintain
from fttui.server.process import ServiceProcess
from fttui.server.service import open_service
from tests.server.conftest import FAKE
from tests.support.clock import FakeClock


class Work:
    """Duty that fails while `error` is set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.runs = 0

    async def do(self) -> None:
        self.runs += 1
        if self.error is not None:
            raise self.error


@contextmanager
def maintained(clock: FakeClock, *duties: Duty) -> Iterator[None]:
    task = asyncio.create_task(maintain(duties, clock))
    try:
        yield
    finally:
        task.cancel()


@pytest.mark.parametrize("error", [OSError("disk"), ServiceError("socket"), RuntimeError("bug")], ids=repr)
async def test_a_failed_duty_is_tried_again_and_does_not_end_the_others(error: Exception) -> None:
    clock, failing, other = FakeClock(), Work(error), Work()
    with maintained(clock, Duty("fail", failing.do), Duty("work", other.do)):
        await clock.run(3 * CHECK_INTERVAL)
    assert (failing.runs, other.runs) == (3, 3)


async def test_a_lasting_failure_is_logged_once_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    clock, failing = FakeClock(), Work(OSError("first"))
    with maintained(clock, Duty("copy the database", failing.do)):
        for error in (OSError("first"), OSError("second"), None, OSError("second")):
            failing.error = error
            await clock.run(2 * CHECK_INTERVAL)
    records = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in records] == ["failed to copy the database; trying again"] * 3
    assert [str(record.exc_info[1]) for record in records if record.exc_info] == ["first", "second", "second"]


async def test_a_duty_runs_at_its_own_interval() -> None:
    clock, often, seldom = FakeClock(), Work(), Work()
    with maintained(clock, Duty("check", often.do), Duty("copy", seldom.do, every=10)):
        await clock.run(9.5)
        assert (often.runs, seldom.runs) == (19, 0)
        await clock.run(10.5)
        assert (often.runs, seldom.runs) == (40, 2)


async def test_a_duty_of_a_thread_is_awaited() -> None:
    done: list[str] = []
    await in_thread("work", lambda: done.append("done")).do()
    assert done == ["done"]


def test_a_service_whose_duties_fail_still_ends_when_idle(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("no")

    os.makedirs(home, mode=0o700)
    service = open_service(home, catalog=Catalog([FAKE]))
    monkeypatch.setattr(service.samplers, "tend", fail)
    monkeypatch.setattr("fttui.server.process.rotate_log", fail)
    monkeypatch.setattr("fttui.server.process.HEARTBEAT", CHECK_INTERVAL)
    monkeypatch.setattr(sys, "setswitchinterval", lambda seconds: None)
    process = ServiceProcess(service, idle_limit=0)
    late: list[bool] = []

    def give_up() -> None:
        late.append(True)
        process.stop(save_trainers=False)

    def ready() -> None:
        asyncio.get_running_loop().call_later(30, give_up)

    process.serve(ready)
    assert not late
    assert not Path(process.socket_path).exists()


def test_state_that_cannot_be_written_opens_no_further_sockets(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    os.makedirs(home, mode=0o700)
    process = ServiceProcess(open_service(home, catalog=Catalog([FAKE])), idle_limit=None)
    monkeypatch.setattr(sys, "setswitchinterval", lambda seconds: None)
    opened: list[str] = []
    unix_socket, write = sockets.unix_socket, atomic.write
    failures = [errno.ENOSPC, errno.ENOSPC]

    def counted(home: str) -> tuple[socket.socket, str]:
        opened.append(home)
        return unix_socket(home)

    def write_when_there_is_room(path: str, content: bytes, **how: bool) -> None:
        if path != service_file_path(home):
            write(path, content, **how)
        elif failures:
            raise OSError(failures.pop(), "No space left on device")
        else:
            write(path, content, **how)
            process.stop(save_trainers=False)

    def ready() -> None:
        os.unlink(service_file_path(home))
        monkeypatch.setattr(atomic, "write", write_when_there_is_room)

    monkeypatch.setattr(sockets, "unix_socket", counted)
    process.serve(ready)
    assert (failures, opened) == ([], [home])
