"""Retries of failed requests."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from fttui.api import error_mapping
from fttui.api.errors import ApiError
from fttui.clock import Clock

T = TypeVar("T")


class Retry(NamedTuple):
    """A failed try that will be repeated."""

    error: ApiError
    tries: int
    """Number of tries so far."""
    delay: float
    """Seconds until the next try."""


class Retries:
    """Retry policy of a client."""

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
            tries: greatest number of tries, including the first.
            patience: greatest sum of all waits in seconds, for requests without a deadline.
            chance: returns random numbers from 0 to 1 for the jitter.
            on_retry: called for every failed try that will be repeated.
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
            lost: makes the error for a try that timed out.
            may: returns whether the request may be repeated after a failure.
            tries: greatest number of tries; the default of the client if None.
            budget: seconds for all tries and waits together; None for no deadline.

        Raises:
            ApiError: the error of the last try.
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
            # The sum of waits is limited even if the exchange has no deadline.
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
        """Return the seconds to wait: as the server asked, else doubling from 0.5 s to 8 s, less a jitter."""
        if failure.retry_after is not None:
            return failure.retry_after
        return float(min(0.5 * 2 ** (done - 1), 8.0)) * (1 - 0.25 * self.chance())
