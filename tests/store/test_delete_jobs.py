"""Deleting jobs at the provider: what goes with them, and what stays in the archive."""

import asyncio
from dataclasses import replace

import pytest

from fttui.store.snapshot import Change
from fttui.store.store import Store
from tests.store.test_store import J, World
from tests.support.store_fakes import job


@pytest.fixture
async def world() -> World:
    world = World()
    world.client.jobs = [job(3, "running"), job(2), job(1, result_files=["file-r"])]
    await world.poll()
    await world.archive.files.save_content("file-r", b"step", 0.0)
    world.told.clear()
    return world


async def test_deleted_job_stays_in_the_archive(world: World) -> None:
    outcome = (await world.store.delete_jobs([J]))[J]
    assert (outcome.ok, outcome.message) == (True, f"{J} is deleted; its copy in the archive stays")
    assert world.told == [Change(updated=frozenset({J}))]
    assert world.store.snapshot.rows[J].gone
    assert Store(world.archive, world.clock).snapshot.rows[J].gone
    assert await world.poll() == [Change()]
    assert "no longer lists" in (await world.store.delete_jobs([J]))[J].message


async def test_deleted_job_of_the_embedded_service_leaves_no_copy(world: World) -> None:
    world.client.provider = replace(world.client.provider, keeps_no_copy=True)
    outcomes = await world.store.delete_jobs([J, "ftjob-00002"])
    assert all(outcome.ok for outcome in outcomes.values())
    assert world.ids == ["ftjob-00003"]
    assert list(Store(world.archive, world.clock).snapshot.rows) == world.ids
    assert world.archive.files.content("file-r") is None
    assert await world.poll() == [Change()]


@pytest.mark.parametrize("keeps_no_copy", [False, True])
async def test_earlier_answer_does_not_bring_a_deleted_job_back(world: World, keeps_no_copy: bool) -> None:
    world.client.provider = replace(world.client.provider, keeps_no_copy=keeps_no_copy)
    gate = world.client.gates["list_jobs"] = asyncio.Event()
    late = asyncio.create_task(world.poll())
    while not world.client.count("list_jobs") > 1:
        await asyncio.sleep(0)
    await world.store.delete_jobs([J])
    gate.set()
    await late
    row = world.store.snapshot.rows.get(J)
    assert row is None if keeps_no_copy else row is not None and row.gone
    assert (world.archive.jobs.body(J) is None) == keeps_no_copy


async def test_live_job_is_not_sent(world: World) -> None:
    outcome = (await world.store.delete_jobs(["ftjob-00003"]))["ftjob-00003"]
    assert (outcome.ok, outcome.message) == (False, "ftjob-00003: this job is running: cancel it first")
    assert world.client.count("delete_job") == 0
    assert not (await World(read_only=True).store.delete_jobs([J]))[J].ok


async def test_provider_without_the_route_is_not_asked() -> None:
    world = World()
    world.client.jobs = [job(1)]
    world.store.access.attach(world.client)  # type: ignore[arg-type]
    world.store.access.not_offered.add("delete_job")
    await world.poll()
    outcome = (await world.store.delete_jobs([J]))[J]
    assert outcome.message == "this provider does not offer deleting jobs"
    assert world.client.count("delete_job") == 0
