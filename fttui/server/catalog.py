"""Which base models this service tunes, by which methods, and which trainer does it."""

import sys
from collections.abc import Sequence
from typing import NamedTuple


class Trainer(NamedTuple):
    """A program that trains: the command gets a job's directory as its last argument (trainers/README.md)."""

    name: str
    command: tuple[str, ...]
    models: tuple[str, ...]
    """The base models it offers."""
    methods: tuple[str, ...]


# `-P` keeps the job's directory, which is the current one, off the module path.
TINY = Trainer(
    name="tiny",
    command=(sys.executable, "-P", "-m", "fttui.server.trainers.tiny"),
    models=("fttui-tiny-1",),
    methods=("supervised", "dpo"),
)

CREATED = 1_785_542_400
"""When the base models came to be, as lists of models say it: 2026-08-01."""


class Catalog:
    """The trainers at hand, by the base models they offer. The first that offers a model does it."""

    def __init__(self, trainers: Sequence[Trainer] = (TINY,)) -> None:
        self._by_model: dict[str, Trainer] = {}
        for trainer in trainers:
            for model in trainer.models:
                self._by_model.setdefault(model, trainer)

    @property
    def models(self) -> list[str]:
        """Base models, in the order in which the trainers offer them."""
        return list(self._by_model)

    def trainer(self, model: str) -> Trainer | None:
        """Who trains a base model; None when nobody does."""
        return self._by_model.get(model)
