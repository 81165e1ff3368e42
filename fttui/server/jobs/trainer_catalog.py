"""Catalog of base models: the trainer and the methods of each."""

import logging
import os
import sys
from collections.abc import Sequence

from fttui.server.settings import METHODS, BuiltIn, Settings, Trainer, read_settings

# `-P` keeps the job's directory, which is the current directory, off the module path.
TINY = Trainer(
    name="tiny",
    command=(sys.executable, "-P", "-m", "fttui.server.trainers.tiny"),
    models=("fttui-tiny-1",),
    methods=METHODS,
    room=48 << 20,
    sampler=(sys.executable, "-P", "-m", "fttui.server.trainers.tiny.sampler"),
)

BASE_MODELS_CREATED = 1_785_542_400
"""Creation time of every base model in lists of models: 2026-08-01."""

log = logging.getLogger("fttui.server")


class Catalog:
    """Trainers by base model. When several trainers offer a model, the first one trains it."""

    def __init__(self, trainers: Sequence[Trainer] = (TINY,), *, max_running: int = 1, path: str | None = None) -> None:
        """
        Args:
            path: a `settings.json` to follow. Its trainers come after `trainers`; its other settings replace the
                defaults, also while the service runs.
        """
        self._built_in = tuple(trainers)
        self._path = path
        self._read_version: tuple[int, ...] | None = None
        self._settings = Settings(max_running=max_running)
        self._by_model = _by_model(self._built_in)

    @property
    def models(self) -> list[str]:
        """Base models, in the order of their trainers."""
        self._refresh()
        return list(self._by_model)

    @property
    def settings(self) -> Settings:
        """Current settings."""
        self._refresh()
        return self._settings

    def trainer(self, model: str) -> Trainer | None:
        """Return the trainer of a base model, or None for an unknown model."""
        self._refresh()
        return self._by_model.get(model)

    def _refresh(self) -> None:
        """Read `settings.json` again when it has changed. An invalid file leaves the settings as they are."""
        if self._path is None:
            return
        try:
            found = os.stat(self._path)
        except OSError:
            return
        version = (found.st_mtime_ns, found.st_size, found.st_ino)
        if version == self._read_version:
            return
        self._read_version = version
        try:
            settings = read_settings(self._path)
        except (OSError, ValueError) as error:
            log.warning("%s is ignored: %s", self._path, error)
            return
        built_in = [_configured(trainer, settings.built_in.get(trainer.name)) for trainer in self._built_in]
        self._by_model = _by_model((*built_in, *settings.trainers))
        self._settings = settings


def _configured(trainer: Trainer, settings: BuiltIn | None) -> Trainer:
    """Return a trainer in the box with its settings."""
    if settings is None:
        return trainer
    stop_after = trainer.stop_after if settings.stop_after is None else settings.stop_after
    return trainer._replace(env=settings.env, stop_after=stop_after)


def _by_model(trainers: Sequence[Trainer]) -> dict[str, Trainer]:
    found: dict[str, Trainer] = {}
    for trainer in trainers:
        for model in trainer.models:
            found.setdefault(model, trainer)
    return found
