"""Broken and unusual jobs and events: each is a row with its raw JSON, and the rest is not affected."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fttui.cli.output import dumps
from fttui.models.job import Job
from fttui.models.page import Page
from fttui.models.wire import sent_id
from fttui.text import clean
from tests.store.test_store import World
from tests.support.clock import START
from tests.support.inline_archive import inline_archive
from tests.support.objects import EVENT, JOB, mutated, paths, values
from tests.support.store_fakes import event, job
from tests.support.wild import STATUSES, UNREADABLE, WILD


@pytest.mark.parametrize("name", WILD)
async def test_every_known_shape_of_a_job_is_decoded(name: str) -> None:
    world = World()
    raw, status, shown = WILD[name]
    world.client.jobs = [raw]
    await world.poll()
    ((id, row),) = world.store.snapshot.rows.items()
    assert (row.status, row.status_text, row.fault) == (status, str(raw.get("status", "")), "")
    found = world.store.job(id)
    assert found is not None
    assert {member: getattr(found, member) for member in shown} == shown
    assert found.raw == raw
    assert world.archive.jobs.rows() == [row]
    assert json.loads(dumps(found.raw)) == raw


async def test_list_of_all_shapes_survives_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    world = World(inline_archive(path, "work"))
    world.client.jobs = [*(wild.raw for wild in WILD.values()), *UNREADABLE]
    await world.poll()
    rows = dict(world.store.snapshot.rows)
    assert len(rows) == len(WILD) + len(UNREADABLE)
    assert sum(bool(row.fault) for row in rows.values()) == len(UNREADABLE)
    assert all(world.store.job(id) is not None for id in rows)
    assert [world.store.job(id).raw for id, row in rows.items() if row.fault] != []  # type: ignore[union-attr]
    sent = [json.dumps(raw, sort_keys=True) for raw in world.client.jobs]
    kept = [json.dumps(world.store.job(id).raw, sort_keys=True) for id in rows]  # type: ignore[union-attr]
    assert sorted(sent) == sorted(kept)
    await world.archive.close()
    again = World(inline_archive(path, "work"))
    assert dict(again.store.snapshot.rows) == rows
    again.client.jobs = world.client.jobs
    (change,) = await again.poll()
    assert not change.rows, "an invalid object keeps its made-up id"
    await again.archive.close()


async def test_intents_on_invalid_jobs_are_refused() -> None:
    world = World()
    world.client.jobs = [*UNREADABLE, WILD["Mistral"].raw]
    await world.poll()
    outcomes = await world.store.cancel(list(world.store.snapshot.rows))
    assert not any(outcome.ok for outcome in outcomes.values())
    assert all("cannot be changed" in outcome.message for outcome in outcomes.values())
    assert world.client.count("cancel_job") == 0


@pytest.mark.parametrize(
    ("status", "word"), [(status, word) for status, words in STATUSES.items() for word in words.split()]
)
def test_status_words_of_many_providers(status: str, word: str) -> None:
    row = Job.read(job(1, word)).row()
    assert (row.status, row.status_text) == (status, word)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda jobs: {"object": "list", "data": jobs, "has_more": False},
        lambda jobs: {"data": jobs, "first_id": None, "last_id": None, "has_more": False},
        lambda jobs: {"object": "list", "data": jobs},
        lambda jobs: {"data": jobs, "has_more": None},
        lambda jobs: {"data": jobs, "total": 2, "object": "list", "has_more": "no"},
        lambda jobs: jobs,
        lambda jobs: {"data": [*jobs, *jobs], "has_more": True},
    ],
)
async def test_walk_ends_for_every_shape_of_list(wrapped: Any) -> None:
    world = World()

    async def list_jobs(**_: Any) -> Page[Job]:
        return Page.read(Job, wrapped([job(2), job(1)]))

    world.client.list_jobs = list_jobs  # type: ignore[method-assign]
    await world.poll()
    for _ in range(3):
        if world.store.jobs.walk:
            await world.fetcher.walk_list()
    assert not world.store.jobs.walk
    assert world.ids == ["ftjob-00002", "ftjob-00001"]
    assert world.store.snapshot.complete


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_broken_job_does_not_harm_other_jobs(data: st.DataObject) -> None:
    """Any member may be missing, null, of the wrong type, huge, nested, or hostile text."""
    path = data.draw(st.sampled_from(paths(JOB)))
    broken = mutated(JOB, path, data.draw(values))
    before, after = job(2, "running"), job(1)

    async def look() -> None:
        world = World()
        world.client.jobs = [before, broken, after]
        await world.poll()
        rows = world.store.snapshot.rows
        assert rows["ftjob-00002"] == Job.read(before).row()
        assert rows["ftjob-00001"] == Job.read(after).row()
        (id,) = rows.keys() - {"ftjob-00002", "ftjob-00001"}
        assert id == (sent_id(broken) or Job.read(broken).id)
        assert rows[id].fault or sent_id(broken)
        kept = world.archive.jobs.body(id)
        assert kept is not None
        assert json.loads(kept) == json.loads(json.dumps(broken))
        assert world.store.snapshot.health.is_good
        await world.poll()
        assert world.store.snapshot.rows == rows
        await world.archive.close()

    asyncio.run(look())


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_broken_event_does_not_harm_other_events(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(paths(EVENT)))
    broken = mutated(EVENT, path, data.draw(values))

    async def look() -> None:
        world = World()
        world.client.jobs = [job(1, "running")]
        id = "ftjob-00001"
        world.client.events[id] = [event(id, 1), broken, event(id, 2), event(id, 2)]
        await world.poll()
        await world.fetcher.fetch_events(id)
        log = world.store.events(id)
        assert len(log) == 3, "a duplicate is recorded once"
        assert {row.message for row in log} >= {"event 1", "event 2"}
        assert all(row.message == clean(row.message) for row in log)
        assert len(world.archive.events.raw(id)) == 3
        world.store.points(id)
        await world.archive.close()

    asyncio.run(look())


def test_fake_clock_is_later_than_the_jobs() -> None:
    assert all((Job.read(wild.raw).created_at or 0.0) < START for wild in WILD.values())
