"""Adoption of living trainers by a new service."""

import os
import signal
from pathlib import Path
from typing import Any

import httpx

from fttui.server import control
from fttui.server.launchers.trainer_process import TrainerProcess
from tests.server.conftest import until
from tests.server.processes import api, assert_each_once, is_alive, pid_of, start_job, steps


def test_a_new_service_adopts_the_trainer_of_a_killed_one(home: str) -> None:
    with api(control.ensure(home)) as client:
        job = start_job(client)
        until(lambda: len(steps(client, job)) > 2)
    trainer = TrainerProcess(os.path.join(home, "jobs", job))
    group = Path(trainer.path, "pid").read_text()
    os.kill(pid_of(home), signal.SIGKILL)
    size = Path(trainer.path, "progress.jsonl").stat().st_size
    until(lambda: Path(trainer.path, "progress.jsonl").stat().st_size > size)
    with api(control.ensure(home)) as client:
        seen = len(steps(client, job))
        until(lambda: len(steps(client, job)) > seen + 2)
        assert Path(trainer.path, "pid").read_text() == group
        assert_each_once(steps(client, job))
        assert client.get(f"/fine_tuning/jobs/{job}").json()["status"] == "running"
        assert client.post(f"/fine_tuning/jobs/{job}/cancel").json()["status"] == "cancelled"
    until(lambda: not trainer.is_alive(), 2)


def test_a_foreground_service_takes_over_and_adopts_the_trainer(home: str, served: Any) -> None:
    with api(control.ensure(home)) as client:
        job = start_job(client)
        until(lambda: len(steps(client, job)) > 2)
    detached = pid_of(home)
    trainer = TrainerProcess(os.path.join(home, "jobs", job))
    group = Path(trainer.path, "pid").read_text()
    server = served("--host", "127.0.0.1", "--port", "0")
    url = server.url()
    assert not is_alive(detached)
    assert pid_of(home) == server.process.pid
    for client in (httpx.Client(base_url=url, timeout=20), api(control.ensure(home))):
        with client:
            seen = len(steps(client, job))
            until(lambda client=client, seen=seen: len(steps(client, job)) > seen)
            assert_each_once(steps(client, job))
    assert Path(trainer.path, "pid").read_text() == group
    other = served("--host", "127.0.0.1", "--port", "0")
    assert other.process.wait(30) == 1
    other.end()
    assert url in other.output
    httpx.post(f"{url}/fine_tuning/jobs/{job}/cancel")
    until(lambda: not trainer.is_alive(), 2)
