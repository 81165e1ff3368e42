"""When to ask: fast while something runs, slow when nothing does, patient when it fails, and never too much."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from fttui.api.client import Client
from fttui.api.errors import ApiError, Limited, Unreachable
from fttui.clock import Clock
from fttui.store.health import State
from fttui.store.polling.fetch_queue import Agenda, Task
from fttui.store.polling.rate_limit import Budget
from fttui.store.snapshot import Change, Snapshot
from fttui.store.store import Store

FLOOR = 2.0
"""Seconds; nobody polls faster, whatever the settings say."""
LIVE, LIVE_LOCAL = 4.0, 3.0
"""Seconds between two polls of the list while a job is live: at a provider, and of the service of this machine."""
IDLE, IDLE_LOCAL = 30.0, 5.0
"""The same while all jobs are finished."""
BLURRED = 4
"""How many times slower it is while nobody looks at the terminal."""
BACKOFF = 64.0
"""Seconds; the longest pause after failures."""
MOST_PATIENT = 3600.0
"""Seconds of patience that a server may ask for: some say a day, and mean that a quota is used up."""
SLICE = 5.0
"""Seconds that are slept at a time, so that waking from a suspend is noticed."""
SHORTEST = 0.001
JUMP = 2.0
"""Seconds by which the wall clock must run ahead for the machine to have slept."""


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
    """Seconds from one poll of the list to the next.

    Args:
        failures: polls that failed in a row.
        retry_after: what the server asked for; it wins, up to an hour.
        interval: the person's own instead of the usual one while jobs are live.
        chance: 0 to 1: how much of a quarter is taken off a backoff, so that clients do not march in step.
    """
    if failures and retry_after is not None:
        return max(FLOOR, min(MOST_PATIENT, retry_after))
    if failures:
        return max(FLOOR, min(BACKOFF, 2.0 ** min(failures, 16)) * (1 - chance / 4))
    usual = interval or (LIVE_LOCAL if local else LIVE)
    delay = max(FLOOR, usual if live else max(IDLE_LOCAL if local else IDLE, usual))
    return delay * BLURRED if blurred else delay


class Poller:
    """Keeps a store true until it is cancelled. Two lanes, so that a slow list does not hold up the selected job."""

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
            local: the provider is the service of this machine.
            interval: see `next_delay`.
            connect: makes a client where the store has none, or has one whose key was refused. Any exception of
                its own is a failed poll.
            chance: numbers from 0 to 1 for the jitter.
        """
        self._store = store
        self._clock = clock
        self._local = local
        self._interval = interval
        self._connect = connect
        self._chance = chance
        self._jitter = chance()
        self._budget = Budget(clock, list_every=next_delay(live=True, local=local, interval=interval))
        self._agenda = Agenda(store, clock)
        self._blurred = False
        self._held = False
        self._poked = False
        self._in_doubt = False
        self._polled_at = float("-inf")
        self._list_kick = asyncio.Event()
        self._work_kick = asyncio.Event()
        store.on_look = self._work_kick.set
        store.subscribe(self._reconsider)

    # What others may do to it

    @property
    def blurred(self) -> bool:
        """Nobody looks at the terminal."""
        return self._blurred

    @blurred.setter
    def blurred(self, blurred: bool) -> None:
        self._blurred = blurred
        self._list_kick.set()
        self._work_kick.set()

    @property
    def held(self) -> bool:
        """The person has stopped the automatic refresh."""
        return self._held

    def hold(self) -> None:
        """Ask nothing by itself until `release`; what the person pokes at or moves to is still asked for."""
        self._held = True

    def release(self) -> None:
        self._held = False
        self._list_kick.set()
        self._work_kick.set()

    def poke(self) -> None:
        """Ask now, also after the key was refused."""
        self._poked = True
        self._agenda.again()
        self._list_kick.set()

    def pace(self, interval: float) -> None:
        """Other pauses between two polls of the list while jobs are live, in seconds."""
        self._interval = interval
        self._budget.keep_for(next_delay(live=True, local=self._local, interval=interval))
        self._list_kick.set()

    async def run(self) -> None:
        """Poll until cancelled. A fault of our own counts as a failed poll and does not end it."""
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._for_ever(self._follow_list))
            lanes.create_task(self._for_ever(self._follow_jobs))

    async def _for_ever(self, lane: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await lane()
            except Exception as error:
                self._store.failed(error)
                await self._clock.sleep(FLOOR)

    def _reconsider(self, _snapshot: Snapshot, change: Change) -> None:
        """What somebody did, such as creating a job, may make the next poll due sooner."""
        if change.rows:
            self._list_kick.set()
            self._work_kick.set()

    # The lane of the list

    async def _follow_list(self) -> None:
        while True:
            await self._until_due()
            while (wait := self._budget.first()) > 0:
                await self._clock.sleep(wait)
            try:
                await self._poll()
            except Exception as error:
                self._store.failed(error)
            self._in_doubt = False
            self._rest_from_now()
            self._work_kick.set()

    async def _poll(self) -> None:
        denied = self._store.snapshot.health.state is State.DENIED
        if self._connect is not None and (self._store.client is None or denied):
            before = self._store.attach(await self._connect())
            if before is not None:
                await before.close()
        if self._store.client is not None:
            self._budget.spend(first=True)
            await self._store.refresh()

    def _rest_from_now(self) -> None:
        """The next poll is counted from now; where something is wrong, the store says when it will be."""
        self._polled_at, self._jitter = self._clock.monotonic(), self._chance()
        self._agenda.every = next_delay(live=True, local=self._local, blurred=self._blurred, interval=self._interval)
        pause = self._pause()
        self._store.plan(None if pause is None else self._clock.now() + pause)

    async def _until_due(self) -> None:
        while not self._poked:
            pause = self._pause()
            left = None if pause is None else self._polled_at + pause - self._clock.monotonic()
            if left is not None and left <= 0:
                break
            await self._rest(self._list_kick, left)
        self._poked = False

    def _pause(self) -> float | None:
        """Seconds between the last poll and the next; None when only a person can bring it about."""
        health = self._store.snapshot.health
        nobody = self._store.client is None and self._connect is None
        if nobody or self._held or health.state is State.DENIED:
            return None
        live = next(iter(self._store.live), None) is not None
        return next_delay(
            live=live,
            local=self._local,
            blurred=self._blurred,
            failures=health.failures,
            retry_after=getattr(self._store.error, "retry_after", None),
            interval=self._interval,
            chance=self._jitter,
        )

    # The lane of single jobs

    async def _follow_jobs(self) -> None:
        while True:
            if not self._store.snapshot.health.is_good or self._in_doubt:
                await self._rest(self._work_kick, None)
                continue
            if (pause := self._budget.other()) > 0:
                # Only then is it decided what is most wanted.
                await self._rest(self._work_kick, pause)
                continue
            task = self._agenda.next(only_selected=self._held)
            if task is None:
                await self._rest(self._work_kick, self._agenda.wait(only_selected=self._held))
                continue
            self._budget.spend()
            self._agenda.sent(task)
            try:
                await self._do(task)
                self._agenda.done(task)
            except Exception as error:
                self._agenda.failed(task, error)
                self._judge(error)

    async def _do(self, task: Task) -> None:
        match task.kind:
            case "events":
                await self._store.fetch_events(task.id)
            case "older":
                await self._store.fetch_older_events(task.id)
            case "checkpoints":
                await self._store.fetch_checkpoints(task.id)
            case "results":
                await self._store.fetch_result(task.id)
            case "file":
                await self._store.fetch_file(task.id)
            case "job":
                await self._store.fetch_job(task.id)
            case "list":
                await self._store.walk_list()
            case "lost":
                await self._store.fetch_lost(task.id)

    def _judge(self, error: Exception) -> None:
        """What a failure here says about the provider as a whole."""
        if isinstance(error, Limited) or not isinstance(error, ApiError):
            # Patience is asked of the whole program; and a fault of our own shall be seen, not die unseen.
            self._store.failed(error)
            self._rest_from_now()
            self._list_kick.set()
        elif isinstance(error, Unreachable):
            # The list is the judge: it is asked at once, and nothing else before it has answered.
            self._in_doubt = True
            self._polled_at = min(self._polled_at, self._clock.monotonic() - IDLE * BLURRED)
            self._list_kick.set()

    # Waiting

    async def _rest(self, kick: asyncio.Event, seconds: float | None) -> None:
        """Wait for a kick, or for so many seconds, or until the machine wakes from a suspend."""
        if seconds is None:
            await kick.wait()
        else:
            # Never no time at all: what is lost in rounding must not become a loop without a pause.
            end = self._clock.monotonic() + max(SHORTEST, seconds)
            while not kick.is_set() and (left := end - self._clock.monotonic()) > 0:
                if await self._slept_through(kick, min(left, SLICE)):
                    self._poked = True
                    self._list_kick.set()
                    break
        kick.clear()

    async def _slept_through(self, kick: asyncio.Event, seconds: float) -> bool:
        """Sleep until a kick or so long; whether the machine was suspended meanwhile."""
        wall, steady = self._clock.now(), self._clock.monotonic()
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        waiting = asyncio.ensure_future(kick.wait())
        try:
            await asyncio.wait((sleeping, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waiting.cancel()
        return (self._clock.now() - wall) - (self._clock.monotonic() - steady) > JUMP
