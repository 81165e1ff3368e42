"""Sweeps: several values of settings, the jobs that they make, and the words for them. Standard library only."""

import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fttui.learning.comparison import SEED, label
from fttui.models.hyperparameters import MAX_SUFFIX

MOST_JOBS = 50
_SHORT = {"n_epochs": "e", "learning_rate_multiplier": "lr", "batch_size": "bs", "beta": "beta", SEED: "s"}
"""Short names of settings in suffixes."""
_OPEN, _CLOSE = "[{(", "]})"


class SweepError(ValueError):
    """The values make no sweep. The message is for the user."""


class Axis(NamedTuple):
    """A setting with several values."""

    name: str
    """Wire name."""
    values: tuple[Any, ...]
    """JSON values, all different."""


def split_values(text: str) -> list[str]:
    """Return the values in a text such as `1,3,10`. A comma in double quotes or brackets separates nothing.

    Raises:
        SweepError: a value is missing between two commas, or is there twice.
    """
    parts, part, depth, is_quoted, is_escaped = [], "", 0, False, False
    for sign in text:
        if is_quoted:
            is_quoted = sign != '"' or is_escaped
            is_escaped = sign == "\\" and not is_escaped
        elif sign == "," and depth == 0:
            parts.append(part.strip())
            part = ""
            continue
        else:
            is_quoted = sign == '"'
            depth = max(0, depth + (sign in _OPEN) - (sign in _CLOSE))
        part += sign
    parts.append(part.strip())
    if len(parts) > 1 and "" in parts:
        raise SweepError("a value is missing beside a comma")
    return parts


def json_value(text: str) -> Any:
    """Return the JSON value of a text; the text itself when it is not JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, float) and not math.isfinite(value) else value


def axes_of(settings: Mapping[str, Sequence[Any]]) -> tuple[Axis, ...]:
    """Return the settings that have several values.

    Raises:
        SweepError: a value is there twice, or there are too many jobs.
    """
    axes = tuple(Axis(name, tuple(values)) for name, values in settings.items() if len(values) > 1)
    for axis in axes:
        written = [_written(value) for value in axis.values]
        if twice := next((text for text in written if written.count(text) > 1), None):
            raise SweepError(f"{label(axis.name)}: {twice} is there twice; use several seeds to repeat a setting")
    number = count(axes)
    if number > MOST_JOBS:
        raise SweepError(f"{number:,} jobs; a sweep makes at most {MOST_JOBS}")
    return axes


def count(axes: Sequence[Axis]) -> int:
    """Return the number of combinations."""
    return math.prod(len(axis.values) for axis in axes)


def combinations(axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """Return the settings of each job; the last axis changes fastest."""
    names = [axis.name for axis in axes]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*(axis.values for axis in axes))]


def suffix_of(base: str, settings: Mapping[str, Any]) -> str:
    """Return the suffix of a job of a sweep, `support-v4-e1-lr0.5`; empty when the sweep has none.

    Raises:
        SweepError: the suffix is too long.
    """
    if not base:
        return ""
    suffix = "-".join([base, *(_SHORT.get(name, name) + _plain(value) for name, value in settings.items())])
    if len(suffix) > MAX_SUFFIX:
        raise SweepError(f"{suffix} has {len(suffix)} characters; a suffix has at most {MAX_SUFFIX}")
    return suffix


def axes_words(axes: Sequence[Axis]) -> str:
    """Return settings and values: `epochs 1, 3 × learning rate 0.5, 1, 2`."""
    return " × ".join(f"{label(axis.name)} {', '.join(map(_written, axis.values))}" for axis in axes)


def settings_words(settings: Mapping[str, Any]) -> str:
    """Return the settings of one job: `epochs 1, learning rate 0.5`."""
    return ", ".join(f"{label(name)} {_written(value)}" for name, value in settings.items())


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    return value if isinstance(value, str) else json.dumps(value)


def _plain(value: Any) -> str:
    """Return a value with the characters that names of models may have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", _written(value)).strip("-")
