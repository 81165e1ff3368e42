"""Polling: the interval, the back-off after failures, and the concurrent lanes of requests."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from fttui.api.client import Client
from fttui.api.errors import ApiError, RateLimited, Unreachable
from fttui.clock import Clock
from fttui.store.health import State
from fttui.store.polling.account_reading import AccountReading
from fttui.store.polling.fetch_queue import FetchQueue, Task
from fttui.store.polling.fetcher import Fetcher
from fttui.store.polling.rate_limit import RateLimit
from fttui.store.snapshot import Change, Snapshot
from fttui.store.store import Store

FLOOR = 2.0
"""Shortest interval in seconds, whatever the settings say."""
LIVE, LIVE_LOCAL = 4.0, 3.0
"""Seconds between two polls of the list while a job is live: of a provider, and of the local service."""
IDLE, IDLE_LOCAL = 30.0, 5.0
"""Seconds between two polls while all jobs are finished."""
BLURRED = 4
"""Factor of the interval while the terminal has lost the focus."""
BACKOFF = 64.0
"""Longest pause after failures, in seconds."""
MAX_RETRY_AFTER = 3600.0
"""Longest Retry-After to respect, in seconds. Some servers send a day when a quota is used up."""
SLEEP = 5.0
"""Longest sleep at a time, in seconds, so that a resume from suspend is noticed."""
SHORTEST_SLEEP = 0.001
"""Shortest sleep in seconds. Rounding must not turn a wait into a busy loop."""
JUMP = 2.0
"""Seconds by which the wall clock must run ahead of the monotonic clock after a suspend."""

_VERBS = {"list": "jobs", "lost": "jobs", "older": "events"}
"""Verbs of the provider by kind of task, where the names differ."""


def next_delay(
    *,
    live: bool,
    local: bool = False,
    blurred: bool = False,
    failures: int = 0,
    retry_after: float | None = None,
    interval: float | None = None,
    chance: float = 0.0,
) -> float:
    """Return the seconds from one poll of the list to the next.

    Args:
        failures: consecutive failed polls.
        retry_after: Retry-After of the server. It counts, up to an hour.
        interval: interval from the settings, in place of the default while jobs are live.
        chance: 0 to 1, the part of a quarter by which a back-off is shortened, so that clients do not synchronise.
    """
    if failures and retry_after is not None:
        return max(FLOOR, min(MAX_RETRY_AFTER, retry_after))
    if failures:
        return max(FLOOR, min(BACKOFF, 2.0 ** min(failures, 16)) * (1 - chance / 4))
    usual = interval or (LIVE_LOCAL if local else LIVE)
    delay = max(FLOOR, usual if live else max(IDLE_LOCAL if local else IDLE, usual))
    return delay * BLURRED if blurred else delay


class Poller:
    """Updater of a store. Lanes run concurrently, so that a slow list does not delay the selected job.

    One polls the list, one fetches single jobs, and one reads a new account (`AccountReading`).
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        local: bool = False,
        interval: float | None = None,
        connect: Callable[[], Awaitable[Client]] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """
        Args:
            local: the provider is the local service.
            interval: see `next_delay`.
            connect: makes a client for a store that has none, or whose key was refused. Its exceptions count as failed
                polls.
            chance: random numbers from 0 to 1.
        """
        self._store = store
        self._clock = clock
        self._local = local
        self._interval = interval
        self._connect = connect
        self._chance = chance
        self._jitter = chance()
        self._rate_limit = RateLimit(clock, list_every=next_delay(live=True, local=local, interval=interval))
        self.fetcher = Fetcher(store)
        self._reading = AccountReading(store, self.fetcher, clock)
        self._queue = FetchQueue(store, self.fetcher, self._reading, clock)
        self._blurred = False
        self._held = False
        self._poll_now = False
        self._unreachable = False
        self._polled_at = float("-inf")
        self._list_wake = asyncio.Event()
        self._jobs_wake = asyncio.Event()
        store.selection.on_change = self._jobs_wake.set
        store.subscribe(self._wake_on_change)

    # Control

    @property
    def blurred(self) -> bool:
        """The terminal has lost the focus."""
        return self._blurred

    @blurred.setter
    def blurred(self, blurred: bool) -> None:
        self._blurred = blurred
        self._list_wake.set()
        self._jobs_wake.set()

    @property
    def held(self) -> bool:
        """The automatic refresh is stopped."""
        return self._held

    def hold(self) -> None:
        """Stop the automatic refresh until `release`. `poke` and a newly selected job still send requests."""
        self._held = True
        self._reading.hold()

    def release(self) -> None:
        """Resume the automatic refresh."""
        self._held = False
        self._reading.release()
        self._list_wake.set()
        self._jobs_wake.set()

    def poke(self) -> None:
        """Poll now, even after the key was refused."""
        self._poll_now = True
        self._queue.force()
        self._list_wake.set()

    def pace(self, interval: float) -> None:
        """Set the seconds between two polls while a job is live."""
        self._interval = interval
        self._reserve_polls()
        self._list_wake.set()

    async def run(self) -> None:
        """Poll until cancelled. An unexpected exception counts as a failed poll and does not end polling."""
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._repeat(self._poll_list))
            lanes.create_task(self._repeat(self._fetch_jobs))
            lanes.create_task(self._guarded(self._check_archive))
            lanes.create_task(self._repeat(self._reading.run))

    async def _check_archive(self) -> None:
        await self.fetcher.complete_old()
        await self.fetcher.replace_damaged()

    async def _repeat(self, lane: Callable[[], Awaitable[None]]) -> None:
        while True:
            if not await self._guarded(lane):
                await self._clock.sleep(FLOOR)

    async def _guarded(self, lane: Callable[[], Awaitable[None]]) -> bool:
        """Run a lane to its end. Return False after an unexpected exception, which the health then shows."""
        try:
            await lane()
        except Exception as error:
            self._store.feed.failed(error)
            return False
        return True

    def _wake_on_change(self, _snapshot: Snapshot, change: Change) -> None:
        # A new job, for example, shortens the interval.
        if change.rows:
            self._list_wake.set()
            self._jobs_wake.set()

    # Lane of the list

    async def _poll_list(self) -> None:
        while True:
            await self._until_due()
            while (wait := self._rate_limit.poll_wait(self._requests("jobs"))) > 0:
                await self._clock.sleep(wait)
            try:
                await self._poll()
            except Exception as error:
                self._store.feed.failed(error)
            self._unreachable = False
            self._schedule_next_poll()
            self._jobs_wake.set()
            self._reading.wake()

    async def _poll(self) -> None:
        denied = self._store.snapshot.health.state is State.DENIED
        if self._connect is not None and (self._store.access.client is None or denied):
            before = self._store.access.attach(await self._connect())
            self._reserve_polls()
            if before is not None:
                await before.close()
        if self._store.access.client is not None:
            self._rate_limit.count(self._requests("jobs"), poll=True)
            await self.fetcher.refresh()

    def _schedule_next_poll(self) -> None:
        """Count the next poll from now, and publish its time if the health is bad."""
        self._polled_at, self._jitter = self._clock.monotonic(), self._chance()
        self._queue.every = next_delay(live=True, local=self._local, blurred=self._blurred, interval=self._interval)
        pause = self._pause()
        self._store.feed.set_next_try(None if pause is None else self._clock.now() + pause)

    async def _until_due(self) -> None:
        while not self._poll_now:
            pause = self._pause()
            left = None if pause is None else self._polled_at + pause - self._clock.monotonic()
            if left is not None and left <= 0:
                break
            await self._wait(self._list_wake, left)
        self._poll_now = False

    def _pause(self) -> float | None:
        """Return the seconds between the last poll and the next. None: poll only when the user refreshes."""
        health = self._store.snapshot.health
        no_provider = self._store.access.client is None and self._connect is None
        if no_provider or self._held or health.state is State.DENIED:
            return None
        live = bool(self._store.jobs.live)
        return next_delay(
            live=live,
            local=self._local,
            blurred=self._blurred,
            failures=health.failures,
            retry_after=getattr(self._store.feed.error, "retry_after", None),
            interval=self._interval,
            chance=self._jitter,
        )

    def _reserve_polls(self) -> None:
        every = next_delay(live=True, local=self._local, interval=self._interval)
        self._rate_limit.reserve_polls(every, self._requests("jobs"))

    def _requests(self, verb: str) -> int:
        client = self._store.access.client
        return 1 if client is None else client.provider.costs.get(verb, 1)

    # Lane of single jobs

    async def _fetch_jobs(self) -> None:
        while True:
            if not self._store.snapshot.health.is_good or self._unreachable:
                await self._wait(self._jobs_wake, None)
                continue
            if (pause := self._rate_limit.job_wait()) > 0:
                # The request is chosen after the wait, when more may be known.
                await self._wait(self._jobs_wake, pause)
                continue
            task = self._queue.next(only_selected=self._held)
            if task is None:
                await self._wait(self._jobs_wake, self._queue.wait(only_selected=self._held))
                continue
            self._rate_limit.count(self._requests(_VERBS.get(task.kind, task.kind)))
            self._queue.sent(task)
            try:
                await self._fetch(task)
                self._queue.done(task)
            except Exception as error:
                self._queue.failed(task, error)
                self._handle_error(error)

    async def _fetch(self, task: Task) -> None:
        match task.kind:
            case "events":
                await self.fetcher.fetch_events(task.id)
            case "older":
                await self.fetcher.fetch_older_events(task.id)
            case "checkpoints":
                await self.fetcher.fetch_checkpoints(task.id)
            case "samples":
                await self.fetcher.fetch_samples(task.id)
            case "results":
                await self.fetcher.fetch_result(task.id)
            case "file":
                await self.fetcher.fetch_file(task.id)
            case "job":
                await self.fetcher.fetch_job(task.id)
            case "list":
                await self.fetcher.walk_list()
            case "lost":
                await self.fetcher.fetch_lost_create(task.id)

    def _handle_error(self, error: Exception) -> None:
        if isinstance(error, RateLimited) or not isinstance(error, ApiError):
            # A rate limit counts for all requests. An unexpected exception is shown to the user.
            self._store.feed.failed(error)
            self._schedule_next_poll()
            self._list_wake.set()
        elif isinstance(error, Unreachable):
            # Poll the list at once. Send nothing else before it responds.
            self._unreachable = True
            self._polled_at = min(self._polled_at, self._clock.monotonic() - IDLE * BLURRED)
            self._list_wake.set()

    # Waiting

    async def _wait(self, wake: asyncio.Event, seconds: float | None) -> None:
        """Wait for an event, for some seconds, or until the machine resumes from suspend."""
        if seconds is None:
            await wake.wait()
        else:
            end = self._clock.monotonic() + max(SHORTEST_SLEEP, seconds)
            while not wake.is_set() and (left := end - self._clock.monotonic()) > 0:
                if await self._was_suspended(wake, min(left, SLEEP)):
                    self._poll_now = True
                    self._list_wake.set()
                    break
        wake.clear()

    async def _was_suspended(self, wake: asyncio.Event, seconds: float) -> bool:
        """Sleep until an event or for some seconds. Return True if the machine was suspended."""
        wall, monotonic = self._clock.now(), self._clock.monotonic()
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        waiting = asyncio.ensure_future(wake.wait())
        try:
            await asyncio.wait((sleeping, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waiting.cancel()
        return (self._clock.now() - wall) - (self._clock.monotonic() - monotonic) > JUMP
