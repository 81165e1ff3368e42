"""Fields of the create form: names, labels, hints, defaults and ranges."""

import math
from typing import NamedTuple

from fttui.models.job import METHODS
from fttui.models.spec import HYPERPARAMETERS

EFFORTS = ("default", "low", "medium", "high")
"""Values of `reasoning_effort`."""


class Field(NamedTuple):
    """One line of the form."""

    name: str
    label: str
    hint: str
    methods: tuple[str, ...] = METHODS
    """Methods with which the field is shown."""


class Number(NamedTuple):
    """Range of a hyperparameter."""

    above: float
    """Exclusive lower bound."""
    most: float = math.inf
    whole: bool = True

    @property
    def allowed_values(self) -> str:
        if self.whole and self.most < math.inf:
            return f"auto, or {self.above + 1:g} to {self.most:g}"
        if self.whole:
            return f"auto, or a whole number of at least {self.above + 1:g}"
        return f"auto, or a number above {self.above:g}" + (f", at most {self.most:g}" if self.most < math.inf else "")


NUMBERS = {
    "n_epochs": Number(0, 50),
    "batch_size": Number(0, 256),
    "learning_rate_multiplier": Number(0, whole=False),
    "beta": Number(0, 2, whole=False),
    "compute_multiplier": Number(1e-5, 10, whole=False),
    "eval_interval": Number(0),
    "eval_samples": Number(0),
}
_LABELS = {
    "n_epochs": "epochs",
    "batch_size": "batch size",
    "learning_rate_multiplier": "learning rate x",
    "beta": "beta",
    "compute_multiplier": "compute x",
    "eval_interval": "eval interval",
    "eval_samples": "eval samples",
    "reasoning_effort": "reasoning effort",
}
_HINTS = {
    "learning_rate_multiplier": "factor on the provider's learning rate: {}",
    "beta": "how close to stay to the base model: {}",
    "compute_multiplier": "compute for exploring: {}",
    "eval_interval": "steps between evaluations: {}",
    "eval_samples": "samples in an evaluation: {}",
}


def _hyperparameter(name: str) -> Field:
    values = NUMBERS[name].allowed_values if name in NUMBERS else ", ".join(EFFORTS)
    methods = tuple(method for method, names in HYPERPARAMETERS.items() if name in names)
    return Field(name, _LABELS[name], _HINTS.get(name, "{}").format(values), methods)


FIELDS = (
    Field("model", "model", "base model, or a tuned model to train further"),
    Field("training_file", "training file", "a path, which is uploaded, or a file id"),
    Field("validation_file", "validation file", "optional, but needed for reinforcement: a path or a file id"),
    Field("suffix", "suffix", "optional: up to 64 characters in the model's name"),
    Field("method", "method", "supervised, dpo or reinforcement"),
    Field("grader", "grader", "a path of a JSON file, or the JSON itself", ("reinforcement",)),
    *(_hyperparameter(name) for name in _LABELS),
    Field("seed", "seed", "optional: 0 to 2147483647"),
    Field("metadata", "metadata", 'optional: key=value, key="value, with a comma"'),
    Field("wandb_project", "W&B project", "optional: project to which the provider reports the run"),
    Field("more", "more settings", "optional: hyperparameters without a field: name=value"),
)
BY_NAME = {field.name: field for field in FIELDS}
EMPTY = {field.name: "" for field in FIELDS} | {"method": "supervised", "reasoning_effort": "default"}
EMPTY |= dict.fromkeys(NUMBERS, "auto")
"""Texts of an empty form: the provider's defaults."""


def fields_of(method: str) -> tuple[Field, ...]:
    """Return the fields shown with a method; with an unknown method, the fields common to all methods."""
    methods = [method or "supervised"] if method in ("", *METHODS) else METHODS
    return tuple(field for field in FIELDS if all(method in field.methods for method in methods))
