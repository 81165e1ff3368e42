"""First reading of an account: the older pages of the list, once, as fast as the provider's limits allow."""

import asyncio
import gc

from fttui.api.errors import ApiError, BadRequest, Forbidden, NotFound, RateLimited, Unauthorized
from fttui.clock import Clock
from fttui.models.job import Job
from fttui.models.page import Page
from fttui.store.job_table import PAGE, MergeResult
from fttui.store.polling.fetcher import Fetcher
from fttui.store.store import Store

LARGEST_PAGE = 1000
"""Jobs requested in one page, unless the provider refuses that or sends no more than `PAGE`."""
PUBLISH_EVERY = 1.0
"""Seconds between two publications: each redraws the list."""
FIRST_GAP = 0.25
"""Seconds between two pages after the first 429. Each further 429 doubles them."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds until the next page after a failure without Retry-After: after the first failure, and at most."""
MAX_RETRY_AFTER = 3600.0
"""Longest Retry-After to respect, in seconds."""
LONGEST_SLEEP = 5.0
"""Longest sleep at a time, in seconds, so that a resume from suspend is noticed."""
SPARE_EVERY = 5000
"""Number of new rows after which they are spared from garbage collection."""
MOST_REFUSALS = 3
"""Refused cursors after which the reading continues within the rate limit of polling."""
MOST_PAGES = 10_000
"""Pages after which the reading continues within the rate limit of polling: the list may be endless."""


class AccountReading:
    """Reader of a list that was never read to its end.

    It is not bound to the 60 requests a minute of polling. It waits when the provider asks for it, while the connection
    is not good, and while the user holds it. The archive has the cursor, so that it continues there after a restart.
    """

    def __init__(self, store: Store, fetcher: Fetcher, clock: Clock) -> None:
        self._jobs = store.jobs
        self._feed = store.feed
        self._access = store.access
        self._fetcher = fetcher
        self._clock = clock
        self._wake = asyncio.Event()
        self._is_held = False
        self._limit = LARGEST_PAGE
        self._gap = 0.0
        self._next_at = float("-inf")
        self._failures = 0
        self._refusals = 0
        self._pages = 0
        self._unpublished = MergeResult()
        self._published_at = float("-inf")
        self._spared = 0
        fetcher.older.next_limit = self._next_limit

    @property
    def is_active(self) -> bool:
        """The older pages of the list are read here, not by the queue of polls."""
        return self._jobs.is_unread and self._refusals < MOST_REFUSALS and self._pages < MOST_PAGES

    def hold(self) -> None:
        """Stop before the next page, until `release`."""
        self._is_held = True

    def release(self) -> None:
        """Continue."""
        self._is_held = False
        self.wake()

    def wake(self) -> None:
        """Look again for something to read."""
        self._wake.set()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            if not self._is_ready:
                self._fetcher.older.stop()
                self._publish()
                await self._wake.wait()
                self._wake.clear()
            elif (pause := self._pause()) > 0:
                self._fetcher.older.stop()
                if pause >= PUBLISH_EVERY:
                    self._publish()
                await self._clock.sleep(min(pause, LONGEST_SLEEP))
            else:
                await self._read_page()
                if self._clock.monotonic() - self._published_at >= PUBLISH_EVERY:
                    self._publish()

    @property
    def _is_ready(self) -> bool:
        return not self._is_held and self.is_active and self._feed.snapshot.health.is_good

    def _pause(self) -> float:
        return max(self._next_at - self._clock.monotonic(), self._access.poll_client.rate_pause)

    def _wait(self, seconds: float) -> None:
        self._next_at = self._clock.monotonic() + seconds

    def _next_limit(self, page: Page[Job]) -> int | None:
        """Return the most jobs of the page after one that has arrived. None if it may not be requested yet."""
        if 0 < len(page.objects) <= PAGE:
            self._limit = PAGE
        return self._limit if self._is_ready and self._pause() <= 0 else None

    async def _read_page(self) -> None:
        self._wait(self._gap)
        try:
            merged = await self._fetcher.fetch_older_page(self._limit)
        except RateLimited as error:
            self._gap = max(FIRST_GAP, 2 * self._gap)
            self._failures += 1
            self._wait(self._usual_pause if error.retry_after is None else min(MAX_RETRY_AFTER, error.retry_after))
        except ApiError as error:
            if self._limit > PAGE and not isinstance(error, Unauthorized | Forbidden):
                self._limit = PAGE  # a large page may be refused, take too long or be too large
                return
            self._failures += 1
            self._refusals += isinstance(error, BadRequest | NotFound)
            self._wait(self._usual_pause)
        else:
            self._failures = 0
            self._pages += 1
            self._unpublished.added |= merged.added
            self._unpublished.updated |= merged.updated - self._unpublished.added

    @property
    def _usual_pause(self) -> float:
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._failures - 1, 16))

    def _publish(self) -> None:
        ended = self._feed.snapshot.reading and not self._jobs.is_unread
        if ended or self._unpublished.added or self._unpublished.updated:
            merged, self._unpublished = self._unpublished, MergeResult()
            self._published_at = self._clock.monotonic()
            self._feed.publish(merged)
            self._spare_rows_from_collection()

    def _spare_rows_from_collection(self) -> None:
        """Keep the garbage collector from visiting all rows again and again: that takes 50 ms for 100,000 rows."""
        if len(self._jobs.rows) - self._spared >= SPARE_EVERY:
            self._spared = len(self._jobs.rows)
            gc.freeze()
