"""The fields of the form that creates a job: what they take, the job they ask for, and what they hold for a job that
is there already. Nothing here draws; only the file of a grader is read."""

import json
import math
import os
from typing import Any, NamedTuple

from pydantic import ValidationError

from fttui.data.grader import BadGrader, grader_errors, parse_grader
from fttui.data.local_files import NotAFile, SamplePath, local_path
from fttui.models.job import METHODS, TOKEN_KEY, Job
from fttui.models.spec import HYPERPARAMETERS, MAX_METADATA, JobSpec, like
from fttui.text import clean_line
from fttui.ui.create_form.pairs import BadPairs, pairs_of, text_of

EFFORTS = ("default", "low", "medium", "high")
"""Values of `reasoning_effort`."""


class Field(NamedTuple):
    """One line of the form."""

    name: str
    label: str
    hint: str
    methods: tuple[str, ...] = METHODS
    """With which methods it is there."""


class Number(NamedTuple):
    """Which numbers a hyperparameter takes (api.md §7)."""

    above: float
    """Every number is larger."""
    most: float = math.inf
    whole: bool = True

    @property
    def words(self) -> str:
        if self.whole and self.most < math.inf:
            return f"auto, or {self.above + 1:g} to {self.most:g}"
        if self.whole:
            return f"auto, or a whole number from {self.above + 1:g} on"
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
    "learning_rate_multiplier": "times the provider's learning rate: {}",
    "beta": "how close to stay to the base model: {}",
    "compute_multiplier": "compute for exploring: {}",
    "eval_interval": "steps between evaluations: {}",
    "eval_samples": "samples in an evaluation: {}",
}


def _tuning(name: str) -> Field:
    words = NUMBERS[name].words if name in NUMBERS else ", ".join(EFFORTS)
    taking = tuple(method for method, names in HYPERPARAMETERS.items() if name in names)
    return Field(name, _LABELS[name], _HINTS.get(name, "{}").format(words), taking)


FIELDS = (
    Field("model", "model", "base model, or a tuned model to go on from"),
    Field("training_file", "training file", "a path, which is uploaded, or a file id"),
    Field("validation_file", "validation file", "optional, but needed for reinforcement: a path or a file id"),
    Field("suffix", "suffix", "optional: up to 64 characters in the model's name"),
    Field("method", "method", "supervised, dpo or reinforcement"),
    Field("grader", "grader", "a path of a JSON file, or the JSON itself", ("reinforcement",)),
    *(_tuning(name) for name in _LABELS),
    Field("seed", "seed", "optional: 0 to 2147483647"),
    Field("metadata", "metadata", 'optional: key=value, key="value, with a comma"'),
    Field("wandb_project", "W&B project", "optional: where the provider reports the run"),
    Field("more", "more settings", "optional: hyperparameters without a field: name=value"),
)
EMPTY = {field.name: "" for field in FIELDS} | {"method": "supervised", "reasoning_effort": "default"}
EMPTY |= dict.fromkeys(NUMBERS, "auto")
"""What the form holds when nothing is known: the provider's defaults."""
_SPACES = ("hyperparameters", "method", "wandb")
"""What a name in `more` may begin with, before a dot; hyperparameters need not."""


class FieldErrors(ValueError):
    """What fields hold that cannot be sent: the words for each, by its name, in the order of the form."""

    def __init__(self, found: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {words}" for name, words in found.items()))
        self.found = {field.name: found[field.name] for field in FIELDS if field.name in found}


def fields_of(method: str) -> tuple[Field, ...]:
    """The fields that there are with a method; with one that is none, those of all methods."""
    wanted = [method or "supervised"] if method in ("", *METHODS) else METHODS
    return tuple(field for field in FIELDS if all(method in field.methods for method in wanted))


def values_of(job: Job) -> dict[str, str]:
    """What the form holds to create a job like this one: `spec_of` makes of it what `like` makes of the job."""
    spec = like(job)
    more: dict[str, Any] = {}
    values = EMPTY | {
        "model": spec.model,
        "training_file": spec.training_file,
        "validation_file": spec.validation_file or "",
        "suffix": spec.suffix or "",
        "method": spec.method or "",
        "grader": _json(spec.grader) if spec.grader else "",
        "seed": "" if spec.seed is None else str(spec.seed),
        "metadata": text_of(spec.metadata),
        "wandb_project": spec.wandb_project or "",
    }
    taken = HYPERPARAMETERS.get(spec.method or "supervised", ())
    for name, value in spec.hyperparameters.items():
        if name in taken and isinstance(value, int | float | str):
            values[name] = str(value)
        else:
            more[f"hyperparameters.{name}" if name.partition(".")[0] in _SPACES else name] = value
    more |= {f"method.{name}": value for name, value in spec.method_more.items()}
    more |= {f"wandb.{name}": value for name, value in spec.wandb_more.items()}
    return values | {"more": text_of(more, values_are_json=True)}


def spec_of(values: dict[str, str], samples: SamplePath = lambda _: None) -> JobSpec:
    """The job that the form asks for; files are still as typed. What is hidden with this method is left out.

    Args:
        samples: where a sample file lies, by its name.

    Raises:
        FieldErrors: fields are empty that must not be, out of range (api.md §7), or name files that are not there.
    """
    reading = _Reading(values, samples)
    if reading.found:
        raise FieldErrors(reading.found)
    try:
        return JobSpec(**reading.members)
    except ValidationError as error:  # the checks above should have named the field already
        raise FieldErrors({"model": str(error.errors()[0]["msg"])}) from error


def note_of(spec: JobSpec) -> tuple[str, str]:
    """What a person should know of a job before it is sent that is no error: the field, and the words."""
    if len(spec.metadata) >= MAX_METADATA:
        return (
            "metadata",
            f"{MAX_METADATA} pairs: no room for the token by which a job is found when its answer is lost",
        )
    return "", ""


class _Reading:
    """One pass over the fields: the members of a `JobSpec`, and what is wrong by field."""

    def __init__(self, values: dict[str, str], samples: SamplePath) -> None:
        self.found: dict[str, str] = {}
        method = values["method"]
        if method not in ("", *METHODS):
            self.found["method"] = "one of: " + ", ".join(METHODS)
        there = {field.name for field in fields_of(method)}
        self.members: dict[str, Any] = {name: values[name] or None for name in ("suffix", "method", "wandb_project")}
        for name in ("model", "training_file", "validation_file"):
            self.members[name] = values[name] or None
            if not values[name] and name != "validation_file":
                self.found[name] = "needed"
            elif name != "model":
                self._file(name, values[name], samples)
        if len(values["suffix"]) > 64:
            self.found["suffix"] = f"{len(values['suffix'])} characters; at most 64"
        self.members["seed"] = self._seed(values["seed"])
        self.members["hyperparameters"] = {
            name: number
            for name, takes in NUMBERS.items()
            if name in there and (number := self._number(name, values[name], takes)) is not None
        }
        if "reasoning_effort" in there and values["reasoning_effort"] not in ("", "default"):
            self.members["hyperparameters"]["reasoning_effort"] = values["reasoning_effort"]
            if values["reasoning_effort"] not in EFFORTS:
                self.found["reasoning_effort"] = "one of: " + ", ".join(EFFORTS)
        if "grader" in there:
            self.members["grader"] = self._grader(values["grader"])
        self.members["metadata"] = self._metadata(values["metadata"])
        self._more(values["more"], there)

    def _file(self, name: str, text: str, samples: SamplePath) -> None:
        try:
            path = local_path(text, samples)
        except NotAFile as error:
            self.found[name] = str(error)
        else:
            if path is not None and not os.access(path, os.R_OK):
                self.found[name] = f"{text} may not be read"

    def _seed(self, text: str) -> int | None:
        number = _number(text)
        if text and not (isinstance(number, int) and 0 <= number <= 2147483647):
            self.found["seed"] = "a whole number from 0 to 2147483647"
        return int(number) if number is not None else None

    def _number(self, name: str, text: str, takes: Number) -> int | float | None:
        if text in ("", "auto"):
            return None
        number = _number(text)
        if number is None or not takes.above < number <= takes.most or (takes.whole and not isinstance(number, int)):
            self.found[name] = takes.words
        return number

    def _grader(self, text: str) -> dict[str, Any] | None:
        if not text:
            self.found["grader"] = "needed for reinforcement: a path of a JSON file, or the JSON itself"
            return None
        try:
            grader = parse_grader(text if text.startswith("{") else _content(text))
        except BadGrader as error:
            self.found["grader"] = str(error)
            return None
        for member, words in grader_errors(grader):
            self.found.setdefault("grader", f"{member}: {words}")
        return grader

    def _metadata(self, text: str) -> dict[str, str]:
        """At most 16 pairs, keys of 64 characters, values of 512; one of them is not ours."""
        try:
            pairs = pairs_of(text)
        except BadPairs as error:
            self.found["metadata"] = str(error)
            return {}
        if len(pairs) > MAX_METADATA:
            self.found["metadata"] = f"{len(pairs)} pairs; at most {MAX_METADATA}"
        elif any(len(key) > 64 or len(value) > 512 for key, value in pairs.items()):
            self.found["metadata"] = "keys of at most 64 characters, values of at most 512"
        elif TOKEN_KEY in pairs:
            self.found["metadata"] = f"{TOKEN_KEY} is the key of fttui's own token"
        return pairs

    def _more(self, text: str, there: set[str]) -> None:
        spaces: dict[str, dict[str, Any]] = {name: {} for name in _SPACES}
        try:
            pairs = pairs_of(text, values_are_json=True)
        except BadPairs as error:
            self.found["more"] = str(error)
            pairs = {}
        for name, value in pairs.items():
            space, dot, inner = name.partition(".")
            if not dot or space not in _SPACES:
                space, inner = "hyperparameters", name
            if (space == "hyperparameters" and inner in there) or name in ("wandb.project", "method.grader"):
                self.found["more"] = f"{name} has a field of its own"
            spaces[space][inner] = value
        if spaces["wandb"] and not self.members["wandb_project"]:
            self.found.setdefault("wandb_project", "needed for the settings of wandb below")
        self.members["hyperparameters"] |= spaces["hyperparameters"]
        self.members |= {"method_more": spaces["method"], "wandb_more": spaces["wandb"]}


def _number(text: str) -> int | float | None:
    """A finite number, whole where it is written so; None otherwise."""
    if len(text) > 64:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _content(path: str) -> str:
    try:
        path = local_path(path, lambda _: None) or path
        with open(path, encoding="utf-8") as file:
            return file.read(1_000_001)
    except NotAFile as error:
        raise BadGrader(str(error)) from None
    except OSError as error:
        raise BadGrader(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError:
        raise BadGrader(f"{path} is not a text") from None


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if clean_line(text) == text else json.dumps(value)
