"""Time as the program sees it, so that tests can bring their own; and ages in words."""

import time
from typing import Protocol


class Clock(Protocol):
    """What every room that needs time is given."""

    def now(self) -> float:
        """Unix seconds: for what is stored and shown."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump: for intervals and deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio  # late: the first frame needs `age` and must not pay for asyncio

        await asyncio.sleep(seconds)


_UNITS = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def age(seconds: float) -> str:
    """An age or duration in one unit, at most four characters for the next century: `42s`, `14m`, `3h`.

    Negative ages (a server whose clock is ahead) read `0s`.
    """
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return "0s"


def duration(seconds: float) -> str:
    """A duration in its two largest units: `42s`, `3m 05s`, `2h 10m`, `4d 3h`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"


def freshness(seconds: float) -> str:
    """The age of data in steps that do not tick: `now`, `10s`, `20s` … `50s`, then minutes and on."""
    if seconds < 10:
        return "now"
    if seconds < 60:
        return f"{int(seconds // 10) * 10}s"
    return age(seconds)
