"""Values of metrics in any spelling: numbers, steps, times, and points put together from them."""

import json
import re
from collections.abc import Iterable, Mapping

from fttui.lean_typing import Any
from fttui.runs.formats.base import FoundPoint

STEP_NAMES = (
    "train/global_step",  # W&B callback of transformers
    "trainer/global_step",  # Lightning
    "global_step",
    "step",
    "current_steps",  # LLaMA-Factory
    "steps",
    "iteration",
    "iterations",
    "iter",
    "update",
    "_step",
    "epoch",
)
"""Names of the value that counts steps, best first. `epoch` counts where nothing else does (Keras, Ultralytics)."""
_GLOBAL_STEPS = STEP_NAMES[:3]
_TIME_NAMES = ("_timestamp", "timestamp", "wall_time", "wall time", "created_at", "datetime", "date", "time")
_OLDEST = 631_152_000.0
"""1990. Smaller values under a name of a time are durations."""
_LATEST = 253_402_300_799.0
_MOST_STEPS = 1 << 53
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|nan|inf(inity)?)", re.IGNORECASE)
_MODEL_NAMES = ("_name_or_path", "model_name_or_path", "model_name", "model_id", "base_model", "model")
LONGEST_NAME = 200
"""Characters of the name of a metric; longer names are left out."""
MOST_VALUES = 1000
"""Values of one step that are read."""


def number(value: object) -> float | None:
    """Return a number, NaN and infinities included, also from its text. None for booleans and anything else."""
    if isinstance(value, float):
        return value
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            return None
    if isinstance(value, str):
        text = value.strip()
        return float(text) if len(text) <= 64 and _NUMBER.fullmatch(text) else None
    return None


def step(value: object) -> int | None:
    """Return a step: a whole number that is not negative."""
    found = number(value)
    if found is None or not 0 <= found < _MOST_STEPS or found != int(found):
        return None
    return int(found)


def moment(value: object) -> float | None:
    """Return Unix seconds from seconds, milliseconds or ISO 8601. None for durations and anything else."""
    seconds = number(value)
    if seconds is None:
        if not isinstance(value, str) or not 8 <= len(value) <= 40:
            return None
        from datetime import datetime  # late: the first look at a directory waits for the import

        try:
            # A time without a zone is one of this machine: scripts write `datetime.now()`.
            seconds = datetime.fromisoformat(value.strip()).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    if seconds > 1e11:
        seconds /= 1000
    return seconds if _OLDEST < seconds <= _LATEST else None


def global_step(record: Mapping[str, object]) -> int | None:
    """Return the step of the training that a record of values has, or None.

    W&B and trackio count calls of `log`; transformers and Lightning log the step of the training as a value.
    """
    return next((at for name in _GLOBAL_STEPS if (at := step(record.get(name))) is not None), None)


def step_name(names: Iterable[str]) -> str | None:
    """Return the name that counts the steps, or None. Capital and small letters are the same."""
    known = {name.lower(): name for name in names}
    return next((known[name] for name in STEP_NAMES if name in known), None)


def time_name(names: Iterable[str]) -> str | None:
    """Return the name under which a record says when it was written, or None."""
    known = {name.lower(): name for name in names}
    return next((known[name] for name in _TIME_NAMES if name in known), None)


def model_of(hyperparameters: Mapping[str, object]) -> str:
    """Return the name of the base model, or an empty string."""
    found = (hyperparameters.get(name) for name in _MODEL_NAMES)
    return next((value for value in found if isinstance(value, str) and value), "")


def json_object(text: object) -> dict[str, Any] | None:
    """Return the object in a JSON text; None if there is none."""
    found = json_value(text)
    return found if isinstance(found, dict) else None


def json_value(text: object) -> Any:
    """Return the value of a JSON text; None for anything else."""
    try:
        return json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        return None


def flat(record: Mapping[str, object], separator: str = "/") -> dict[str, object]:
    """Return the members of a record and of the records in it, two levels deep."""
    found: dict[str, object] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            for inner, each in value.items():
                found[f"{name}{separator}{inner}"] = each
        else:
            found[name] = value
    return found


class Points:
    """Points put together from single values, in the order in which their steps appeared."""

    def __init__(self) -> None:
        self._points: dict[int, FoundPoint] = {}

    def add(self, at: int, name: str, value: float, time: float | None) -> None:
        """Add a value. A value that a step has already is replaced: a resumed run writes steps twice."""
        if not name or len(name) > LONGEST_NAME:
            return
        point = self._points.get(at)
        if point is None:
            self._points[at] = FoundPoint(at, time, {name: value})
        elif len(point.values) < MOST_VALUES:
            point.values[name] = value
            if time is not None and point.time != time:
                self._points[at] = point._replace(time=time)

    def purge(self, first: int) -> None:
        """Remove the points from a step on."""
        self._points = {at: point for at, point in self._points.items() if at < first}

    def list(self) -> list[FoundPoint]:
        """Return the points."""
        return list(self._points.values())
