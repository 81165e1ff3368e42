"""Fields of the create form: names, labels, notes, pages of help, defaults and ranges."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fttui.learning.alarms import STOPPABLE
from fttui.learning.sweep import SweepError, split_values
from fttui.models.hyperparameters import MAX_SUFFIX, OWN_RANGES, RANGES, SEED, Range
from fttui.models.job import METHODS
from fttui.models.offer import Offer
from fttui.models.spec import HYPERPARAMETERS

EFFORTS = ("default", "low", "medium", "high")
"""Values of `reasoning_effort`."""


class Field(NamedTuple):
    """One row of the form."""

    name: str
    label: str
    notes: tuple[str, ...]
    """Texts beside the field, the longest first."""
    about: str
    """Purpose of the field, for its page of help."""
    flag: str
    """Option of `fttui jobs create`; empty when there is none."""
    methods: tuple[str, ...] = METHODS
    """Methods with which the field is shown."""


_RANGES = {**RANGES, **OWN_RANGES}
NUMBERS = tuple(_RANGES)
"""Fields of hyperparameters that are numbers."""
_HYPERPARAMETERS = {
    "n_epochs": ("epochs", "How many times the model reads the training file."),
    "batch_size": ("batch size", "Examples in one step."),
    "learning_rate_multiplier": ("learning rate x", "Factor on the provider's learning rate."),
    "learning_rate": ("learning rate", "Size of the steps of the training, not a factor: such as 1e-5."),
    "beta": ("beta", "How close the model stays to the base model; a lower value lets it move further."),
    "compute_multiplier": ("compute x", "Compute for exploring answers."),
    "eval_interval": ("eval interval", "Steps between two evaluations."),
    "eval_samples": ("eval samples", "Samples in an evaluation."),
    "reasoning_effort": ("reasoning effort", "How much the model reasons before it answers."),
}


def _hyperparameter(name: str) -> Field:
    label, about = _HYPERPARAMETERS[name]
    range = _RANGES.get(name)
    values = range.allowed_values if range is not None else ", ".join(EFFORTS)
    if name in OWN_RANGES:
        return Field(name, label, (values,), about, "--hyperparameter")
    methods = tuple(method for method, names in HYPERPARAMETERS.items() if name in names)
    flag = f"--{name.replace('_', '-')}" if set(methods) - {"reinforcement"} else ""
    return Field(name, label, (values,), about, flag, methods)


FIELDS = (
    Field("model", "model", ("the model to train",), "Base model, or a tuned model to train further.", "--model"),
    Field(
        "training_file",
        "training file",
        ("a path or an uploaded file", "a path or an id"),
        "Examples to learn from, as JSON lines. A path is uploaded; the id of an uploaded file is used as it is.",
        "--training-file",
    ),
    Field(
        "validation_file",
        "validation file",
        ("optional: shows whether it overfits", "optional"),
        "Examples that the model does not learn from. Its loss on them shows whether it overfits. "
        "Reinforcement needs them.",
        "--validation-file",
    ),
    Field(
        "suffix",
        "suffix",
        ("optional: names the job and model", "names job and model", "optional"),
        f"Text in the name of the tuned model, at most {MAX_SUFFIX} characters. It also names the job in the list.",
        "--suffix",
    ),
    Field(
        "method",
        "method",
        ("supervised, dpo, reinforcement", "3 methods"),
        "supervised learns answers, dpo learns from a preferred and a rejected answer, reinforcement from a grader.",
        "--method",
    ),
    Field(
        "grader",
        "grader",
        ("a path of a JSON file, or JSON", "a path or JSON"),
        "Judge of the answers: a path of a JSON file, or the JSON itself.",
        "--grader",
        ("reinforcement",),
    ),
    *(_hyperparameter(name) for name in _HYPERPARAMETERS),
    Field(
        "seed",
        "seed",
        (f"optional: {SEED.allowed_values}", "optional"),
        "The same seed, data and settings give the same run at the embedded service, a similar one elsewhere.",
        "--seed",
    ),
    Field(
        "stop_on",
        "stop on",
        ("optional: overfitting, diverging, …", "optional"),
        f"Kinds of alarms at which the embedded service saves and stops the job: {', '.join(STOPPABLE)}. "
        "Other services are watched by `fttui jobs watch ID --stop-on`.",
        "--stop-on",
    ),
    Field(
        "metadata",
        "metadata",
        ("optional: key=value key=value", "key=value ..."),
        'Pairs that are kept with the job, with spaces or commas between: key=value key="value, with a comma".',
        "--metadata",
    ),
    Field(
        "wandb_project",
        "W&B project",
        ("optional: where the run is reported", "optional"),
        "Project of Weights & Biases to which the provider reports the run.",
        "--wandb-project",
    ),
    Field(
        "more",
        "settings",
        ("optional: name=value name=value", "name=value ..."),
        "Settings without a field of their own, with spaces between: hyperparameters by name, others after method. or "
        "wandb. Quotes hold spaces. Several values, such as lora_r=8,16, create one job for each combination.",
        "--hyperparameter",
    ),
)
BY_NAME = {field.name: field for field in FIELDS}
EMPTY = {field.name: "" for field in FIELDS} | {"method": "supervised", "reasoning_effort": "default"}
EMPTY |= dict.fromkeys(NUMBERS, "auto")
"""Texts of an empty form: the provider's defaults."""


def fields_of(method: str, offer: Offer = Offer()) -> tuple[Field, ...]:  # noqa: B008  (a value)
    """Return the fields shown with a method; with an unknown method, the fields common to all methods.

    Args:
        offer: what the provider takes.
    """
    methods = [method or "supervised"] if method in ("", *METHODS) else offer.methods
    return tuple(
        field
        for field in FIELDS
        if field.name not in offer.lacks
        and all(
            method in field.methods
            and (field.name not in _HYPERPARAMETERS or field.name in offer.hyperparameters.get(method, ()))
            for method in methods
        )
    )


def sent_values(values: Mapping[str, str], offer: Offer) -> dict[str, str]:
    """Return the texts of a form without those of fields that the provider has no counterpart for."""
    return {name: EMPTY[name] if name in offer.lacks else text for name, text in values.items()}


def range_of(name: str, ranges: Mapping[str, Range]) -> Range | None:
    """Return the range of a number field, None for other fields.

    Args:
        ranges: ranges of the hyperparameters at the provider.
    """
    return SEED if name == "seed" else ranges.get(name)


def range_error(name: str, text: str, ranges: Mapping[str, Range]) -> str:
    """Return the values that a field takes, when its text is outside of them; else an empty string."""
    if name == "suffix" and len(text) > MAX_SUFFIX:
        return f"{len(text)} characters; at most {MAX_SUFFIX}"
    range = range_of(name, ranges)
    if range is None:
        return ""
    try:
        values = split_values(text)
    except SweepError as error:
        return str(error)
    if any(range.refuses(value) for value in values):
        return range.allowed_values
    return ""


def values_of_number(name: str, text: str) -> list[Any]:
    """Return the values of a number field whose text is in its range; empty when there is nothing to send."""
    range, texts = range_of(name, _RANGES), split_values(text)
    assert range is not None
    values = [range.value(value) for value in texts]
    if len(values) > 1:
        return [range.word if value is None else value for value in values]
    return [value for value in values if value is not None]


def notes_of(
    name: str, method: str, automatic: Mapping[str, int], methods: tuple[str, ...] = METHODS
) -> tuple[str, ...]:
    """Return the texts beside a field, the longest first.

    Args:
        methods: methods of the provider.
        automatic: what `auto` means at the moment, by field.
    """
    if name == "validation_file" and method == "reinforcement":
        return ("needed for reinforcement", "needed")
    if name == "method" and methods != METHODS:
        return (", ".join(methods),)
    notes = BY_NAME[name].notes
    if name in automatic:
        return (notes[0].replace("auto", f"auto (now {automatic[name]})", 1), *notes)
    return notes


def page_of(name: str, ranges: Mapping[str, Range]) -> list[str]:
    """Return the page of help of a field, as paragraphs."""
    field = BY_NAME[name]
    page = [field.about]
    if range := range_of(name, ranges):
        chooses = "auto: the provider chooses. " if range.word else ""
        page.append(f"{chooses}Allowed: {range.allowed_values}.")
        page.append(_SEVERAL[name == "seed"])
    example = _EXAMPLES.get(name, "3")
    page.append(f"For example: {example}")
    given = f"{name}={example}" if name in OWN_RANGES else example
    return [*page, f"On the command line: fttui jobs create {field.flag} {given}"] if field.flag else page


_SEVERAL = (
    "Several values, such as 1,3, create one job for each combination, after one question.",
    "Several seeds, such as 1,2,3, repeat the job: they show how much its result varies.",
)
_EXAMPLES = {
    "model": "gpt-4.1-nano-2025-04-14",
    "training_file": "train.jsonl",
    "validation_file": "valid.jsonl",
    "suffix": "support-v4",
    "method": "dpo",
    "grader": "grader.json",
    "learning_rate_multiplier": "0.5",
    "learning_rate": "1e-5",
    "beta": "0.1",
    "compute_multiplier": "2",
    "reasoning_effort": "low",
    "seed": "7",
    "stop_on": "overfitting",
    "metadata": "team=support",
    "wandb_project": "support",
    "more": "warmup_ratio=0.1",
}
