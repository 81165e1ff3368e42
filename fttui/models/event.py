"""Events of a job: messages and metrics."""

import math
from typing import Any

from fttui.models import lenient
from fttui.models.wire import Wire, made_up_id

LEVELS = ("info", "warn", "error")
_LEVEL_WORDS = {
    "warning": "warn",
    "fatal": "error",
    "legacy_info": "info",
    "legacy_warning": "warn",
    "legacy_error": "error",
}


class Event(Wire):
    """An event. Known words for its level are mapped to `info`, `warn` and `error`."""

    created_at: lenient.Moment = None
    level: lenient.Line = "info"
    type: lenient.Line = ""
    message: lenient.Paragraph = ""
    data: dict[str, Any] = {}

    @classmethod
    def members(cls, raw: dict[str, Any]) -> dict[str, Any]:
        members = super().members(raw)
        if not lenient.line(raw.get("id")):
            members["id"] = made_up_id(raw)
        level = lenient.line(raw.get("level")).lower() or "info"
        members["level"] = _LEVEL_WORDS.get(level, level)
        members["data"] = lenient.mapping(raw.get("data"))
        return members

    @property
    def metrics(self) -> dict[str, float]:
        """Numbers at the top level of `data` by cleaned name, without the step. NaN for one that is not finite."""
        return metrics_of(self.data, keep_not_finite=True)

    @property
    def step(self) -> int | None:
        """Training step of the event."""
        return lenient.whole(self.data.get("step"))

    @property
    def total_steps(self) -> int | None:
        """Number of steps of the run."""
        return lenient.whole(self.data.get("total_steps"))


_NOT_FINITE = frozenset({"nan", "inf", "infinity", "-inf", "-infinity"})
"""Texts for numbers that JSON does not have."""


def metrics_of(data: dict[str, Any], *, keep_not_finite: bool = False) -> dict[str, float]:
    """Return the numbers in `data` by cleaned name, without `step` and `total_steps`.

    Args:
        keep_not_finite: return NaN for a number that is not finite, also for the text `NaN` or `Infinity`.
    """
    found: dict[str, float] = {}
    for name, value in data.items():
        if name in ("step", "total_steps"):
            continue
        if keep_not_finite and _is_not_finite(value):
            found[lenient.line(name)] = math.nan
        elif not isinstance(value, str) and (reading := lenient.number(value)) is not None:
            found[lenient.line(name)] = reading
    return found


def _is_not_finite(value: object) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, str) and len(value) < 10 and value.strip().lower() in _NOT_FINITE
