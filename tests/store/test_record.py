"""Records of single commands: the same as those of a poll, and no harm to the records of polls."""

from typing import Any

from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.store.record import record_events, record_jobs
from tests.store.test_store import World
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import event, job

J = "ftjob-00001"


def read(id: str, numbers: range) -> list[Event]:
    return [Event.read(event(id, n)) for n in numbers]


async def test_record_jobs_writes_the_same_as_a_poll() -> None:
    jobs: list[Any] = [job(3, "running"), job(2), {"no": "id"}, job(1, "failed", metadata={"a": "b"})]
    world, kept = World(), inline_archive("", "work")
    world.client.jobs = jobs
    await world.poll()
    await record_jobs(kept, jobs, 1.0)
    assert kept.jobs.rows() == world.archive.jobs.rows()
    assert [kept.jobs.body(row.id) for row in kept.jobs.rows()] == [
        world.archive.jobs.body(row.id) for row in world.archive.jobs.rows()
    ]
    assert kept.jobs.digests() == world.archive.jobs.digests()


async def test_job_whose_end_a_command_recorded_is_due() -> None:
    world = World()
    world.client.jobs = [job(1, "running")]
    await world.poll()
    await record_jobs(world.archive, [job(1, "succeeded")], 5.0)
    assert world.archive.jobs.due() == {J}
    again = World(world.archive)
    assert list(again.store.jobs.due) == [J]
    assert again.store.snapshot.rows[J].status_text == "succeeded"


async def test_record_jobs_skips_unchanged_jobs_and_clears_gone() -> None:
    archive = inline_archive("", "work")
    await record_jobs(archive, [job(1), job(2)], 1.0)
    await archive.jobs.set_gone([J], 2.0)
    before = archive.database._writer.total_changes
    await record_jobs(archive, [job(2)], 3.0)
    assert archive.database._writer.total_changes == before
    await record_jobs(archive, [job(1)], 3.0)
    assert [row.gone for row in archive.jobs.rows()] == [False, False]


async def test_record_events_adds_only_new_events() -> None:
    archive = inline_archive("", "work")
    await record_events(archive, J, read(J, range(5)))
    assert archive.events.raw(J) == [], "events of an unknown job are not recorded"
    await record_jobs(archive, [job(1)], 1.0)
    for end in (200, 200, 250):
        await record_events(archive, J, read(J, range(end)))
        assert [row.seq for row in archive.events.rows(J, limit=1000)] == list(range(end))


async def test_record_events_skips_a_log_with_missing_older_events() -> None:
    world = World()
    world.client.jobs = [job(1)]
    world.client.events[J] = [event(J, n) for n in range(250)]
    await world.poll()
    await world.fetcher.fetch_events(J)
    assert world.numbers() == list(range(150, 250))
    await record_events(world.archive, J, read(J, range(250)))
    assert world.numbers() == list(range(150, 250))
    await world.fetcher.fetch_older_events(J)
    await world.fetcher.fetch_older_events(J)
    assert world.numbers() == list(range(250))


async def test_checkpoints_dropped_by_the_provider_stay() -> None:
    archive = inline_archive("", "work")
    await record_jobs(archive, [job(1)], 1.0)
    for step in (1, 2):
        await archive.jobs.save_checkpoints(J, [Checkpoint.read({"id": f"c{step}", "step_number": step})])
    assert len(archive.jobs.checkpoints(J)) == 2
