"""Services whose trainers run on an engine, fake or real, and the fixture of the fake Slurm."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from fttui.server.api.job_request import new_job
from fttui.server.api.jobs import placed
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.launchers.slurm_queue import Queue
from fttui.server.service import Service, open_service
from fttui.server.storage.records import JobRecord
from tests.server.conftest import FAKE, add_file, messages, until
from tests.support.clock import FakeClock
from tests.support.fake_slurm import FakeJob, FakeSlurm


def add_placed_job(service: Service, **body: Any) -> str:
    """Add a job as a request does, at the place that its trainer has. Return its id."""
    return service.database.jobs.add(placed(service, new_job(body, service.choose_model)), service.now()).id


class EngineJob(Protocol):
    """Job of a fake engine."""

    @property
    def directory(self) -> Path: ...


class EngineService:
    """Service with a fake engine. `look` lets the service ask the engine and work; no real time passes."""

    trainer_options: tuple[str, ...] = ()
    """Options of the trainer for its engine."""
    service: Service

    def __init__(self, home: str, shared: Path, engine: dict[str, Any]) -> None:
        self.clock = FakeClock()
        self.home = home
        shared.mkdir(exist_ok=True)
        self.settings = Path(home).parent / "settings.json"
        self.configure(engines={"lab": {"directory": str(shared), **engine}})
        self.open()

    def configure(self, **members: Any) -> None:
        """Write the settings of the service."""
        options = list(self.trainer_options)
        trainer = {"command": list(FAKE.command), "models": ["base-1"], "engine": "lab", "options": options}
        content = {"trainers": {"fake": {**trainer, **members.pop("trainer", {})}}, **members}
        self.settings.write_text(json.dumps(content))

    def open(self) -> Service:
        """Open a new service, as after the end of the last one, and return it."""
        catalog = Catalog([], path=str(self.settings))
        self.service = open_service(self.home, catalog=catalog, clock=self.clock, **self.engine())
        return self.service

    def engine(self) -> dict[str, Any]:
        """Return the arguments of `open_service` that put the fake engine in place."""
        raise NotImplementedError

    def reopen(self) -> None:
        """Replace the service, as after `kill -9`."""
        self.service.database.close()
        self.open()

    def look(self, times: int = 3, seconds: float = 6) -> None:
        for _ in range(times):
            self.clock.advance(seconds)
            self.service.runner.tick()

    def validated(self, behaviour: str = "plain", **members: Any) -> str:
        """Add a job, and wait until its data is checked and it was submitted. Return its id."""

        id = self.add(behaviour, **members)
        until(lambda: (self.service.runner.tick(), self.job(id).status != "validating_files")[1])
        self.look(2)
        return id

    def add(self, behaviour: str = "plain", **members: Any) -> str:
        given = {"model": "base-1", "seed": 3, "hyperparameters": {"n_epochs": 2}, "suffix": behaviour, **members}
        given.setdefault("training_file", add_file(self.service))
        return add_placed_job(self.service, **given)

    def add_queued(self, count: int) -> None:
        """Add jobs whose data is checked already."""
        like = self.job(self.add())
        members = {name: value for name, value in like._asdict().items() if name != "seq" and value is not None}
        members |= {"status": "queued", "hyperparameters": {"n_epochs": 2, "batch_size": 1}}
        rows = [{**members, "id": f"ftjob-{number:024d}", "turn": number} for number in range(count)]
        self.service.database.restore("job", rows)
        self.service.runner.cancel(like.id)

    def job(self, id: str) -> JobRecord:
        found = self.service.database.jobs.get(id)
        assert found is not None
        return found

    def report(self, job: EngineJob, *lines: dict[str, Any]) -> None:
        with (job.directory / "progress.jsonl").open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)

    def steps(self, job: EngineJob, *numbers: int) -> None:
        for number in numbers:
            self.report(job, {"type": "metrics", "step": number, "total_steps": 4, "train_loss": 8 / number})

    def report_result(self, job: EngineJob) -> None:
        """Let a trainer write its model and report it."""
        (job.directory / "model-4").write_text("weights")
        self.report(
            job,
            {"type": "checkpoint", "step": 4, "path": "model-4", "metrics": {}},
            {"type": "result", "checkpoint": 4, "trained_tokens": 9},
        )

    def remembered(self, id: str) -> int:
        """Return the number of entries that the launcher of a job keeps in memory."""
        launcher = self.service.launchers.of(self.job(id))
        return sum(len(value) for value in vars(launcher).values() if isinstance(value, dict))

    def messages(self, id: str) -> list[str]:
        return messages(self.service, id)


class Cluster(EngineService):
    """Service on a fake Slurm cluster."""

    trainer_options = ("--time=1:00:00",)

    def __init__(self, home: str, shared: Path, **engine: Any) -> None:
        self.slurm = FakeSlurm()
        super().__init__(home, shared, {"kind": "slurm", "options": ["--partition=gpu"], **engine})

    def engine(self) -> dict[str, Any]:
        return {"queue": Queue(self.clock, run=self.slurm, start=lambda work: work())}

    def submitted(self, id: str) -> list[FakeJob]:
        """Return the submissions of a job, oldest first."""
        return [job for job in self.slurm.jobs.values() if id in job.name]

    def finish(self, job: FakeJob) -> None:
        """End a job with a model."""
        self.report_result(job)
        self.slurm.end(job, 0)


@pytest.fixture
def cluster(home: str, tmp_path: Path) -> Iterator[Cluster]:
    os.makedirs(os.path.dirname(home), exist_ok=True)
    made = Cluster(home, tmp_path / "shared")
    yield made
    made.service.runner.close(save=False)
    made.service.database.close()
