"""Conversion between the texts of the form and a `JobSpec`. Reads data and grader files, so it runs in a thread."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import ValidationError

from fttui.core.create_sweep import Sweep, make_sweep
from fttui.core.job_data import FILES, LocalFiles, Subject, find_files
from fttui.data.grader import BadGrader, grader_errors, parse_grader, read_grader
from fttui.data.local_files import NotAFile, local_path
from fttui.learning.alarms import STOPPABLE, stop_kinds
from fttui.learning.sweep import Axis, SweepError, axes_of
from fttui.models.hyperparameters import high_rates
from fttui.models.job import METHODS, TOKEN_KEY, Job
from fttui.models.labels import STOP_ON
from fttui.models.offer import Offer
from fttui.models.spec import MAX_METADATA, JobSpec, like
from fttui.text import clean_line
from fttui.ui.create_form.fields import (
    BY_NAME,
    EFFORTS,
    EMPTY,
    NUMBERS,
    fields_of,
    range_error,
    sent_values,
    values_of_number,
)
from fttui.ui.create_form.form import in_order
from fttui.ui.create_form.pairs import BadPairs, pairs_of, text_of, values_by_key

_PREFIXES = ("hyperparameters", "method", "wandb")
"""Prefixes of names in the field `more`, followed by a dot. `hyperparameters.` may be left out."""


class FormReading(NamedTuple):
    """The job that the form describes, and its local files."""

    spec: JobSpec | None
    """None when a field has an error. Local files are still named as typed."""
    errors: dict[str, str]
    """Reasons by field, in the order of the form."""
    files: LocalFiles
    subject: Subject = Subject()
    """Members for the check of the data, also of a job with errors."""
    sweep: Sweep | None = None
    """The jobs that the form describes, when fields have several values."""
    settings: Mapping[str, Sequence[Any]] = MappingProxyType({})
    """Values of the number fields by name."""

    @property
    def advice(self) -> dict[str, str]:
        """Texts by field that are no errors."""
        found = high_rates(self.settings)
        if self.spec is not None and len(self.spec.metadata) >= MAX_METADATA:
            found["metadata"] = f"{MAX_METADATA} pairs leave no room for the token that finds a job after a lost answer"
        return found


def read_form(values: Mapping[str, str], offer: Offer = Offer()) -> FormReading:  # noqa: B008  (a value)
    """Read the texts of the form. Fields that the method hides, or the provider lacks, are left out.

    Args:
        offer: what the provider takes.
    """
    values = sent_values(values, offer)
    files = find_files({name: values[name] for name in FILES})
    parsed = _Parser(values, offer)
    errors = {name: parsed.errors[name] for name in in_order(parsed.errors)}
    spec = None
    if not errors and not files.errors:
        try:
            spec = JobSpec(**parsed.members)
        except ValidationError as error:  # a check above is missing
            errors = {"model": str(error.errors()[0]["msg"])}
    sweep = None
    if spec is not None and parsed.axes:
        try:
            sweep = make_sweep(spec, parsed.axes)
        except SweepError as error:
            spec, errors = None, {"suffix": str(error)}
    errors |= {name: reason for name, reason in files.errors.items() if name not in errors}
    errors = {name: errors[name] for name in in_order(errors)}
    return FormReading(spec, errors, files, parsed.subject, sweep, parsed.several)


def values_of(job: Job, offer: Offer = Offer()) -> dict[str, str]:  # noqa: B008  (a value)
    """Return the texts of a form that creates a job like this one: `read_form` returns the same spec as `like`."""
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
        "stop_on": ", ".join(spec.stop_on.split(",")),
        "metadata": text_of(spec.with_stop_on("").metadata),
        "wandb_project": spec.wandb_project or "",
    }
    known = BY_NAME.keys() & set(offer.hyperparameters.get(spec.method or "supervised", ()))
    for name, value in spec.hyperparameters.items():
        if name in known and isinstance(value, int | float | str):
            values[name] = str(value)
        else:
            more[f"hyperparameters.{name}" if name.partition(".")[0] in _PREFIXES else name] = value
    more |= {f"method.{name}": value for name, value in spec.method_more.items()}
    more |= {f"wandb.{name}": value for name, value in spec.wandb_more.items()}
    return values | {"more": text_of(more, values_are_json=True)}


class _Parser:
    """One pass over the fields, which fills the members of a `JobSpec` and the errors by field."""

    def __init__(self, values: Mapping[str, str], offer: Offer) -> None:
        self.errors: dict[str, str] = {}
        method = values["method"]
        if method not in ("", *offer.methods):
            self.errors["method"] = "one of: " + ", ".join(offer.methods)
        self._shown = {field.name for field in fields_of(method, offer)}
        self.members: dict[str, Any] = {
            name: values[name] or None
            for name in ("model", "training_file", "validation_file", "suffix", "method", "wandb_project")
        }
        self.errors |= {name: "required" for name in ("model", "training_file") if not values[name]}
        for name in ("suffix", "seed", *(name for name in NUMBERS if name in self._shown)):
            if error := range_error(name, values[name], offer.ranges):
                self.errors[name] = error
        self.several = {
            name: values_of_number(name, values[name])
            for name in (*NUMBERS, "seed")
            if (name in self._shown or name == "seed") and name not in self.errors
        }
        first = {name: found[0] for name, found in self.several.items() if found}
        self.members["seed"] = first.pop("seed", None)
        self.members["hyperparameters"] = first | self._effort(values["reasoning_effort"])
        if "grader" in self._shown:
            self.members["grader"] = self._grader(values["grader"])
        self.members["metadata"] = self._metadata(values["metadata"])
        self._stop_on(values["stop_on"])
        self._more(values["more"])
        self.axes = self._axes()

    @property
    def subject(self) -> Subject:
        members = self.members
        method = members["method"] if members["method"] in METHODS else None
        kept = {name: members["hyperparameters"].get(name) for name in ("n_epochs", "batch_size")}
        kept = {name: value for name, value in kept.items() if value is not None}
        return Subject(members["model"] or "", method, members.get("grader"), kept)

    def _axes(self) -> tuple[Axis, ...]:
        try:
            return axes_of(self.several)
        except SweepError as error:
            last = [name for name, values in self.several.items() if len(values) > 1][-1]
            self.errors.setdefault(last if last in BY_NAME else "more", str(error))
            return ()

    def _effort(self, effort: str) -> dict[str, Any]:
        if "reasoning_effort" not in self._shown or effort in ("", "default"):
            return {}
        if effort not in EFFORTS:
            self.errors["reasoning_effort"] = "one of: " + ", ".join(EFFORTS)
        return {"reasoning_effort": effort}

    def _grader(self, text: str) -> dict[str, Any] | None:
        if not text:
            self.errors["grader"] = "needed for reinforcement: a path of a JSON file, or the JSON itself"
            return None
        try:
            grader = parse_grader(text) if text.startswith("{") else _grader_file(text)
        except BadGrader as error:
            self.errors["grader"] = str(error)
            return None
        for member, words in grader_errors(grader):
            self.errors.setdefault("grader", f"{member}: {words}")
        return grader

    def _metadata(self, text: str) -> dict[str, str]:
        try:
            pairs = pairs_of(text)
        except BadPairs as error:
            self.errors["metadata"] = str(error)
            return {}
        if len(pairs) > MAX_METADATA:
            self.errors["metadata"] = f"{len(pairs)} pairs; at most {MAX_METADATA}"
        elif any(len(key) > 64 or len(value) > 512 for key, value in pairs.items()):
            self.errors["metadata"] = "keys of at most 64 characters, values of at most 512"
        elif TOKEN_KEY in pairs:
            self.errors["metadata"] = f"{TOKEN_KEY} is reserved for the create token of fttui"
        return pairs

    def _stop_on(self, text: str) -> None:
        if STOP_ON in self.members["metadata"]:
            self.errors["metadata"] = f"{STOP_ON} has a field of its own"
        if not text:
            return
        try:
            kinds = ",".join(stop_kinds(text))
        except ValueError:
            self.errors["stop_on"] = f"some of: {', '.join(STOPPABLE)}"
        else:
            self.members["metadata"] = {**self.members["metadata"], STOP_ON: kinds}

    def _more(self, text: str) -> None:
        spaces: dict[str, dict[str, Any]] = {name: {} for name in _PREFIXES}
        try:
            pairs = values_by_key(text)
        except BadPairs as error:
            self.errors["more"] = str(error)
            pairs = {}
        for name, found in pairs.items():
            space, dot, inner = name.partition(".")
            if not dot or space not in _PREFIXES:
                space, inner = "hyperparameters", name
            if (space == "hyperparameters" and inner in self._shown) or name in ("wandb.project", "method.grader"):
                self.errors["more"] = f"{name} has a field of its own"
            if space == "hyperparameters":
                self.several[inner] = found
            elif len(found) > 1:
                self.errors["more"] = f"{name} takes one value"
            spaces[space][inner] = found[0]
        if spaces["wandb"] and not self.members["wandb_project"]:
            self.errors.setdefault("wandb_project", "needed for the settings that begin with wandb.")
        self.members["hyperparameters"] |= spaces["hyperparameters"]
        self.members |= {"method_more": spaces["method"], "wandb_more": spaces["wandb"]}


def _grader_file(path: str) -> dict[str, Any]:
    try:
        return read_grader(local_path(path, lambda _: None) or path)
    except NotAFile as error:
        raise BadGrader(str(error)) from None


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if clean_line(text) == text else json.dumps(value)
