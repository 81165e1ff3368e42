"""Launchers of one service: one for this machine, and one for each kind of engine."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fttui.clock import Clock
from fttui.models.labels import engine_options
from fttui.server.launchers import ray, slurm
from fttui.server.launchers.base import JobTrainer, Launcher
from fttui.server.launchers.local import Local
from fttui.server.launchers.ray_cluster import RayCluster, connect
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
        self,
        paths: HomePaths,
        clock: Clock,
        settings: Callable[[], Settings],
        queue: Queue | None = None,
        cluster: Callable[[Engine], RayCluster] | None = None,
    ) -> None:
        """
        Args:
            settings: returns the current settings.
            queue: Slurm's queue.
            cluster: returns the Ray cluster of an engine.
        """
        self._paths = paths
        self._clock = clock
        self._settings = settings
        self._queue = queue or Queue(clock)
        self._slurm = slurm.Slurm(self._queue, clock)
        self._cluster = cluster or (lambda engine: connect(engine, clock))
        self._rays: dict[tuple[str, str], ray.Ray] = {}
        """Launchers by address and variable of the token."""
        self._on_answer: Callable[[], None] = lambda: None
        self.local = Local()

    def on_answer(self, call: Callable[[], None]) -> None:
        """Call a function, in any thread, when an engine has answered."""
        self._queue.answers.on_answer = self._on_answer = call
        for launcher in self._rays.values():
            launcher.cluster.answers.on_answer = call

    def of(self, job: JobRecord) -> Launcher:
        """Return the launcher of a job."""
        engine = self.engine(job)
        if engine is None:
            return self.local
        return self._ray(engine) if engine.kind == "ray" else self._slurm

    def _ray(self, engine: Engine) -> ray.Ray:
        key = (engine.address, engine.token_env)
        found = self._rays.get(key)
        if found is None:
            found = self._rays[key] = ray.Ray(self._cluster(engine), self._clock)
            found.cluster.answers.on_answer = self._on_answer
        return found

    def directory(self, job: JobRecord) -> JobDirectory:
        return JobDirectory(self._paths.job(job.id, job.root))

    def trainer(self, job: JobRecord) -> JobTrainer:
        """Return the trainer of a job, alive or not."""
        return JobTrainer(self.of(job), self.directory(job), self.engine(job), was_submitted=job.life is not None)

    def engine(self, job: JobRecord) -> Engine | None:
        """Return the engine of a job as it is configured now, or as it was if it is not any more. None for none."""
        if job.engine is None:
            return None
        stored = engine_of(job.engine)
        now = self._settings().engines.get(stored.name)
        return now if now is not None and _place(now) == _place(stored) else stored

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
    own = _KINDS[engine.kind].words(engine_options(job.metadata, engine.kind))
    # The trainer may have moved to another engine since, whose options this one does not know.
    of_trainer = trainer.options if trainer.engine == engine.name else ()
    return (*engine.options, *of_trainer, *own)


def node_count(engine: Engine, options: Sequence[str]) -> int | None:
    """Return the number of nodes that a job with these options asks its engine for; None if it names none."""
    return _KINDS[engine.kind].nodes(options)


def option_error(kind: str, name: str, value: str) -> str:
    """Return why a job may not set an option of an engine, as half a sentence; empty when it may."""
    return _KINDS[kind].fault(name, value)


class _Options(NamedTuple):
    """Options of a kind of engine."""

    words: Callable[[Mapping[str, str]], tuple[str, ...]]
    fault: Callable[[str, str], str]
    nodes: Callable[[Sequence[str]], int | None]


_KINDS = {
    "slurm": _Options(slurm.option_words, slurm.option_fault, slurm.node_count),
    "ray": _Options(ray.option_words, ray.option_fault, lambda options: None),
}


def _place(engine: Engine) -> tuple[str, str, str]:
    """Return the settings that lead to the jobs of an engine. When they change, its jobs stay at the old ones."""
    return engine.kind, engine.directory, engine.address
