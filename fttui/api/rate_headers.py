"""Rate limits that providers announce in the headers of their responses."""

import re
from collections.abc import Mapping

from fttui.models import lenient

RESERVE = 0.1
"""Part of the limit that is left to other requests."""
LONGEST_PAUSE = 3600.0
"""Longest pause in seconds."""
EPOCH = 1e9
"""A reset above this number is a time in Unix seconds, not a duration."""
_PREFIXES = ("x-ratelimit-{}-requests", "x-ratelimit-{}", "ratelimit-{}")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def pause(headers: Mapping[str, str], now: float) -> float:
    """Return the seconds for which requests that are not urgent should wait; 0 while there is room.

    There is room while more than a tenth of the limit remains.

    Args:
        now: Unix seconds, for a reset that is a time.
    """
    for prefix in _PREFIXES:
        remaining = lenient.number(headers.get(prefix.format("remaining")))
        if remaining is None:
            continue
        limit = lenient.number(headers.get(prefix.format("limit"))) or 0.0
        if remaining > max(1.0, limit * RESERVE):
            return 0.0
        return min(LONGEST_PAUSE, max(0.0, _seconds(headers.get(prefix.format("reset"), ""), now)))
    return 0.0


def _seconds(text: str, now: float) -> float:
    """Return the duration that `1.5`, `6m0s`, `17ms` or a time in Unix seconds means; 0 for other texts."""
    number = lenient.number(text)
    if number is not None:
        return number - now if number > EPOCH else number
    return sum(float(value) * _UNITS[unit] for value, unit in _PART.findall(text[:40]))
