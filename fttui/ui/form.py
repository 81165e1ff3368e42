"""The fields of the form that creates a job: what they take, and the job they ask for. Pure."""

import os
from collections.abc import Callable
from typing import NamedTuple

from pydantic import ValidationError

from fttui.models.job import METHODS
from fttui.models.spec import MAX_METADATA, JobSpec


class Field(NamedTuple):
    """One line of the form."""

    name: str
    label: str
    hint: str


FIELDS = (
    Field("model", "model", "base model, or a tuned model to go on from"),
    Field("training_file", "training file", "a path, which is uploaded, or a file id"),
    Field("validation_file", "validation file", "optional: a path or a file id"),
    Field("suffix", "suffix", "optional: up to 64 characters in the model's name"),
    Field("method", "method", "supervised, dpo or reinforcement"),
    Field("n_epochs", "epochs", "auto, or 1 to 50"),
    Field("batch_size", "batch size", "auto, or 1 to 256"),
    Field("learning_rate_multiplier", "learning rate x", "auto, or a number above 0"),
    Field("beta", "beta", "dpo only: auto, or a number above 0, at most 2"),
    Field("seed", "seed", "optional: 0 to 2147483647"),
    Field("metadata", "metadata", "optional: key=value, key=value"),
    Field("wandb_project", "W&B project", "optional: where the provider reports the run"),
)
EMPTY = {"method": "supervised", "n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}
"""What the form holds when nothing is known: the provider's defaults."""


class FieldError(ValueError):
    """A field holds something that cannot be sent."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def spec_of(values: dict[str, str]) -> JobSpec:
    """The job that the form asks for; files are still as typed.

    Raises:
        FieldError: a field is empty that must not be, or its value is out of range (api.md §7).
    """
    for name in ("model", "training_file"):
        if not values[name]:
            raise FieldError(name, "needed")
    if len(values["suffix"]) > 64:
        raise FieldError("suffix", f"{len(values['suffix'])} characters; at most 64")
    if values["method"] not in ("", *METHODS):
        raise FieldError("method", "one of: " + ", ".join(METHODS))
    hyperparameters: dict[str, int | float | str] = {}
    for name, most in (("n_epochs", 50), ("batch_size", 256)):
        if values[name] not in ("", "auto"):
            hyperparameters[name] = _whole(name, values[name], 1, most)
    for name, most_float in (("learning_rate_multiplier", float("inf")), ("beta", 2.0)):
        if values[name] not in ("", "auto"):
            hyperparameters[name] = _positive(name, values[name], most_float)
    if "beta" in hyperparameters and values["method"] != "dpo":
        raise FieldError("beta", "only with the method dpo")
    try:
        return JobSpec(
            model=values["model"],
            training_file=values["training_file"],
            validation_file=values["validation_file"] or None,
            suffix=values["suffix"] or None,
            seed=_whole("seed", values["seed"], 0, 2147483647) if values["seed"] else None,
            method=values["method"] or None,
            hyperparameters=hyperparameters,
            metadata=_pairs(values["metadata"]),
            wandb_project=values["wandb_project"] or None,
        )
    except ValidationError as error:  # the checks above should have named the field already
        raise FieldError("model", str(error.errors()[0]["msg"])) from error


def _whole(name: str, text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise FieldError(name, f"a whole number from {least} to {most}")
    return int(text)


def _positive(name: str, text: str, most: float) -> float:
    words = "auto, or a number above 0" + (f", at most {most:g}" if most < float("inf") else "")
    try:
        number = float(text)
    except ValueError:
        raise FieldError(name, words) from None
    if not 0 < number <= most or number == float("inf"):
        raise FieldError(name, words)
    return number


def _pairs(text: str) -> dict[str, str]:
    """`key=value, key=value` (api.md §7: at most 16 pairs, keys of 64 characters, values of 512)."""
    pairs: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key:
            raise FieldError("metadata", f"{part!r} is not key=value")
        if len(key) > 64 or len(value) > 512:
            raise FieldError("metadata", "keys of at most 64 characters, values of at most 512")
        pairs[key] = value
    if len(pairs) > MAX_METADATA:
        raise FieldError("metadata", f"{len(pairs)} pairs; at most {MAX_METADATA}")
    return pairs


def path_of(text: str, samples: Callable[[str], str | None]) -> str | None:
    """The local file that a field names: a path, or the name of a sample; None when it is a file id."""
    if sample := samples(text):
        return sample
    path = os.path.expanduser(text)
    return path if os.sep in text or os.path.exists(path) or text.endswith(".jsonl") else None


def paths(text: str) -> list[str]:
    """The paths that `text` may become: directories, and files that can hold training data."""
    folder, _, start = text.rpartition(os.sep)
    try:
        with os.scandir(os.path.expanduser(folder + os.sep) if folder or text.startswith(os.sep) else ".") as found:
            names = sorted(
                entry.name + (os.sep if entry.is_dir() else "")
                for entry in found
                if entry.name.startswith(start)
                and (start.startswith(".") or not entry.name.startswith("."))
                and (entry.is_dir() or entry.name.endswith((".jsonl", ".json", ".txt")))
            )
    except OSError:
        return []
    head = text[: len(text) - len(start)]
    return [head + name for name in names]
