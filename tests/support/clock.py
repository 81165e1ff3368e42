"""The fake clock of the whole suite."""

import asyncio
import heapq
import itertools

START = 1_800_000_000.0
"""Unix time at which every fake clock starts."""


class FakeClock:
    """Clock whose time passes only on request.

    A sleeper waits until a test calls `run`. With `instant`, `sleep` returns at once and moves the clock instead.
    """

    def __init__(self, *, instant: bool = False) -> None:
        self.elapsed = 0.0
        """Seconds since the start, without suspended time."""
        self.suspended = 0.0
        """Seconds that only the wall clock counted, because the machine was suspended."""
        self.slept: list[float] = []
        """Arguments of all calls of `sleep`."""
        self._instant = instant
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    def now(self) -> float:
        return START + self.elapsed + self.suspended

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self._instant:
            self.elapsed += seconds
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.elapsed + max(0.0, seconds), next(self._count), future))
        await future

    def advance(self, seconds: float) -> None:
        """Move the time without waking a sleeper."""
        self.elapsed += seconds

    def suspend(self, seconds: float) -> None:
        """Suspend the machine: only the wall clock moves."""
        self.suspended += seconds

    async def settle(self) -> None:
        """Run all tasks until each of them waits for time or for something that never comes."""
        await asyncio.sleep(0)
        while asyncio.get_running_loop()._ready:  # type: ignore[attr-defined]
            await asyncio.sleep(0)

    async def run(self, seconds: float) -> None:
        """Move the time and wake each sleeper when its time comes."""
        end = self.elapsed + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            when, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self.elapsed = max(self.elapsed, when)
            future.set_result(None)
            await self.settle()
        self.elapsed = end
