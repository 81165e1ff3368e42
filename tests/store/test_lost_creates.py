"""A job whose answer was lost in an earlier run is looked for at the next connect, once, and the person is told."""

from typing import Any

from fttui.api.errors import BadRequest, ServerFault, Unreachable
from fttui.models.job import TOKEN_KEY, Job
from fttui.models.spec import JobSpec
from fttui.store.lost_creates import EXPIRY, IN_FLIGHT
from tests.store.polling.test_poller import World, nothing_unread
from tests.support.clock import START
from tests.support.store_fakes import finished, job

__all__ = ["nothing_unread"]

BODY = (
    '{"model": "gpt-x", "training_file": "file-1", "suffix": "sup\\u001b[2Jport", "metadata": {"fttui_create": "t1"}}'
)


def with_token(number: int, token: str = "t1", **more: Any) -> dict[str, Any]:
    return job(number, metadata={TOKEN_KEY: token}, **more)


async def left_behind(*ages: float) -> World:
    """A start at which creates of so many seconds ago are in doubt."""
    before = World()
    for number, age in enumerate(ages, 1):
        await before.archive.creates.remember(f"t{number}", BODY, START - age)
    return World(archive=before.archive)


async def test_one_that_was_created_is_found_and_told(nothing_unread: None) -> None:
    world = await left_behind(3600)
    world.client.jobs = [job(n) for n in range(9, 1, -1)] + [with_token(1)]
    async with world.running():
        await world.clock.run(1)
        assert world.archive.creates.pending() == {}
        (notice,) = world.store.snapshot.notices
        assert "ftjob-00001 was created" in notice
        assert "gpt-x, file-1, sup" in notice
        assert "\x1b" not in notice
        assert sum(change.health for change in world.told) == 2, "the notice is published"
        await world.clock.run(600)
    assert world.store.snapshot.notices == (notice,)


async def test_one_that_was_not_created_is_said_to_be_none(nothing_unread: None) -> None:
    world = await left_behind(3600)
    world.client.jobs = [job(2), with_token(1, "another")]
    async with world.running():
        await world.clock.run(20)
        (notice,) = world.store.snapshot.notices
        assert "not created" in notice
        assert world.archive.creates.pending() == {}
        asked = world.client.count("list_jobs")
        await world.clock.run(29)
        assert world.client.count("list_jobs") == asked + 1, "it is looked for once"
    again = World(archive=world.archive)
    assert again.fetcher.lost_create is None


async def test_whoever_sent_it_a_moment_ago_may_still_be_waiting(nothing_unread: None) -> None:
    world = await left_behind(10)
    async with world.running():
        await world.clock.run(IN_FLIGHT - 20)
        assert (world.store.snapshot.notices, len(world.archive.creates.pending())) == ((), 1)
        await world.clock.run(60)
        assert "not created" in world.store.snapshot.notices[0]
    world = await left_behind(10)
    async with world.running():
        await world.clock.run(60)
        await world.archive.creates.forget("t1")
        await world.clock.run(IN_FLIGHT)
    assert world.store.snapshot.notices == (), "the other has had its answer"


async def test_a_list_that_cannot_be_had_says_nothing_and_it_is_looked_for_later(nothing_unread: None) -> None:
    world = await left_behind(3600)
    world.client.jobs = [with_token(1)]
    real = world.client.list_jobs
    failing = True

    async def list_jobs(**asked: Any) -> Any:
        if "metadata" in asked and failing:
            raise ServerFault("a bad day", status=500)
        return await real(**asked)

    world.client.list_jobs = list_jobs  # type: ignore[method-assign]
    world.client.jobs = []
    async with world.running():
        await world.clock.run(10)
        assert (world.store.snapshot.notices, len(world.archive.creates.pending())) == ((), 1)
        failing = False
        world.client.jobs = [with_token(1)]
        await world.clock.run(60)
    assert "was created" in world.store.snapshot.notices[0]


async def test_what_is_very_old_goes_without_a_word(nothing_unread: None) -> None:
    world = await left_behind(EXPIRY + 60, 3600)
    async with world.running():
        await world.clock.run(10)
    assert world.archive.creates.pending() == {}
    assert len(world.store.snapshot.notices) == 1


async def test_a_job_that_the_archive_holds_need_not_be_asked_for() -> None:
    world = await left_behind(3600)
    world.client.jobs = [with_token(1)]
    await world.fetcher.refresh()
    world.forget()
    assert world.fetcher.lost_create == "t1"
    await world.fetcher.fetch_lost_create("t1")
    assert world.client.calls == []
    assert "ftjob-00001 was created" in world.store.snapshot.notices[0]


async def test_a_create_of_this_run_is_not_looked_for(nothing_unread: None) -> None:
    world = World()
    world.client.fail("create_job", Unreachable("lost", ambiguous=True))
    outcome = await finished(world.store.create(JobSpec(model="m", training_file="f")), world.clock)
    assert outcome.ambiguous
    assert len(world.archive.creates.pending()) == 1
    assert world.fetcher.lost_create is None


async def test_a_token_that_was_not_sent_after_all_is_forgotten() -> None:
    """A server that refuses metadata gets the job without: nothing will ever be found by that token."""
    world = World()
    real = world.client.create_job

    async def create_job(spec: JobSpec) -> Job:
        if spec.metadata:
            raise BadRequest("metadata is not known here", status=400)
        return await real(spec)

    world.client.create_job = create_job  # type: ignore[method-assign]
    assert (await world.store.create(JobSpec(model="m", training_file="f"))).ok
    assert world.archive.creates.pending() == {}
