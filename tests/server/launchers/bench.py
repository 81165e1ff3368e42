"""Service whose trainers run on a real engine, for tests that compare losses with an undisturbed local run."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.service import Service, open_service
from fttui.server.storage.records import JobRecord
from tests.server.conftest import add_file, example, jsonl, kill_trainers, messages
from tests.server.launchers.conftest import add_placed_job

EPOCHS = 12
DATA = jsonl([example(f"Good day, number {number}. It is a fine day for a test." * 3) for number in range(12)])
Losses = list[tuple[int, float]]


class Bench:
    """Service with an engine. Without a subclass, it trains on this machine."""

    patience = 120.0
    """Seconds until a state that does not come fails a test."""

    def __init__(self, directory: Path) -> None:
        self.home = str(directory / "home")
        self.shared = directory / "shared"
        self.shared.mkdir(parents=True)
        self.settings = directory / "settings.json"
        self.configure()
        self.open()

    def configure(self, **members: Any) -> None:
        """Write the settings of the service."""
        self.settings.write_text(json.dumps({"max_running": 1, **members}))

    def engine(self) -> dict[str, Any]:
        """Return the arguments of `open_service` for the engine."""
        return {}

    def open(self) -> None:
        self.service: Service = open_service(self.home, catalog=Catalog(path=str(self.settings)), **self.engine())

    def reopen(self) -> None:
        """Replace the service, as after `kill -9`."""
        self.service.database.close()
        self.open()

    def close(self) -> None:
        self.service.runner.close(save=True)
        self.service.database.close()
        kill_trainers(self.home)

    def add(self, **members: Any) -> str:
        given = {"model": "fttui-tiny-1", "seed": 7, "hyperparameters": {"n_epochs": EPOCHS, "batch_size": 1}}
        given |= members
        given.setdefault("training_file", add_file(self.service, DATA))
        return add_placed_job(self.service, **given)

    def job(self, id: str) -> JobRecord:
        found = self.service.database.jobs.get(id)
        assert found is not None
        return found

    def directory(self, id: str) -> Path:
        return Path(self.service.paths.job(id, self.job(id).root))

    def until(self, condition: Callable[[], Any], seconds: float = 0.0) -> None:
        deadline = time.monotonic() + (seconds or self.patience)
        while not condition():
            jobs = self.service.database.jobs.unfinished()
            assert time.monotonic() < deadline, [(job.status, job.life, messages(self.service, job.id)) for job in jobs]
            self.service.runner.tick()
            time.sleep(0.02)

    def until_status(self, id: str, *wanted: str, seconds: float = 0.0) -> None:
        self.until(lambda: self.job(id).status in (*wanted, "failed"), seconds)
        assert self.job(id).status in wanted, (self.job(id).error, messages(self.service, id))

    def until_step(self, id: str, step: int) -> None:
        self.until(lambda: self.job(id).status in ("failed", "succeeded") or self.job(id).step >= step)
        assert self.job(id).status == "running", self.job(id).error

    def finish(self, id: str) -> Losses:
        self.until_status(id, "succeeded")
        return [(step["step"], step["train_loss"]) for step in self.service.database.events.metrics(self.job(id))]

    def says(self, id: str, words: str) -> bool:
        return any(words in message for message in messages(self.service, id))
