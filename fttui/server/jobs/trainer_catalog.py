"""Which base models this service tunes, by which methods, and which trainer does it; how many jobs run at a time.

The person's own trainers come in `settings.json` in the service's home. Whoever starts the service writes it there
from the configuration (daemon.configure), and a running service reads it again when it has changed.
"""

import json
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

METHODS = ("supervised", "dpo")
HANG_AFTER = 900.0
LARGEST_LOG = 16 << 20

log = logging.getLogger("fttui.server")


class Trainer(NamedTuple):
    """A program that trains: the command gets a job's directory as its last argument (trainers/README.md)."""

    name: str
    command: tuple[str, ...]
    models: tuple[str, ...]
    """The base models it offers."""
    methods: tuple[str, ...]
    hang_after: float = HANG_AFTER
    """Seconds without a line of progress after which it is ended."""
    largest_log: int = LARGEST_LOG
    """Bytes of log beyond which it is ended."""


# `-P` keeps the job's directory, which is the current one, off the module path.
TINY = Trainer(
    name="tiny",
    command=(sys.executable, "-P", "-m", "fttui.server.trainers.tiny"),
    models=("fttui-tiny-1",),
    methods=METHODS,
)

CREATED = 1_785_542_400
"""When the base models came to be, as lists of models say it: 2026-08-01."""


class Settings(NamedTuple):
    """What `settings.json` holds."""

    trainers: tuple[Trainer, ...] = ()
    max_running: int = 1
    """How many jobs may train at a time, at least 1."""
    plain_results: bool = False
    """Result files are plain CSV, not base64 as the hosted service sends them."""
    empty_error: bool = False
    """A job without an error has `{}` there, as the hosted service sends it, not null."""


class Catalog:
    """The trainers at hand, by the base models they offer. The first that offers a model does it."""

    def __init__(self, trainers: Sequence[Trainer] = (TINY,), *, max_running: int = 1, path: str | None = None) -> None:
        """
        Args:
            path: a `settings.json` to follow: its trainers come after these, and all else that it holds counts.
        """
        self._own = tuple(trainers)
        self._path = path
        self._stamp: tuple[int, ...] | None = None
        self._settings = Settings(max_running=max_running)
        self._by_model = _by_model(self._own)

    @property
    def models(self) -> list[str]:
        """Base models, in the order in which the trainers offer them."""
        self._follow()
        return list(self._by_model)

    @property
    def settings(self) -> Settings:
        """What is set now."""
        self._follow()
        return self._settings

    def trainer(self, model: str) -> Trainer | None:
        """Who trains a base model; None when nobody does."""
        self._follow()
        return self._by_model.get(model)

    def _follow(self) -> None:
        """Read the settings again when they have changed. Ones that cannot be read change nothing."""
        if self._path is None:
            return
        try:
            found = os.stat(self._path)
        except OSError:
            return
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            settings = read_settings(self._path)
        except (OSError, ValueError) as error:
            log.warning("%s is passed over: %s", self._path, error)
            return
        self._by_model = _by_model((*self._own, *settings.trainers))
        self._settings = settings


def _by_model(trainers: Sequence[Trainer]) -> dict[str, Trainer]:
    found: dict[str, Trainer] = {}
    for trainer in trainers:
        for model in trainer.models:
            found.setdefault(model, trainer)
    return found


def read_settings(path: str) -> Settings:
    """The settings that were written for the service.

    Raises:
        OSError: the file cannot be read.
        ValueError: it does not hold what it should.
    """
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    try:
        most = content.get("max_running", 1)
        if not isinstance(most, int) or most < 1:
            raise ValueError(f"max_running is {most!r}")
        trainers = tuple(_trainer(name, given) for name, given in content.get("trainers", {}).items())
        return Settings(trainers, most, bool(content.get("plain_results")), bool(content.get("empty_error")))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"it is not as it should be ({type(error).__name__}: {error})") from None


def _trainer(name: str, given: dict[str, Any]) -> Trainer:
    def texts(member: str) -> tuple[str, ...]:
        value = given[member]
        if not isinstance(value, list) or not value or not all(isinstance(text, str) and text for text in value):
            raise ValueError(f"{member} of the trainer {name} is no array of words")
        return tuple(value)

    methods = texts("methods") if "methods" in given else METHODS
    if not set(methods) <= set(METHODS):
        raise ValueError(f"the trainer {name} has a method that is none of {', '.join(METHODS)}")
    hang_after = float(given.get("hang_after", HANG_AFTER))
    largest_log = int(given.get("largest_log", LARGEST_LOG))
    if not hang_after > 0 or largest_log < 1:
        raise ValueError(f"a limit of the trainer {name} is not above zero")
    return Trainer(name, texts("command"), texts("models"), methods, hang_after, largest_log)
