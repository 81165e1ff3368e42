"""The clock, which tests replace with a fake, and functions that format ages and durations."""

import time

from fttui.lean_typing import Protocol


class Clock(Protocol):
    """Source of time for everything that waits or stores times."""

    def now(self) -> float:
        """Return Unix seconds, for stored and shown times."""

    def monotonic(self) -> float:
        """Return seconds that never jump, for intervals and deadlines."""

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""


class SystemClock:
    """Clock of the operating system."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio  # late: the first frame uses `age` and must not load asyncio

        await asyncio.sleep(seconds)


_UNITS = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def age(seconds: float) -> str:
    """Format an age or duration in one unit and at most four characters: `42s`, `14m`, `3h`.

    A negative age, from a server whose clock is ahead, is `0s`.
    """
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return "0s"


def duration(seconds: float) -> str:
    """Format a duration in its two largest units: `42s`, `3m 05s`, `2h 10m`, `4d 3h`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"


def freshness(seconds: float) -> str:
    """Format the age of data in coarse steps: `now`, `10s`, `20s` … `50s`, then minutes."""
    if seconds < 10:
        return "now"
    if seconds < 60:
        return f"{int(seconds // 10) * 10}s"
    return age(seconds)
