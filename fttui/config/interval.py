"""How often a service may be asked. Standard library only."""

import math

INTERVAL_FLOOR = 2.0
"""Seconds between two polls, at least; what is set lower counts as this."""


def floored(seconds: float) -> float:
    """An interval that somebody set, no lower than the floor.

    Raises:
        ValueError: it is no positive, finite number.
    """
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError("must be a number of seconds above 0")
    return max(INTERVAL_FLOOR, seconds)
