"""Launchers of one service: one for this machine, and one for each kind of engine."""

import hashlib
import os
from collections.abc import Callable
from typing import NamedTuple

from fttui.clock import Clock
from fttui.models.labels import engine_options
from fttui.server.launchers.base import JobTrainer, Launcher
from fttui.server.launchers.local import Local
from fttui.server.launchers.slurm import Slurm, option_fault, option_words
from fttui.server.launchers.slurm_queue import Queue
from fttui.server.lock import host_name
from fttui.server.settings import Engine, Settings, Trainer, engine_of
from fttui.server.storage.job_dir import JobDirectory
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import JobRecord


class Place(NamedTuple):
    """Place of a new job: its engine, and the parent of its directory."""

    engine: Engine
    root: str


class Launchers:
    """Launchers by what is stored with a job: changed settings never lose a job that runs."""

    def __init__(
        self, paths: HomePaths, clock: Clock, settings: Callable[[], Settings], queue: Queue | None = None
    ) -> None:
        """
        Args:
            settings: returns the current settings.
            queue: Slurm's queue.
        """
        self._paths = paths
        self._settings = settings
        self._queue = queue or Queue(clock)
        self._slurm = Slurm(self._queue, clock)
        self.local = Local()

    def on_answer(self, call: Callable[[], None]) -> None:
        """Call a function, in any thread, when an engine has answered."""
        self._queue.on_answer = call

    def of(self, job: JobRecord) -> Launcher:
        """Return the launcher of a job."""
        return self.local if job.engine is None else self._slurm

    def directory(self, job: JobRecord) -> JobDirectory:
        return JobDirectory(self._paths.job(job.id, job.root))

    def trainer(self, job: JobRecord) -> JobTrainer:
        """Return the trainer of a job, alive or not."""
        return JobTrainer(self.of(job), self.directory(job))

    def engine(self, job: JobRecord) -> Engine | None:
        """Return the engine of a job as it is configured now, or as it was if it is not any more. None for none."""
        if job.engine is None:
            return None
        stored = engine_of(job.engine)
        now = self._settings().engines.get(stored.name)
        return now if now is not None and (now.kind, now.directory) == (stored.kind, stored.directory) else stored

    def place(self, trainer: Trainer) -> Place | None:
        """Return the place of a new job of a trainer; None for this machine.

        Raises:
            LookupError: the trainer names an engine that is not configured.
        """
        if not trainer.engine:
            return None
        engine = self._settings().engines[trainer.engine]
        return Place(engine, self.root(engine))

    def root(self, engine: Engine) -> str:
        """Return the parent of the directories of this service's jobs on an engine.

        It is of this service alone: several services of a user may share the disk.
        """
        host = host_name()
        mark = hashlib.sha256(f"{host}:{self._paths.home}".encode()).hexdigest()[:8]
        return os.path.join(engine.directory, f"{host}-{mark}", engine.name)

    def roots(self) -> list[str]:
        """Return the parents of the directories of jobs on all configured engines."""
        return [self.root(engine) for engine in self._settings().engines.values()]


def options_of(engine: Engine, trainer: Trainer, job: JobRecord) -> tuple[str, ...]:
    """Return all options of a job for its engine, in the engine's words; later ones replace earlier ones."""
    own = option_words(engine_options(job.metadata, engine.kind))
    return (*engine.options, *trainer.options, *own)


def option_error(kind: str, name: str, value: str) -> str:
    """Return why a job may not set an option of an engine, as half a sentence; empty when it may."""
    return option_fault(name, value)
