"""The points of a run's metrics, from its events, its result file or its checkpoints."""

import base64
import binascii
import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fttui.models import lenient
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event

# The result file says `train_accuracy` where events say `train_mean_token_accuracy`.
_SAME = {"train_accuracy": "train_mean_token_accuracy", "valid_accuracy": "valid_mean_token_accuracy"}


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured at one step."""

    step: int
    values: Mapping[str, float]


def points_of(events: Iterable[Event]) -> list[Point]:
    """The metrics in `events`, by step, each step once; a later event adds to and wins over an earlier one."""
    by_step: dict[int, dict[str, float]] = {}
    for event in events:
        if event.step is not None and (values := event.metrics):
            by_step.setdefault(event.step, {}).update(values)
    return [Point(step, values) for step, values in sorted(by_step.items())]


def points_of_checkpoints(checkpoints: Iterable[Checkpoint]) -> list[Point]:
    """What was measured where the model was saved, by step."""
    by_step: dict[int, dict[str, float]] = {}
    for checkpoint in checkpoints:
        if checkpoint.step_number is not None and checkpoint.metrics:
            by_step.setdefault(checkpoint.step_number, {}).update(checkpoint.metrics)
    return [Point(step, values) for step, values in sorted(by_step.items())]


def points_of_result_file(content: bytes) -> list[Point]:
    """The rows of a result file: CSV, or since about 2024 base64 text of CSV (api.md §12).

    Raises:
        ValueError: it is neither.
    """
    by_step: dict[int, dict[str, float]] = {}
    try:
        rows = list(csv.DictReader(csv_text(content).splitlines()))
    except csv.Error as error:
        raise ValueError(f"the result file is damaged: {error}") from None
    for row in rows:
        step = lenient.whole(row.get("step"))
        if step is None:
            continue
        for name, cell in row.items():
            value = lenient.number(cell)
            if name and name != "step" and value is not None:
                key = lenient.line(name)
                by_step.setdefault(step, {})[_SAME.get(key, key)] = value
    return [Point(step, values) for step, values in sorted(by_step.items())]


def csv_text(content: bytes) -> str:
    """A result file as CSV text, decoded from base64 where it is that.

    Raises:
        ValueError: it is neither.
    """
    for candidate in (content, _debased(content)):
        if candidate is not None:
            text = candidate.decode("utf-8-sig", "replace").lstrip()
            if text.startswith("step,"):
                return text
    raise ValueError("the result file is neither CSV with a step column nor base64 of it")


def _debased(content: bytes) -> bytes | None:
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
