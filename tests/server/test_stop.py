"""Stop of the service and of its trainers."""

import json
import os
import signal
from pathlib import Path

from fttui.server import control
from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.storage.job_dir import JobDirectory
from tests.server.conftest import until
from tests.server.processes import api, assert_each_once, pid_of, start_job, steps


def test_stop_stops_the_trainers_of_a_killed_service(home: str) -> None:
    with api(control.ensure(home)) as client:
        job = start_job(client)
        until(lambda: len(steps(client, job)) > 2)
    trainer = TrainerProcess(os.path.join(home, "jobs", job))
    os.kill(pid_of(home), signal.SIGKILL)
    until(lambda: control.running(home) is None)
    assert trainer.is_alive()
    assert control.stop(home) is True
    assert not trainer.is_alive()
    assert JobDirectory(trainer.path).exit_code() == 143
    assert control.stop(home) is False


def test_after_a_stop_the_next_service_continues_the_training(home: str) -> None:
    with api(control.ensure(home)) as client:
        job = start_job(client)
        until(lambda: len(steps(client, job)) > 2)
    trainer = TrainerProcess(os.path.join(home, "jobs", job))
    assert control.stop(home)
    assert not trainer.is_alive()
    assert JobDirectory(trainer.path).exit_code() == 143
    before = Path(trainer.path, "progress.jsonl").read_text().splitlines()
    with api(control.ensure(home)) as client:
        until(lambda: len(steps(client, job)) > len(before))
        assert_each_once(steps(client, job))
        lines = Path(trainer.path, "progress.jsonl").read_text().splitlines()
        assert steps_of(lines[len(before) :])[0] == steps_of(before)[-1] + 1, "no step was done twice"
        client.post(f"/fine_tuning/jobs/{job}/cancel")


def steps_of(lines: list[str]) -> list[int]:
    """Return the steps of the lines with metrics."""
    return [line["step"] for line in map(json.loads, lines) if line["type"] == "metrics"]
