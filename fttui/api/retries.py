"""Sending again: which failures are worth it, after how long, and how often (api.md §4)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from fttui.api import error_mapping
from fttui.api.errors import ApiError
from fttui.clock import Clock

T = TypeVar("T")


class Retry(NamedTuple):
    """A try that failed and will be followed by another."""

    error: ApiError
    tries: int
    """How many there have been."""
    delay: float
    """Seconds until the next."""


class Retries:
    """The patience of one client."""

    def __init__(
        self,
        clock: Clock,
        *,
        tries: int,
        patience: float,
        chance: Callable[[], float],
        on_retry: Callable[[Retry], None] | None,
    ) -> None:
        """
        Args:
            tries: how many at most, the first included.
            patience: seconds that are waited in all, between the tries of what has no deadline.
            chance: numbers from 0 to 1 for the jitter.
            on_retry: told about every try that will be followed by another.
        """
        self.chance = chance
        self._clock = clock
        self._tries = tries
        self._patience = patience
        self._on_retry = on_retry

    async def run(
        self,
        attempt: Callable[[], Awaitable[T]],
        *,
        lost: Callable[[Exception], ApiError],
        may: Callable[[ApiError], bool] = lambda _: True,
        tries: int | None = None,
        budget: float | None = None,
    ) -> T:
        """Run `attempt` until it succeeds, fails for good, or the time is up.

        Args:
            lost: the error for a try that took too long.
            may: whether it may be sent again at all after such a failure.
            tries: fewer than usual.
            budget: seconds for all of it, tries and waits; None for no deadline.

        Raises:
            ApiError: the last failure.
        """
        started, waited = self._clock.monotonic(), 0.0
        most = self._tries if tries is None else tries
        for done in range(1, most + 1):
            try:
                async with asyncio.timeout(None if budget is None else max(self._left(budget, started), 0.001)):
                    return await attempt()
            except TimeoutError as error:
                failure = lost(error)
            except ApiError as error:
                failure = error
            delay = self._delay(failure, done)
            # Waiting has an end even where the exchange itself has none.
            left = self._patience - waited if budget is None else self._left(budget, started)
            if done == most or not may(failure) or not error_mapping.is_retryable(failure) or delay >= left:
                raise failure
            if self._on_retry is not None:
                self._on_retry(Retry(failure, done, delay))
            await self._clock.sleep(delay)
            waited += delay
        raise AssertionError("unreachable")

    def _left(self, budget: float, started: float) -> float:
        return budget - (self._clock.monotonic() - started)

    def _delay(self, failure: ApiError, done: int) -> float:
        """Seconds before the next try: what the server asks for, else doubling from half a second, less a jitter."""
        if failure.retry_after is not None:
            return failure.retry_after
        return float(min(0.5 * 2 ** (done - 1), 8.0)) * (1 - 0.25 * self.chance())
