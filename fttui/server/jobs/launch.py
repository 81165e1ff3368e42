"""Start of a job's trainer. A launcher for other machines belongs here, beside the local process."""

import subprocess
from typing import Any

from fttui.models.labels import trainer_settings
from fttui.server.jobs.job_dir import JobDirectory
from fttui.server.jobs.outcomes import Outcomes
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.jobs.trainer_environment import NoVariable, trainer_environment
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.disk_space import is_disk_full
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import JobRecord
from fttui.server.storage.salvage import record_of

START_MODEL = "start-model"
"""Name in the job's directory of the model to start from."""


class TrainerLauncher:
    """Starts the trainers of one service as processes on this machine."""

    def __init__(self, database: ServiceDatabase, paths: HomePaths, catalog: Catalog, outcomes: Outcomes) -> None:
        self._database = database
        self._paths = paths
        self._catalog = catalog
        self._outcomes = outcomes
        self._children: list[subprocess.Popen[bytes]] = []

    def launch(self, job: JobRecord) -> None:
        """Start the trainer of a running job, for the first time or again. The job fails when that is impossible."""
        directory = JobDirectory(self._paths.job(job.id))
        trainer = self._catalog.trainer_of(job)
        if trainer is None or job.method not in trainer.methods:
            method = "" if trainer is None else f" with the method {job.method}"
            message = f"No configured trainer can train {job.base}{method} any more."
            self._outcomes.fail(job, "model_not_available", message, "model")
            return
        inputs = {"training.jsonl": self._paths.file(job.training_file)}
        if job.validation_file:
            inputs["validation.jsonl"] = self._paths.file(job.validation_file)
        if job.model != job.base:
            model = self._database.models.get(job.model)
            if model is None and not directory.has_output(START_MODEL):
                message = f"The model {job.model} was deleted before the job could use it."
                self._outcomes.fail(job, "model_not_available", message, "model")
                return
            inputs[START_MODEL] = self._paths.model(model) if model else ""
        directory.process.kill_leftovers()
        try:
            directory.prepare(
                {**job_json(job), "stop_after": trainer.stop_after, "record": record_of(self._database, job)}, inputs
            )
            environment = trainer_environment(trainer, self._catalog.settings)
            child = directory.process.start(trainer.command, environment)
        except NoVariable as error:
            self._outcomes.fail(job, "trainer_not_started", str(error))
        except FileNotFoundError:
            self._outcomes.fail_deleted_file(job)
        except OSError as error:
            if is_disk_full(error):
                raise  # the job waits for room
            message = f"The trainer could not be started: {error.strerror or error}."
            self._outcomes.fail(job, "trainer_not_started", message)
        else:
            if child is not None:
                self._children.append(child)

    def reap(self) -> None:
        """Collect the exit status of trainers that have ended."""
        self._children = [child for child in self._children if child.poll() is None]


def job_json(job: JobRecord) -> dict[str, Any]:
    """Return the content of `job.json` (trainers/README.md)."""
    return {
        "protocol": 2,
        "id": job.id,
        "model": {
            "id": job.model,
            "base": job.base,
            "path": START_MODEL if job.model != job.base else None,
            "source": job.source,
        },
        "method": job.method,
        "hyperparameters": job.hyperparameters,
        "settings": trainer_settings(job.metadata),
        "seed": job.seed,
        "suffix": job.suffix,
        "training_file": "training.jsonl",
        "validation_file": "validation.jsonl" if job.validation_file else None,
    }
