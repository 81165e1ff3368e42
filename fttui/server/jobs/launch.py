"""Check of a job by its trainer, and start of the trainer through its launcher."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fttui.learning.engine_words import engine_title
from fttui.models.auto_hyperparameters import resolve
from fttui.models.labels import trainer_settings
from fttui.own_files import not_own
from fttui.server.jobs.outcomes import Outcomes
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.jobs.trainer_environment import NoVariable, engine_variables, trainer_environment
from fttui.server.jobs.trainer_questions import Check, Refused, Stopped, check_job
from fttui.server.launchers.base import EngineUnreachable, JobTrainer, Launch, LaunchRefused
from fttui.server.launchers.registry import Launchers, node_count, options_of
from fttui.server.settings import Trainer
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.disk_space import is_disk_full
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import JobRecord
from fttui.server.storage.salvage import record_of

START_MODEL = "start-model"
"""Name in the job's directory of the model to start from."""


class TrainerStarter:
    """Prepares the directories of jobs, and starts their trainers."""

    def __init__(
        self,
        database: ServiceDatabase,
        paths: HomePaths,
        catalog: Catalog,
        outcomes: Outcomes,
        launchers: Launchers,
    ) -> None:
        self._database = database
        self._paths = paths
        self._catalog = catalog
        self._outcomes = outcomes
        self._launchers = launchers

    def launch(self, job: JobRecord) -> None:
        """Start the trainer of a job, for the first time or again. The job fails when that is impossible.

        Raises:
            EngineUnreachable: its engine does not answer.
            NotNow: its engine does not take it now.
            OSError: its disk has no room.
        """
        process = self._launchers.trainer(job)
        try:
            trainer = self._trainer(job)
            process.sweep()
            self._prepare(job, trainer, process)
            process.start(self._launch(job, trainer))
        except Refused as refused:
            self._outcomes.fail(job, refused.code, str(refused), refused.param)
        except FileNotFoundError:
            self._outcomes.fail_deleted_file(job)
        except LaunchRefused as refused:
            title = engine_title(str((job.engine or {}).get("kind")))
            self._outcomes.fail(job, "trainer_not_started", f"{title} refused the job: {refused}")
        except OSError as error:
            if is_disk_full(error):
                raise  # the job waits for room
            message = f"The trainer could not be started: {error.strerror or error}."
            self._outcomes.fail(job, "trainer_not_started", message)

    def check(self, job: JobRecord, examples: int, should_stop: Callable[[], bool]) -> Check:
        """Let the trainer check a job whose data is valid, in the directory that it would train in. Slow.

        Args:
            examples: number of examples in the training file.

        Raises:
            Refused: the job cannot be trained.
            Stopped: `should_stop` returned True.
            OSError: the directory of the job cannot be written.
        """
        trainer = self._trainer(job)
        if not trainer.describes:
            return Check({})
        job = job._replace(hyperparameters=resolve(job.hyperparameters, examples))
        process = self._launchers.trainer(job)
        process.sweep()
        environment = self._environment(trainer)
        if should_stop():  # before the directory of a job that was cancelled is made
            raise Stopped
        try:
            self._prepare(job, trainer, process)
        except EngineUnreachable as error:
            raise Refused("trainer_not_started", f"{error}.") from None
        return check_job(trainer, environment, process.directory.path, should_stop)

    def _trainer(self, job: JobRecord) -> Trainer:
        trainer = self._catalog.trainer_of(job)
        if trainer is None or job.method not in trainer.methods:
            method = "" if trainer is None else f" with the method {job.method}"
            message = f"No configured trainer can train {job.base}{method} any more."
            raise Refused("model_not_available", message, "model")
        return trainer

    def _launch(self, job: JobRecord, trainer: Trainer) -> Launch:
        engine = self._launchers.engine(job)
        if engine is None:
            return Launch(trainer.command, self._environment(trainer))
        try:
            well_known = self._launchers.of(job).hides_secrets
            listed, secrets = engine_variables(trainer, self._catalog.settings, well_known=well_known)
        except NoVariable as error:
            raise Refused("trainer_not_started", str(error)) from None
        options = options_of(engine, trainer, job)
        return Launch(
            trainer.command,
            {},
            listed,
            secrets,
            options,
            engine.setup,
            trainer.stop_after,
            engine.runtime_env,
        )

    def _environment(self, trainer: Trainer) -> dict[str, str]:
        try:
            return trainer_environment(trainer, self._catalog.settings)
        except NoVariable as error:
            raise Refused("trainer_not_started", str(error)) from None

    def _prepare(self, job: JobRecord, trainer: Trainer, process: JobTrainer) -> None:
        """Write `job.json` and link the inputs of a job.

        Raises:
            EngineUnreachable: the disk of its engine is away.
        """
        if reason := process.missing():
            raise EngineUnreachable(reason)
        if job.root is not None:
            _make_root(job.root)
        directory = process.directory
        inputs = {"training.jsonl": self._paths.file(job.training_file)}
        if job.validation_file:
            inputs["validation.jsonl"] = self._paths.file(job.validation_file)
        if job.model != job.base:
            model = self._database.models.get(job.model)
            if model is None and not directory.has_output(START_MODEL):
                message = f"The model {job.model} was deleted before the job could use it."
                raise Refused("model_not_available", message, "model")
            inputs[START_MODEL] = self._paths.model(model) if model else ""
        engine = self._launchers.engine(job)
        more = {
            "nodes": node_count(engine, options_of(engine, trainer, job)) if engine else None,
            "stop_after": trainer.stop_after,
            "record": record_of(self._database, job),
        }
        directory.prepare({**job_json(job), **more}, inputs)


def _make_root(root: str) -> None:
    """Make the parent of the directories of jobs on the disk of an engine, and its parent, for this user alone.

    Its name can be computed, and others may write to the directory of the engine: whoever made it before could replace
    the scripts that the nodes run.
    """
    for path in (os.path.dirname(root), root):
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
        if reason := not_own(path):
            message = f"The directory {path} is refused: {reason}. Remove it, or make it private (chmod go-w {path})."
            raise Refused("trainer_not_started", message)


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
        "engine": job.engine["kind"] if job.engine else None,
        "seed": job.seed,
        "suffix": job.suffix,
        "training_file": "training.jsonl",
        "validation_file": "validation.jsonl" if job.validation_file else None,
    }
