"""The poller with a fake clock: intervals, priorities and faults."""

import asyncio
import itertools
import re
from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fttui.api.errors import NotFound, RateLimited, ServerError, Unauthorized, Unreachable
from fttui.store.archive.archive import Archive
from fttui.store.health import State
from fttui.store.polling.poller import BACKOFF, FLOOR, Poller, next_delay
from fttui.store.snapshot import Change
from fttui.store.store import Store
from tests.support.clock import START, FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import FakeClient, event, job, metrics, samples

J = "ftjob-00001"


class World:
    def __init__(self, *, client: bool = True, archive: Archive | None = None, **more: Any) -> None:
        self.clock = FakeClock()
        self.client = FakeClient(self.clock)
        self.archive = archive or inline_archive("", "work")
        self.store = Store(self.archive, self.clock, self.client if client else None)
        self.poller = Poller(self.store, self.clock, chance=lambda: 0.0, **more)
        self.fetcher = self.poller.fetcher
        self.told: list[Change] = []
        self.store.subscribe(lambda _, change: self.told.append(change))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.poller.run())
        try:
            yield
            assert not task.done(), "the poller has ended"
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    def asked(self, verb: str) -> list[float]:
        """Return the times of a request, in seconds."""
        return [time for call, time in zip(self.client.calls, self.client.times, strict=True) if call[0] == verb]

    @property
    def polls(self) -> list[float]:
        """Return the times of all requests but those of the first reading of the account."""
        calls = zip(self.client.calls, self.client.times, strict=True)
        return [time for call, time in calls if call[0] != "list_jobs" or not call[1] or time > 0]

    def forget(self) -> None:
        self.client.calls.clear()
        self.client.times.clear()

    @property
    def state(self) -> State:
        return self.store.snapshot.health.state


def most_in_a_minute(times: list[float]) -> int:
    times = sorted(times)
    return max((bisect_left(times, start + 60) - index for index, start in enumerate(times)), default=0)


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        ({"live": True}, 4),
        ({"live": True, "local": True}, 3),
        ({"live": False}, 30),
        ({"live": False, "local": True}, 5),
        ({"live": True, "blurred": True}, 16),
        ({"live": False, "blurred": True}, 120),
        ({"live": True, "interval": 10}, 10),
        ({"live": True, "interval": 0.1}, FLOOR),
        ({"live": False, "interval": 10}, 30),
        ({"live": False, "interval": 90}, 90),
        ({"live": True, "failures": 1}, 2),
        ({"live": True, "failures": 2}, 4),
        ({"live": False, "failures": 5}, 32),
        ({"live": True, "failures": 6}, 64),
        ({"live": True, "failures": 10_000}, 64),
        ({"live": True, "failures": 6, "chance": 1.0}, 48),
        ({"live": True, "failures": 1, "chance": 1.0}, FLOOR),
        ({"live": True, "failures": 3, "retry_after": 37.0}, 37),
        ({"live": True, "failures": 3, "retry_after": 0.0}, FLOOR),
        ({"live": True, "failures": 3, "retry_after": 600.0, "blurred": True}, 600),
        ({"live": True, "failures": 1, "retry_after": 86400.0}, 3600),
        ({"live": True, "retry_after": 600.0}, 4),
    ],
)
def test_next_delay_for_each_situation(situation: dict[str, Any], expected: float) -> None:
    assert next_delay(**situation) == expected


@pytest.fixture
def nothing_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn off the fetching of events of unselected finished jobs."""
    monkeypatch.setattr("fttui.store.polling.fetch_queue.TOP", 0)


def populate(world: World, jobs: int, live: int) -> None:
    """Make `jobs` jobs, of which the newest `live` are running. The events of running jobs grow."""
    world.client.jobs = [job(n, "running" if n > jobs - live else "succeeded") for n in range(jobs, 0, -1)]
    for raw in world.client.jobs[:live]:
        world.client.events[raw["id"]] = [metrics(raw["id"], n, 1 / (n + 1)) for n in range(5)]


async def half_an_hour(world: World, *, look: bool = True) -> None:
    async with world.running():
        await world.clock.run(1)
        if look and world.client.jobs:
            world.store.look_at(world.client.jobs[0]["id"])
        for minute in range(30):
            for raw in world.client.jobs:
                if raw["status"] == "running":
                    log = world.client.events[raw["id"]]
                    log += [metrics(raw["id"], len(log) + n, 1 / (len(log) + n + 1)) for n in range(6)]
                    break
            await world.clock.run(60 if minute else 59)


def documented() -> list[tuple[int, int, bool, int, int]]:
    """Rows of docs/polling.md: jobs, active jobs, local, requests per minute for the list and for single jobs."""
    section = (Path(__file__).parents[3] / "docs" / "polling.md").read_text(encoding="utf-8")
    found = []
    for row in re.findall(r"^\| ([\d,]+(?: \| [\d,]+){5}) \|$", section, re.M):
        jobs, live, *rates = (int(cell.replace(",", "")) for cell in row.split(" | "))
        found += [(jobs, live, False, *rates[:2]), (jobs, live, True, *rates[2:])]
    return found


TABLE = [*documented(), (1000, 10, False, 15, 37)]


def test_the_table_has_what_was_promised() -> None:
    assert {row[:3] for row in documented()} >= {
        (jobs, live, local) for jobs in (0, 10, 1000) for live in (0, jobs) for local in (False, True)
    }


@pytest.mark.parametrize(("jobs", "live", "local", "lists", "others"), TABLE)
async def test_requests_of_half_an_hour_stay_within_the_documented_numbers(
    jobs: int, live: int, local: bool, lists: int, others: int
) -> None:
    world = World(local=local)
    populate(world, jobs, live)
    await half_an_hour(world)
    assert most_in_a_minute(world.polls) <= 60
    steady = [(call, time) for call, time in zip(world.client.calls, world.client.times, strict=True) if time >= 600]
    minutes = (1800 - 600) / 60
    asked_lists = sum(call == ("list_jobs", "") for call, _ in steady)
    assert asked_lists / minutes == pytest.approx(lists, abs=0.5)
    assert (len(steady) - asked_lists) / minutes == pytest.approx(others, abs=1.0)
    assert len(world.store.snapshot.rows) == jobs


async def test_requests_of_a_verb_that_sends_several_count_for_the_limit() -> None:
    world = World()
    costs = {"jobs": 3, "events": 2}
    world.client.provider = replace(world.client.provider, costs=costs)
    populate(world, 40, 40)
    await half_an_hour(world)
    of_verb = {"list_jobs": 3, "list_events": 2}
    calls = zip(world.client.calls, world.client.times, strict=True)
    times = [time for call, time in calls for _ in range(of_verb.get(call[0], 1)) if time > 0]
    assert most_in_a_minute(times) <= 60
    assert {call[1] for call in world.client.calls if call[0] == "list_events"} == {
        raw["id"] for raw in world.client.jobs
    }, "every job has its turn"


async def test_hour_without_changes_publishes_only_the_time_of_the_poll() -> None:
    world = World()
    populate(world, 10, 0)
    async with world.running():
        await world.clock.run(60)
        world.told.clear()
        await world.clock.run(3600)
    assert set(world.told) == {Change()}
    assert len(world.told) == 120


async def test_selected_job_is_fetched_as_often_as_the_list() -> None:
    world = World()
    populate(world, 30, 20)
    selected = world.client.jobs[0]["id"]
    async with world.running():
        await world.clock.run(1)
        world.store.look_at(selected)
        await world.clock.run(600)
        looks = [call for call in world.client.calls if call[:2] == ("list_events", selected)]
        assert len(looks) >= 600 / 4 * 0.9
        others = {call[1] for call in world.client.calls if call[0] == "list_events"}
        assert len(others) == 30, "other jobs are fetched too, the finished ones once"
        finished = [call for call in world.client.calls if call[:2] == ("list_events", world.client.jobs[25]["id"])]
        assert len(finished) == 1


async def test_newest_finished_jobs_are_fetched_once_without_selection() -> None:
    world = World()
    populate(world, 150, 0)
    for raw in world.client.jobs:
        world.client.events[raw["id"]] = [metrics(raw["id"], 7, 0.5)]
    async with world.running():
        await world.clock.run(600)
        top, below = world.client.jobs[:100], world.client.jobs[100:]
        assert all(world.store.snapshot.rows[raw["id"]].loss == 0.5 for raw in top)
        assert not any(world.store.events(raw["id"]) for raw in below)
        world.forget()
        await world.clock.run(600)
        assert {call[0] for call in world.client.calls} == {"list_jobs"}
    assert most_in_a_minute(world.polls) <= 60


async def test_list_comes_before_the_selected_job() -> None:
    world = World()
    populate(world, 300, 3)
    world.store.look_at("ftjob-00100")
    async with world.running():
        await world.clock.run(3)
    assert world.client.calls[:2] == [("list_jobs", ""), ("list_events", "ftjob-00300", "")]
    assert ("list_jobs", "ftjob-00201") in world.client.calls, "older pages are fetched later"


@pytest.mark.parametrize(("live", "within"), [(105, 70), (1000, 150)])
async def test_end_of_a_live_job_on_an_older_page_is_seen(live: int, within: float) -> None:
    world = World()
    populate(world, 1000, live)
    async with world.running():
        await world.clock.run(300)
        world.client.change(f"ftjob-{1000 - live + 3:05d}", status="succeeded")
        await world.clock.run(within)
        assert world.store.snapshot.rows[f"ftjob-{1000 - live + 3:05d}"].status_text == "succeeded"
    assert most_in_a_minute(world.polls) <= 60


async def test_moving_cursor_sends_no_requests_until_it_rests(nothing_unread: None) -> None:
    world = World()
    populate(world, 50, 0)
    for raw in world.client.jobs:
        world.client.events[raw["id"]] = [event(raw["id"], n) for n in range(150)]
    async with world.running():
        await world.clock.run(5)
        world.forget()
        for raw in world.client.jobs[:20]:
            world.store.look_at(raw["id"])
            await world.clock.run(0.05)
        assert world.client.calls == []
        start = world.clock.elapsed
        await world.clock.run(1)
        last = world.client.jobs[19]["id"]
        assert [call[:2] for call in world.client.calls] == [
            ("list_events", last),
            ("list_checkpoints", last),
            ("list_events", last),
        ]
        assert world.client.times[0] - start <= 0.15
        assert len(world.store.events(last)) == 150, "the older page was fetched without a repeated request"
        world.forget()
        world.store.look_at(None)
        world.store.look_at(last)
        await world.clock.run(20)
        assert world.client.calls == [], "an archived finished job is not fetched again"


async def test_last_events_of_an_ended_job_are_fetched_without_selection() -> None:
    world = World()
    populate(world, 3, 1)
    id = world.client.jobs[0]["id"]
    async with world.running():
        await world.clock.run(10)
        world.client.change(id, status="succeeded")
        await world.clock.run(5)
        world.client.events[id].append(event(id, 900))
        world.client.checkpoints[id] = [{"id": "c1", "step_number": 5}]
        await world.clock.run(15)
        assert world.store.events(id)[-1].message == "event 900"
        await world.clock.run(60)
        assert list(world.store.jobs.due) == []
        world.forget()
        await world.clock.run(600)
        assert {call[0] for call in world.client.calls} == {"list_jobs"}


async def test_checkpoints_of_an_ended_job_are_fetched_although_a_command_read_its_events() -> None:
    world = World()
    populate(world, 3, 0)
    first, second = (world.client.jobs[number]["id"] for number in (0, 1))
    world.client.checkpoints[first] = [{"id": "c1", "step_number": 5}]
    async with world.running():
        await world.clock.run(5)
    for id in (first, second):
        await world.archive.events.append(id, [], joined=False, cursor=None)
    world.store = Store(world.archive, world.clock, world.client)  # type: ignore[arg-type]
    world.poller = Poller(world.store, world.clock, chance=lambda: 0.0)
    async with world.running():
        world.forget()
        for id in (first, second, first, second):
            world.store.look_at(id)
            await world.clock.run(10)
    assert [each.step_number for each in world.store.checkpoints(first)] == [5]
    asked = [call[1] for call in world.client.calls if call[0] == "list_checkpoints"]
    assert asked == [first, second], "each once in a session"


async def test_samples_are_fetched_while_a_job_runs_and_at_its_end() -> None:
    world = World()
    populate(world, 3, 1)
    id = world.client.jobs[0]["id"]
    world.client.provider = replace(world.client.provider, has_samples=True)
    world.client.samples[id] = [samples(0)]
    world.store = Store(world.archive, world.clock, world.client)  # type: ignore[arg-type]
    world.poller = Poller(world.store, world.clock, chance=lambda: 0.0)
    world.store.look_at(id)
    async with world.running():
        await world.clock.run(5)
        assert [each.step_number for each in world.store.samples(id)] == [0]
        world.client.samples[id].append(samples(90))
        await world.clock.run(40)
        assert [each.step_number for each in world.store.samples(id)] == [0, 90]
        assert ("list_samples", id, "ftsmpl-0") in world.client.calls, "only what is new is asked for"
        world.store.look_at(None)
        world.client.samples[id].append(samples(180))
        world.client.change(id, status="succeeded")
        await world.clock.run(30)
        assert [each.step_number for each in world.store.samples(id)] == [0, 90, 180]
        world.forget()
        await world.clock.run(600)
        assert world.client.count("list_samples") == 0


async def test_providers_without_samples_are_not_asked_for_them() -> None:
    world = World()
    populate(world, 3, 1)
    world.store.look_at(world.client.jobs[0]["id"])
    async with world.running():
        await world.clock.run(60)
    assert world.client.count("list_samples") == 0


async def test_result_files_are_fetched_at_the_end_or_on_selection() -> None:
    world = World()
    populate(world, 3, 1)
    running, *old = (raw["id"] for raw in world.client.jobs)
    for number, id in enumerate((running, *old)):
        world.client.change(id, result_files=[f"file-{number}"])
        world.client.contents[f"file-{number}"] = b"step,train_loss\n1,0.5\n2,0.25\n"
    async with world.running():
        await world.clock.run(30)
        assert world.client.count("file_content") == 0
        world.client.change(running, status="succeeded")
        await world.clock.run(60)
        assert [call[1] for call in world.client.calls if call[0] == "file_content"] == ["file-0"]
        world.store.look_at(old[0])
        await world.clock.run(60)
        assert [point.step for point in world.store.points(old[0])] == [1, 2]
        world.store.look_at(running)
        await world.clock.run(60)
    assert world.client.count("file_content") == 2
    assert world.archive.files.content("file-0") == world.client.contents["file-0"]


async def test_file_names_of_the_selected_job_are_fetched_once() -> None:
    world = World()
    populate(world, 2, 0)
    first, second = (raw["id"] for raw in world.client.jobs)
    world.client.change(first, training_file="file-t", validation_file="file-gone")
    world.client.change(second, training_file="file-t")
    world.client.files = [{"id": "file-t", "filename": "train.jsonl", "bytes": 29_900}]
    async with world.running():
        world.store.look_at(first)
        await world.clock.run(300)
        file = world.store.file("file-t")
        assert file is not None
        assert (file.filename, file.bytes) == ("train.jsonl", 29_900)
        assert any(first in change.events for change in world.told), "the change is published"
        world.store.look_at(second)
        await world.clock.run(300)
    assert [call[1] for call in world.client.calls if call[0] == "get_file"] == ["file-t", "file-gone"]


async def test_failed_polls_back_off_and_recover() -> None:
    world = World()
    populate(world, 3, 1)
    async with world.running():
        await world.clock.run(1)
        world.forget()
        world.client.fail("*", Unreachable("connection refused"))
        await world.clock.run(400)
        times = world.asked("list_jobs")
        gaps = [round(later - earlier) for earlier, later in itertools.pairwise(times)]
        assert gaps[:6] == [2, 4, 8, 16, 32, 64]
        assert set(gaps[6:]) == {64}
        assert world.state is State.OFFLINE
        health = world.store.snapshot.health
        assert health.next_try == pytest.approx(START + times[-1] + BACKOFF)
        assert len(world.asked("list_events")) <= 1, "single jobs are not fetched in the meantime"
        world.client.recover()
        await world.clock.run(64)
        assert world.state is State.LIVE
        world.forget()
        await world.clock.run(8)
        assert len(world.asked("list_jobs")) == 2, "the usual interval is back"


async def test_unreachable_events_request_polls_the_list_at_once(nothing_unread: None) -> None:
    """The list shows whether the provider can be reached."""
    world = World(interval=60)
    populate(world, 3, 0)
    async with world.running():
        await world.clock.run(5)
        world.forget()
        world.client.fail("*", Unreachable("reset"))
        world.store.look_at(J)
        await world.clock.run(1)
        assert [call[0] for call in world.client.calls] == ["list_events", "list_jobs"]
        assert world.state is State.STALE


async def test_failing_job_is_paused_for_longer_each_time() -> None:
    world = World()
    populate(world, 3, 2)
    broken, sound = (raw["id"] for raw in world.client.jobs[:2])
    real = world.client.list_events

    async def list_events(id: str, **more: Any) -> Any:
        page = await real(id, **more)
        if id == broken:
            raise ServerError("it broke", status=503)
        return page

    world.client.list_events = list_events  # type: ignore[method-assign]
    async with world.running():
        await world.clock.run(600)
    tries = sum(call[:2] == ("list_events", broken) for call in world.client.calls)
    assert 4 <= tries <= 7
    assert sum(call[:2] == ("list_events", sound) for call in world.client.calls) > 100
    assert world.state is State.LIVE


async def test_absent_routes_are_not_requested_again() -> None:
    world = World()
    populate(world, 3, 3)
    world.client.fail("list_events", NotFound("Invalid URL", status=404))
    world.client.fail("list_checkpoints", NotFound("Invalid URL", status=404))
    async with world.running():
        world.store.look_at(J)
        await world.clock.run(600)
    assert world.store.restrictions.missing == {"events", "checkpoints"}
    assert (world.client.count("list_events"), world.client.count("list_checkpoints")) == (1, 1)
    assert world.state is State.LIVE


@pytest.mark.parametrize("verb", ["list_jobs", "list_events"])
async def test_retry_after_pauses_all_requests(verb: str) -> None:
    world = World()
    populate(world, 5, 5)
    async with world.running():
        await world.clock.run(10)
        world.client.fail(verb, RateLimited("slow down", status=429, retry_after=90.0))
        await world.clock.run(10)
        assert world.state is State.LIMITED
        start = world.client.times[-1]
        assert world.store.snapshot.health.next_try == pytest.approx(START + start + 90)
        world.client.recover()
        world.forget()
        await world.clock.run(start + 89.9 - world.clock.elapsed)
        assert world.client.calls == []
        await world.clock.run(1)
        assert world.state is State.LIVE


async def test_refused_key_stops_polling_until_a_poke() -> None:
    world = World()
    populate(world, 3, 3)
    async with world.running():
        await world.clock.run(10)
        world.client.fail("*", Unauthorized("the key was refused", status=401, request_id="req_1"))
        await world.clock.run(10)
        assert world.state is State.DENIED
        assert world.store.snapshot.health.next_try is None
        world.forget()
        await world.clock.run(3600)
        assert world.client.calls == []
        world.poller.poke()
        await world.clock.run(0.1)
        assert world.client.calls == [("list_jobs", "")]
        assert world.state is State.DENIED
        world.client.recover()
        world.poller.poke()
        await world.clock.run(10)
        assert world.state is State.LIVE


async def test_poke_after_a_refused_key_makes_a_new_client() -> None:
    clients: list[FakeClient] = []
    world = World(client=False, connect=lambda: connect())

    async def connect() -> Any:
        clients.append(FakeClient(world.clock))
        if len(clients) == 1:
            clients[0].fail("*", Unauthorized("old key", status=401))
        return clients[-1]

    async with world.running():
        await world.clock.run(100)
        assert (world.state, len(clients)) == (State.DENIED, 1)
        world.poller.poke()
        await world.clock.run(1)
    assert (world.state, len(clients)) == (State.LIVE, 2)
    assert (clients[0].closed, clients[1].closed) == (True, False)


async def test_failed_connection_is_tried_again() -> None:
    tries: list[float] = []
    world = World(client=False, connect=lambda: connect())

    async def connect() -> Any:
        tries.append(world.clock.elapsed)
        if len(tries) < 4:
            raise RuntimeError("the service did not start: no room on the disk")
        return world.client

    world.client.jobs = [job(1)]
    async with world.running():
        await world.clock.run(7)
        health = world.store.snapshot.health
        assert (health.state, health.why) == (State.OFFLINE, "the service did not start: no room on the disk")
        await world.clock.run(10)
    assert [round(time) for time in tries] == [0, 2, 6, 14]
    assert world.state is State.LIVE
    assert list(world.store.snapshot.rows) == [J]


async def test_resume_from_suspend_polls_at_once() -> None:
    world = World()
    populate(world, 3, 0)
    async with world.running():
        await world.clock.run(6)
        world.forget()
        world.clock.suspend(8 * 3600)
        await world.clock.run(5.1)
        assert world.asked("list_jobs"), "the poll did not wait for its interval"
        world.forget()
        await world.clock.run(20)
        assert world.client.calls == [], "the poll is sent once"


async def test_resume_from_suspend_ends_a_back_off() -> None:
    world = World()
    world.client.fail("*", Unreachable("no network"))
    async with world.running():
        await world.clock.run(300)
        world.client.recover()
        world.clock.suspend(3600)
        await world.clock.run(5.1)
        assert world.state is State.LIVE


async def test_hold_stops_polling_until_release(nothing_unread: None) -> None:
    world = World()
    populate(world, 5, 3)
    world.client.events["ftjob-00002"] = [event("ftjob-00002", 1)]
    async with world.running():
        await world.clock.run(10)
        world.poller.hold()
        await world.clock.run(5)
        world.forget()
        await world.clock.run(600)
        assert (world.client.calls, world.poller.held) == ([], True)
        world.store.look_at("ftjob-00002")
        await world.clock.run(1)
        assert world.client.calls[0] == ("list_events", "ftjob-00002", ""), "a newly selected job is fetched"
        world.forget()
        world.poller.poke()
        await world.clock.run(60)
        assert len(world.asked("list_jobs")) == 1
        world.forget()
        world.poller.release()
        await world.clock.run(20)
        assert len(world.asked("list_jobs")) >= 5


async def test_selected_running_job_is_fetched_once_while_held() -> None:
    world = World()
    populate(world, 3, 3)
    world.store.look_at(J)
    async with world.running():
        await world.clock.run(10)
        world.poller.hold()
        world.client.jobs[0] = job(3, "succeeded")
        world.poller.poke()  # now there is an end whose events are not read
        await world.clock.run(10)
        world.forget()
        await world.clock.run(600)
        assert world.client.calls == []
        world.store.look_at("ftjob-00002")
        await world.clock.run(600)
        asked = [("list_events", "ftjob-00002", ""), ("list_checkpoints", "ftjob-00002", "")]
        assert [call for call in world.client.calls if call[0] != "get_file"] == asked
        world.forget()
        world.poller.poke()
        await world.clock.run(600)
        assert [len(world.asked(verb)) for verb in ("list_jobs", "list_events", "list_checkpoints")] == [1, 1, 1]


async def test_job_that_returns_after_its_copy_was_deleted_is_read_like_a_new_job() -> None:
    world = World()
    populate(world, 3, 0)
    for raw in world.client.jobs:
        raw["training_file"] = f"file-of-{raw['id']}"
        world.client.events[raw["id"]] = [event(raw["id"], 1)]
    world.store.look_at(J)
    read = {("list_events", J), ("list_checkpoints", J), ("get_file", J)}

    def asked() -> set[tuple[str, str]]:
        return {(call[0], J) for call in world.client.calls if call[1] in (J, f"file-of-{J}")}

    async with world.running():
        await world.clock.run(100)
        assert asked() == read
        assert await world.archive.jobs.delete(J, 0.0)
        returning, world.client.jobs = world.client.jobs, [raw for raw in world.client.jobs if raw["id"] != J]
        await world.clock.run(60)
        assert J not in world.store.snapshot.rows
        world.client.jobs = returning
        world.forget()
        world.store.look_at(None)
        await world.clock.run(60)
        assert ("list_events", J) in asked(), "without being selected"
        world.store.look_at(J)
        await world.clock.run(60)
        assert asked() == read


async def test_held_poller_does_not_wake_up() -> None:
    world = World()
    populate(world, 2, 1)
    async with world.running():
        await world.clock.run(10)
        world.poller.hold()
        world.client.jobs[0] = job(2, "succeeded")
        world.poller.poke()  # now there is an end whose events are not read
        await world.clock.run(10)
        naps = len(world.clock.slept)
        await world.clock.run(60)
        assert len(world.clock.slept) == naps


async def test_poke_fetches_the_list_and_the_selected_job() -> None:
    world = World()
    populate(world, 5, 0)
    world.store.look_at(J)
    async with world.running():
        await world.clock.run(10)
        world.forget()
        world.poller.poke()
        await world.clock.run(0.5)
    assert {call[:2] for call in world.client.calls} == {
        ("list_jobs", ""),
        ("list_events", J),
        ("list_checkpoints", J),
    }


async def test_blurred_terminal_slows_polling_until_focus_returns() -> None:
    world = World()
    populate(world, 5, 1)
    async with world.running():
        await world.clock.run(10)
        world.poller.blurred = True
        world.forget()
        await world.clock.run(320)
        assert len(world.asked("list_jobs")) == pytest.approx(20, abs=1)
        assert len(world.asked("list_events")) <= 22
        world.forget()
        await world.clock.run(16 - (world.clock.elapsed - (world.client.times or [world.clock.elapsed])[-1]) % 16)
        world.forget()
        await world.clock.run(6)
        world.poller.blurred = False
        await world.clock.run(0.1)
        assert len(world.asked("list_jobs")) == 1, "the last poll was older than the interval"


async def test_many_pokes_stay_within_the_rate_limit() -> None:
    world = World()
    populate(world, 20, 20)
    async with world.running():
        for _ in range(1200):
            world.poller.poke()
            await world.clock.run(0.1)
    assert most_in_a_minute(world.polls) <= 60
    gaps = [later - earlier for earlier, later in itertools.pairwise(world.client.times)]
    assert max(gaps) < 60


async def test_only_one_request_of_each_lane_is_in_flight() -> None:
    world = World()
    populate(world, 250, 5)
    flying: dict[str, int] = {}
    most: dict[str, int] = {}

    def slow(call: Callable[..., Awaitable[Any]], kind: str) -> Callable[..., Awaitable[Any]]:
        async def wrapped(*args: Any, **more: Any) -> Any:
            flying[kind] = flying.get(kind, 0) + 1
            most[kind] = max(most.get(kind, 0), flying[kind])
            try:
                await world.clock.sleep(7)
                return await call(*args, **more)
            finally:
                flying[kind] -= 1

        return wrapped

    for verb in ("list_events", "list_checkpoints", "get_job"):
        setattr(world.client, verb, slow(getattr(world.client, verb), "jobs"))
    async with world.running():
        await world.clock.run(300)
    assert most == {"jobs": 1}
    assert len(world.asked("list_jobs")) > 60, "slow events requests do not delay the list"


async def test_unexpected_exception_is_shown_and_polling_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    populate(world, 5, 5)
    async with world.running():
        await world.clock.run(10)
        monkeypatch.setattr(world.fetcher, "fetch_events", lambda id: 1 / 0)
        monkeypatch.setattr(world.store.jobs, "merge_first_page", lambda *_: 1 / 0)
        await world.clock.run(20)
        assert (world.state, world.store.snapshot.health.why) == (State.OFFLINE, "division by zero")
        monkeypatch.undo()
        await world.clock.run(60)
        assert world.state is State.LIVE


async def test_offline_poller_sends_nothing() -> None:
    """With `--offline` there is no client and no function to make one."""
    world = World(client=False)
    world.store.feed.go_offline("only the archive is shown")
    async with world.running():
        await world.clock.run(600)
    assert (world.state, world.told) == (State.OFFLINE, [Change(health=True)])


def events_read(world: World) -> list[str]:
    """Return the jobs whose events were requested, in the order of their first request."""
    return list(dict.fromkeys(call[1] for call in world.client.calls if call[0] == "list_events"))


async def test_logs_that_the_list_needs_are_read_newest_first_within_the_budget(nothing_unread: None) -> None:
    world = World()
    populate(world, 150, 0)
    ids = [raw["id"] for raw in world.client.jobs]
    async with world.running():
        await world.clock.run(30)
        assert events_read(world) == []
        assert world.store.lacks_numbers(ids[140])
        world.store.need_numbers((ids[140], ids[20]))
        await world.clock.run(10)
        assert events_read(world) == [ids[140], ids[20]], "the jobs on the screen"
        assert not world.store.lacks_numbers(ids[140])
        world.store.need_numbers(None)
        await world.clock.run(300)
    assert events_read(world) == [ids[140], ids[20], *(id for id in ids if id not in (ids[140], ids[20]))]
    assert most_in_a_minute(world.polls) <= 60


async def test_log_that_could_not_be_read_is_read_later(nothing_unread: None) -> None:
    world = World()
    populate(world, 1, 0)
    async with world.running():
        await world.clock.run(5)
        world.client.fail("list_events", ServerError("busy", status=500))
        world.store.need_numbers(None)
        await world.clock.run(5)
        assert world.store.lacks_numbers(J)
        world.client.recover()
        await world.clock.run(120)
    assert not world.store.lacks_numbers(J)


async def test_job_that_has_not_started_or_is_gone_lacks_no_numbers() -> None:
    world = World(client=False)
    raws = [job(1, "queued"), job(2, "succeeded"), job(3, "succeeded")]
    await world.store.jobs.merge(raws, world.store.jobs.turn())
    await world.store.jobs.set_gone([raws[2]["id"]])
    assert [world.store.lacks_numbers(raw["id"]) for raw in raws] == [False, True, False]
