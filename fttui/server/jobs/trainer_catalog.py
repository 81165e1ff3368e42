"""Catalog of base models: the trainer, the methods and the origin of each."""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from fttui.install import missing_modules
from fttui.server.jobs.trainer_environment import trainer_environment
from fttui.server.settings import METHODS, BuiltIn, Settings, Trainer, is_directory, read_settings
from fttui.server.storage.records import JobRecord
from fttui.server.trainers.hf import hub

# `-P` keeps the job's directory, which is the current directory, off the module path.
TINY = Trainer(
    name="tiny",
    command=(sys.executable, "-P", "-m", "fttui.server.trainers.tiny"),
    models=("fttui-tiny-1",),
    methods=METHODS,
    room=48 << 20,
    sampler=(sys.executable, "-P", "-m", "fttui.server.trainers.tiny.sampler"),
)
HF = Trainer(
    name="hf",
    command=(sys.executable, "-P", "-m", "fttui.server.trainers.hf"),
    models=(),
    methods=METHODS,
    room=1 << 30,
    stop_after=60.0,
    describes=True,
    takes_any_model=True,
    sampler=(sys.executable, "-P", "-m", "fttui.server.trainers.hf.sampler"),
    exporter=(sys.executable, "-P", "-m", "fttui.server.trainers.hf.export"),
)
"""Trainer of open models. Its packages are the extra `hf`."""

BASE_MODELS_CREATED = 1_785_542_400
"""Creation time of every base model in lists of models: 2026-08-01."""
SCAN_SECONDS = 5.0
"""Seconds for which the models that were found on the disk are kept."""

IN_THE_BOX, CACHED, SETTINGS, HUB = "in the box", "cached", "settings", "hub"
"""Origins of a base model: the package, the cache of the hub, the configuration, and a download from the hub."""

log = logging.getLogger("fttui.server")


class BaseModel(NamedTuple):
    """Model that can be trained."""

    id: str
    trainer: Trainer
    source: str = SETTINGS
    """One of `IN_THE_BOX`, `CACHED` and `SETTINGS`."""
    size: int | None = None
    """Bytes of its weights."""
    directory: str | None = None
    """Its directory, for a model that is not found by its id."""


def built_in_trainers(settings: Settings, given: tuple[Trainer, ...] | None = None) -> tuple[Trainer, ...]:
    """Return the trainers in the box, with their settings.

    Args:
        given: None for those whose packages are installed.
    """
    found = ((TINY,) if missing_modules("hf") else (TINY, HF)) if given is None else given
    return tuple(_configured(trainer, settings.built_in.get(trainer.name)) for trainer in found)


class Catalog:
    """Trainers by base model. When several trainers offer a model, the first one trains it."""

    def __init__(
        self,
        trainers: Sequence[Trainer] | None = None,
        *,
        max_running: int = 1,
        path: str | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            trainers: None for the trainers in the box.
            path: a `settings.json` to follow. Its trainers come after `trainers`; its other settings replace the
                defaults, also while the service runs.
            now: seconds that never jump.
        """
        self._given = None if trainers is None else tuple(trainers)
        self._path = path
        self._now = now
        self._read_version: tuple[int, ...] | None = None
        self._settings = Settings(max_running=max_running)
        self._built_in: tuple[Trainer, ...] = ()
        """Trainers in the box, with their settings."""
        self._models: dict[str, BaseModel] = {}
        self._scanned_at: float | None = None

    @property
    def models(self) -> list[str]:
        """Ids of the base models, in the order of their trainers."""
        return [model.id for model in self.every()]

    def every(self) -> list[BaseModel]:
        """Return the base models, in the order of their trainers."""
        self._refresh()
        return list(self._models.values())

    @property
    def settings(self) -> Settings:
        """Current settings."""
        self._refresh()
        return self._settings

    @property
    def trainers(self) -> tuple[Trainer, ...]:
        """All trainers."""
        self._refresh()
        return (*self._built_in, *self._settings.trainers)

    def model(self, id: str) -> BaseModel | None:
        """Return a base model; None for an unknown one."""
        self._refresh()
        return self._models.get(id)

    def trainer(self, model: str) -> Trainer | None:
        """Return the trainer of a base model, or None for an unknown model."""
        found = self.model(model)
        return found.trainer if found else None

    def trainer_of(self, job: JobRecord) -> Trainer | None:
        """Return the trainer of a job, or None when no trainer takes its base model any more."""
        named = next((trainer for trainer in self.trainers if trainer.name == job.trainer), None)
        return named if named and named.takes_any_model else self.trainer(job.base)

    @property
    def any_model(self) -> Trainer | None:
        """The trainer that takes models which are not in the catalog; None when its packages are missing."""
        return next((trainer for trainer in self.trainers if trainer.takes_any_model), None)

    def _refresh(self) -> None:
        """Read `settings.json` again when it has changed, and look for models on the disk from time to time."""
        is_changed = self._read_settings()
        now = self._now()
        if is_changed or self._scanned_at is None or now - self._scanned_at > SCAN_SECONDS:
            self._built_in = built_in_trainers(self._settings, self._given)
            models: dict[str, BaseModel] = {}
            for model in self._find():
                models.setdefault(model.id, model)
            # At once and last: other threads must not see a catalog that is incomplete.
            self._models, self._scanned_at = models, now

    def _read_settings(self) -> bool:
        """Return whether the settings have changed. An invalid file leaves them as they are."""
        if self._path is None:
            return False
        try:
            found = os.stat(self._path)
        except OSError:
            return False
        version = (found.st_mtime_ns, found.st_size, found.st_ino)
        if version == self._read_version:
            return False
        self._read_version = version
        try:
            settings = read_settings(self._path)
        except (OSError, ValueError) as error:
            log.warning("%s is ignored: %s", self._path, error)
            return False
        self._settings = settings
        return True

    def _find(self) -> Iterator[BaseModel]:
        """Yield all base models; those of the trainer that takes any model come last."""
        for trainers, source in ((self._built_in, IN_THE_BOX), (self._settings.trainers, SETTINGS)):
            for trainer in trainers:
                yield from (BaseModel(id, trainer, source) for id in trainer.models)
        for trainer in self._built_in:
            if trainer.takes_any_model:
                yield from self._find_on_disk(trainer)

    def _find_on_disk(self, trainer: Trainer) -> Iterator[BaseModel]:
        environment = trainer_environment(trainer, self._settings, commands=False)
        cached = {model.id: model for model in hub.cached_models(environment)}
        for name in self._settings.models:
            if is_directory(name):
                try:
                    found = hub.model_in(name)
                except ValueError as error:
                    log.warning("a model of the settings is left out: %s", error)
                    continue
                yield BaseModel(found.id, trainer, SETTINGS, found.size, found.path)
            else:
                yield BaseModel(name, trainer, SETTINGS, cached[name].size if name in cached else None)
        for model in cached.values():
            yield BaseModel(model.id, trainer, CACHED, model.size)


def _configured(trainer: Trainer, settings: BuiltIn | None) -> Trainer:
    """Return a trainer in the box with its settings."""
    if settings is None:
        return trainer
    stop_after = trainer.stop_after if settings.stop_after is None else settings.stop_after
    return trainer._replace(env=settings.env, stop_after=stop_after, engine=settings.engine, options=settings.options)
