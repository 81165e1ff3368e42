"""Fixtures: a service in a temporary directory with a fake trainer. No process outlives its test."""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.server import control
from fttui.server.api.app import create_app
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.service import Service, open_service
from fttui.server.settings import Trainer

FAKE = Trainer(
    "fake",
    (sys.executable, str(Path(__file__).parents[1] / "support" / "fake_trainer.py")),
    ("base-1",),
    ("supervised", "dpo"),
    stop_after=30,
)
SAMPLER = (sys.executable, str(Path(__file__).parents[1] / "support" / "fake_sampler.py"))
"""Command of a sampler for the models of `FAKE`."""


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Call `condition` until it is true and return its value. Fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "timeout"
        time.sleep(0.005)
    return found


def example(text: str = "Good day.", **members: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": text}]
    return {"messages": messages, **members}


def jsonl(examples: list[Any]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in examples).encode()


GOOD = jsonl([example(f"Good day, number {number}.") for number in range(12)])


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "AZURE_", "FTTUI_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def home() -> Iterator[str]:
    """Directory with a path short enough for a socket. Services and trainers in it are stopped after the test."""
    parent = tempfile.mkdtemp(prefix="ft-")
    path = os.path.join(parent, "home")
    yield path
    control.stop(path)
    kill_trainers(path)
    shutil.rmtree(parent)


def kill_trainers(home: str) -> None:
    jobs = os.path.join(home, "jobs")
    for name in os.listdir(jobs) if os.path.isdir(jobs) else ():
        trainer = TrainerProcess(os.path.join(jobs, name))

        def gone(trainer: TrainerProcess = trainer) -> bool:
            trainer.signal(signal.SIGKILL)
            return not trainer.is_alive()

        until(gone)


@pytest.fixture
def service(home: str) -> Iterator[Service]:
    """Service whose runner works only when `tick` is called."""
    service = open_service(home, catalog=Catalog([FAKE]))
    yield service
    service.runner.close(save=True)
    service.database.close()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(service))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:
        yield client


def add_file(service: Service, content: bytes = GOOD, purpose: str = "fine-tune") -> str:
    from fttui.server import ids
    from fttui.server.storage.records import FileRecord

    id = ids.new_id("file-")
    Path(service.paths.file(id)).write_bytes(content)
    service.database.files.add(FileRecord(0, id, "data.jsonl", purpose, len(content), service.now()))
    return id


def add_job(service: Service, behaviour: str = "plain", **members: Any) -> str:
    """Add a job for the fake trainer and return its id. The suffix selects the behaviour of the trainer."""
    from fttui.server.api.job_request import new_job

    given = {"model": "base-1", "seed": 3, "hyperparameters": {"n_epochs": 2}, "suffix": behaviour, **members}
    if "training_file" not in given:
        given["training_file"] = add_file(service)
    return service.database.jobs.add(new_job(given, service.choose_model), service.now()).id


def status(service: Service, id: str) -> str:
    job = service.database.jobs.get(id)
    assert job is not None
    return job.status


def run_until(service: Service, id: str, *wanted: str) -> None:
    """Call `tick` until the job has one of these statuses."""

    def there() -> bool:
        service.runner.tick()
        return status(service, id) in wanted

    until(there)


def messages(service: Service, id: str) -> list[str]:
    """Return the messages of the job's events, oldest first."""
    job = service.database.jobs.get(id)
    assert job is not None
    events, more = service.database.events.page(job, after=None, limit=5000)
    assert not more
    return [event.message for event in reversed(events)]


@pytest.fixture
def served(home: str) -> Iterator[Any]:
    """Function that starts a service in the foreground with the given options."""
    started: list[Any] = []

    def start(*options: str) -> Any:
        from tests.server.processes import ForegroundService

        started.append(ForegroundService(home, *options))
        return started[-1]

    yield start
    for server in started:
        server.end()
