"""Search for jobs whose create lost its response in an earlier run."""

from typing import Any

import pytest

from fttui.api.errors import BadRequest, ServerError, Unreachable
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
    """A start with pending creates of the given ages in seconds."""
    before = World()
    for number, age in enumerate(ages, 1):
        await before.archive.creates.remember(f"t{number}", BODY, START - age)
    return World(archive=before.archive)


async def test_lost_create_that_succeeded_is_found_and_reported(nothing_unread: None) -> None:
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


async def test_lost_create_that_failed_is_reported_once(nothing_unread: None) -> None:
    world = await left_behind(3600)
    world.client.jobs = [job(2), with_token(1, "another")]
    async with world.running():
        await world.clock.run(20)
        (notice,) = world.store.snapshot.notices
        assert "not created" in notice
        assert world.archive.creates.pending() == {}
        asked = world.client.count("list_jobs")
        await world.clock.run(29)
        assert world.client.count("list_jobs") == asked + 1, "the search is done once"
    again = World(archive=world.archive)
    assert again.fetcher.lost_create is None


async def test_recent_create_is_not_reported_while_its_sender_may_wait(nothing_unread: None) -> None:
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
    assert world.store.snapshot.notices == (), "the sender has settled the token"


async def test_failed_search_is_repeated_later(nothing_unread: None) -> None:
    world = await left_behind(3600)
    world.client.jobs = [with_token(1)]
    real = world.client.list_jobs
    failing = True

    async def list_jobs(**asked: Any) -> Any:
        if "metadata" in asked and failing:
            raise ServerError("a bad day", status=500)
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


async def test_expired_token_is_dropped_silently(nothing_unread: None) -> None:
    world = await left_behind(EXPIRY + 60, 3600)
    async with world.running():
        await world.clock.run(10)
    assert world.archive.creates.pending() == {}
    assert len(world.store.snapshot.notices) == 1


@pytest.mark.parametrize(
    "what", ["token = 't9'", "asked_at = -1e300", "asked_at = 1e300", "asked_at = 'x'", "body = '{'", "body = x'00'"]
)
async def test_damaged_create_is_named_with_what_to_do(nothing_unread: None, what: str) -> None:
    world = await left_behind(3600)
    await world.archive.database.execute(f"UPDATE creates SET {what} WHERE ? > 0")
    world = World(archive=world.archive)
    async with world.running():
        await world.clock.run(20)
    (notice,) = world.store.snapshot.notices
    assert "may exist" in notice
    assert "fttui jobs list" in notice
    assert ("(gpt-x, file-1" in notice) == ("body" not in what)
    assert World(archive=world.archive).fetcher.lost_create is None


async def test_job_of_a_damaged_create_is_found_by_its_token(nothing_unread: None) -> None:
    world = await left_behind(EXPIRY + 60)
    await world.archive.database.execute("UPDATE creates SET body = '{}' WHERE ? > 0")
    world = World(archive=world.archive)
    world.client.jobs = [with_token(1)]
    async with world.running():
        await world.clock.run(20)
    assert world.store.snapshot.notices == ("ftjob-00001 was created: the request got no response.",)


async def test_archived_job_is_found_without_a_request() -> None:
    world = await left_behind(3600)
    world.client.jobs = [with_token(1)]
    await world.fetcher.refresh()
    world.forget()
    assert world.fetcher.lost_create == "t1"
    await world.fetcher.fetch_lost_create("t1")
    assert world.client.calls == []
    assert "ftjob-00001 was created" in world.store.snapshot.notices[0]


async def test_create_of_this_run_is_not_searched_for(nothing_unread: None) -> None:
    world = World()
    world.client.fail("create_job", Unreachable("lost", ambiguous=True))
    outcome = await finished(world.store.create(JobSpec(model="m", training_file="f")), world.clock)
    assert outcome.ambiguous
    assert len(world.archive.creates.pending()) == 1
    assert world.fetcher.lost_create is None


async def test_token_that_was_not_sent_is_dropped() -> None:
    """A server that refuses metadata gets the job without a token."""
    world = World()
    real = world.client.create_job

    async def create_job(spec: JobSpec) -> Job:
        if spec.metadata:
            raise BadRequest("metadata is not known here", status=400)
        return await real(spec)

    world.client.create_job = create_job  # type: ignore[method-assign]
    assert (await world.store.create(JobSpec(model="m", training_file="f"))).ok
    assert world.archive.creates.pending() == {}
