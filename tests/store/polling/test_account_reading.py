"""The first reading of an account with a fake clock: order, number of requests, limits, hold, resume, once only."""

import gc
from typing import Any

import pytest

from fttui.api.errors import ApiError, BadRequest, RateLimited, Unauthorized, Unreachable
from fttui.store.health import State
from fttui.store.job_table import FULL_WALK
from fttui.store.polling.account_reading import MOST_REFUSALS
from tests.store.polling.test_poller import World
from tests.support.clock import FakeClock
from tests.support.store_fakes import FakeClient, job

TOTAL = 3_000


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """An account of many finished jobs; events of unselected jobs are not fetched."""
    monkeypatch.setattr("fttui.store.polling.fetch_queue.TOP", 0)
    monkeypatch.setattr(gc, "freeze", lambda: None)  # garbage of a test would stay in memory
    world = World()
    world.client.jobs = [job(number) for number in range(TOTAL, 0, -1)]
    return world


def older_pages(world: World) -> list[str]:
    """Return the cursors of the requests for older pages."""
    return [call[1] for call in world.client.calls if call[0] == "list_jobs" and call[1]]


def restart(world: World) -> World:
    """Return a new program over the same archive and provider."""
    again = World(archive=world.archive)
    again.client.jobs = world.client.jobs
    return again


async def test_account_is_read_in_the_background_after_the_newest_page(world: World) -> None:
    counts: list[int] = []
    world.store.subscribe(lambda snapshot, _: counts.append(len(snapshot.rows)))
    async with world.running():
        await world.clock.run(1)
    assert counts[0] == 100, "the newest page is published first"
    assert len(world.store.snapshot.rows) == TOTAL
    assert list(world.store.snapshot.rows) == [raw["id"] for raw in world.client.jobs]
    assert world.store.snapshot.complete
    assert not world.store.snapshot.reading
    assert len(older_pages(world)) == TOTAL / 100 - 1
    assert len(counts) <= 5, "pages are published together, because each publication redraws the list"


@pytest.mark.parametrize(
    ("page_size", "refuses_above", "pages"), [(1000, 10_000, 3), (100, 10_000, 29), (100, 100, 30)]
)
async def test_pages_are_as_large_as_the_provider_takes(
    world: World, page_size: int, refuses_above: int, pages: int
) -> None:
    world.client.page_size, world.client.refuses_above = page_size, refuses_above
    async with world.running():
        await world.clock.run(1)
    assert len(world.store.snapshot.rows) == TOTAL
    assert len(older_pages(world)) == pages
    assert set(world.client.limits[2:]) == {1000 if page_size == 1000 else 100}, "learned from the first answer"


async def test_account_is_read_once_only(world: World) -> None:
    async with world.running():
        await world.clock.run(1)
    again = restart(world)
    again.client.jobs = [job(TOTAL + 1), *world.client.jobs]
    async with again.running():
        await again.clock.run(600)
    assert len(again.store.snapshot.rows) == TOTAL + 1
    assert older_pages(again) == []


async def test_walk_for_gone_jobs_stays_within_the_rate_limit(world: World) -> None:
    world.client.jobs = [job(number) for number in range(4 * TOTAL, 0, -1)]  # more pages than the limit
    async with world.running():
        await world.clock.run(1)
        await world.clock.run(FULL_WALK + 60)
        world.forget()
        await world.clock.run(60)
    assert 0 < len(world.client.times) <= 60


async def test_interrupted_reading_continues_at_its_cursor(world: World) -> None:
    hold_after(world, 7)
    async with world.running():
        await world.clock.run(1)
    assert len(older_pages(world)) == 7
    again = restart(world)
    async with again.running():
        await again.clock.run(1)
    assert len(again.store.snapshot.rows) == TOTAL
    assert older_pages(again)[0] == f"ftjob-{TOTAL - 700 + 1:05d}", "the page that was requested ahead is given up"


def hold_after(world: World, number: int) -> None:
    """Hold the poller while it fetches this many older pages."""
    real = world.client.list_jobs

    async def list_jobs(**how: Any) -> Any:
        page = await real(**how)
        if len(older_pages(world)) == number:
            world.poller.hold()
        return page

    world.client.list_jobs = list_jobs  # type: ignore[method-assign]


async def test_hold_stops_the_reading_and_release_continues_it(world: World) -> None:
    hold_after(world, 7)
    async with world.running():
        await world.clock.run(600)
        assert len(older_pages(world)) == 7
        assert len(world.store.snapshot.rows) == 700, "all but the page that was requested ahead are shown"
        assert world.store.snapshot.reading, "the status row still shows the progress"
        world.poller.release()
        await world.clock.run(1)
    assert len(world.store.snapshot.rows) == TOTAL


async def test_reading_waits_while_the_announced_limit_has_no_room(world: World) -> None:
    world.client.room_at = 42.0
    async with world.running():
        await world.clock.run(41)
        assert older_pages(world) == []
        assert world.asked("list_jobs") == [0.0, 30.0], "polls go on"
        await world.clock.run(2)
    assert len(world.store.snapshot.rows) == TOTAL


async def test_reading_respects_retry_after_while_polls_go_on(world: World) -> None:
    limited = LimitedClient(world.clock, per_minute=15)
    limited.jobs = world.client.jobs
    world.client = limited
    world.store.access.attach(limited)  # type: ignore[arg-type]
    async with world.running():
        await world.clock.run(600)
    assert len(world.store.snapshot.rows) == TOTAL
    assert world.state is State.LIVE
    assert limited.refused <= 5, "the pace adapts to the limit"
    assert limited.early == 0, "no page is requested before the time of Retry-After"
    assert world.client.count("list_jobs") - len(older_pages(world)) >= 600 / 30 - 1


class LimitedClient(FakeClient):
    """A provider that allows so many older pages in each minute, and asks with 429 to wait for the next."""

    def __init__(self, clock: FakeClock, per_minute: int) -> None:
        super().__init__(clock)
        self._per_minute = per_minute
        self._minute = -1
        self._taken = 0
        self.refused = 0
        self.early = 0
        """Pages requested before the time of a Retry-After."""
        self._not_before = 0.0

    async def _called(self, *call: str) -> None:
        await super()._called(*call)
        if call[0] != "list_jobs" or not call[1]:
            return
        assert self.clock is not None
        now = self.clock.elapsed
        self.early += now < self._not_before
        if int(now // 60) != self._minute:
            self._minute, self._taken = int(now // 60), 0
        self._taken += 1
        if self._taken > self._per_minute:
            self.refused += 1
            self._not_before = (self._minute + 1) * 60.0
            raise RateLimited("slow down", status=429, retry_after=self._not_before - now)


@pytest.mark.parametrize(
    ("error", "state"),
    [(Unauthorized("the key was refused", status=401), State.DENIED), (Unreachable("no route"), State.OFFLINE)],
)
async def test_reading_pauses_without_a_good_connection(world: World, error: ApiError, state: State) -> None:
    world.client.room_at = 1.0
    async with world.running():
        await world.clock.run(0.5)
        world.client.fail("*", error)
        await world.clock.run(120)
        assert world.state is state
        assert len(older_pages(world)) <= 4, "only until a poll has failed, too"
        world.client.recover()
        world.poller.poke()
        await world.clock.run(310)
    assert len(world.store.snapshot.rows) == TOTAL


async def test_cursor_that_is_always_refused_ends_the_reading(world: World) -> None:
    real = world.client.list_jobs

    async def list_jobs(**how: Any) -> Any:
        page = await real(**how)
        if how.get("after") is not None:
            raise BadRequest("unknown cursor", status=400)
        return page

    world.client.list_jobs = list_jobs  # type: ignore[method-assign]
    async with world.running():
        await world.clock.run(3600)
    assert MOST_REFUSALS < len(older_pages(world)) < 20
    assert world.state is State.LIVE
