"""Order of jobs created in one second, in the list, the archive and the first frame."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.models.job import Job
from fttui.models.row import JobRow
from fttui.store.archive import schema
from fttui.store.archive.archive import Archive
from fttui.store.archive.first_rows import first_rows
from fttui.store.job_order import JobOrder
from fttui.store.query import select
from fttui.store.record import record_jobs
from fttui.store.snapshot import Change
from fttui.store.store import Store
from tests.store.test_store import World, walk
from tests.support.clock import FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import job

AT = 1_700_000_000


def same(*letters: str, at: int = AT, **more: Any) -> list[dict[str, Any]]:
    """Jobs of one second, newest first, with unsorted ids."""
    return [job(1, id=f"ftjob-{letter}", created_at=at, **more) for letter in letters]


def shown(store: Store) -> str:
    return "".join(id[-1] for id in store.snapshot.rows)


async def test_jobs_of_one_second_keep_the_order_of_the_list(tmp_path: Path) -> None:
    archive = Archive(str(tmp_path / "a.db"), "work")
    world = World(archive)
    world.client.jobs = same("m", "a", "z", "c")
    await world.poll()
    assert shown(world.store) == "mazc"
    world.client.change("ftjob-z", status="running")
    await world.poll()
    assert shown(world.store) == "mazc", "a refresh keeps the order"
    world.client.jobs = [*same("k", "x"), *world.client.jobs]
    await world.poll()
    assert shown(world.store) == "kxmazc"
    assert [row.id[-1] for row in select(world.store.snapshot.rows.values())] == list("kxmazc")
    # The next start has the same order.
    assert [row.id[-1] for row in archive.jobs.rows()] == list("kxmazc")
    assert [row.id[-1] for row in first_rows(archive.path, "work", 4)[0]] == list("kxma")
    again = World(archive)
    assert shown(again.store) == "kxmazc"
    again.client.jobs = [*same("b"), *world.client.jobs]
    await again.poll()
    assert shown(again.store) == "bkxmazc"
    await archive.close()


async def test_jobs_of_older_pages_come_below() -> None:
    world = World()
    world.client.page_size = 3
    world.client.jobs = same(*"qjwhsbna")
    await world.poll()
    await walk(world)
    assert shown(world.store) == "qjwhsbna"


async def test_created_job_is_on_top_until_the_list_says_otherwise() -> None:
    world = World()
    world.client.jobs = same("m")
    await world.poll()
    await world.store._intents._merge(Job.read(same("a")[0]))
    assert shown(world.store) == "am"
    world.client.jobs = same("z", "m", "a")
    (change,) = await world.poll()
    assert shown(world.store) == "zma"
    assert change.rows
    assert change.updated == {"ftjob-m", "ftjob-a"}
    assert await world.poll() == [Change()]
    assert [row.id[-1] for row in world.archive.jobs.rows()] == list("zma")


async def test_record_jobs_keeps_the_order_of_the_list() -> None:
    archive = inline_archive("", "work")
    await record_jobs(archive, same("m", "a"), 0.0)
    await record_jobs(archive, same("z", "m", "a"), 0.0)
    await record_jobs(archive, same("a", status="running"), 0.0)
    assert [row.id[-1] for row in archive.jobs.rows()] == list("zma")
    assert shown(Store(archive, FakeClock())) == "zma"


def of_version_2(path: Path) -> str:
    """An archive of a version without places, with three jobs."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        for script in schema.MIGRATIONS[:2]:
            db.executescript(script)
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute("PRAGMA user_version = 2")
        db.execute("INSERT INTO profiles(name) VALUES ('work')")
        for letter in "maz":
            db.execute(
                "INSERT INTO jobs(profile, id, status_text, model, suffix, method, fine_tuned_model, created_at, "
                "fault, digest, due, first_seen, last_seen) "
                "VALUES (1, ?, 'succeeded', '', '', '', '', ?, '', 1, 0, 1, 1)",
                (f"ftjob-{letter}", AT),
            )
        db.commit()
    return str(path)


async def test_archive_without_places_gets_them_from_the_list(tmp_path: Path) -> None:
    archive = Archive(of_version_2(tmp_path / "a.db"), "work")
    assert archive.notices == []
    world = World(archive)
    assert shown(world.store) == "amz"
    world.client.jobs = same("z", "a", "m")
    await world.poll()
    assert shown(world.store) == "zam"
    assert [row.id[-1] for row in archive.jobs.rows()] == list("zam")
    await archive.close()


async def test_archive_without_places_on_a_full_disk_is_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = of_version_2(tmp_path / "a.db")
    fails_where_there_are_jobs = "SELECT json(CASE WHEN count(*) THEN 'no' END) FROM jobs;\n"
    monkeypatch.setattr(
        schema,
        "MIGRATIONS",
        (*schema.MIGRATIONS[:2], schema.MIGRATIONS[2] + fails_where_there_are_jobs, *schema.MIGRATIONS[3:]),
    )
    archive = Archive(path, "work")
    assert "cannot be written" in archive.notices[0]
    assert [row.id[-1] for row in archive.jobs.rows()] == list("amz")
    await archive.close()


letters = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)


@given(before=letters, after=letters, older=st.booleans())
def test_update_takes_over_the_order_of_the_last_list(before: list[str], after: list[str], older: bool) -> None:
    order = JobOrder({})
    order.update([(id, 1.0) for id in before])
    order.update([(id, 1.0) for id in after], older=older)
    rows = [JobRow(id, created_at=1.0) for id in sorted({*before, *after})]
    found = [row.id for row in order.newest_first(rows)]
    assert [id for id in found if id in after] == after
    assert len({order.place(id) for id in found}) == len(found)
    assert order.update([(id, 1.0) for id in found]) == {}, "the same list changes nothing"


moments = st.none() | st.sampled_from([1.0, 2.0, 3.0])


@given(jobs=st.lists(st.tuples(st.text("abcdef", min_size=1, max_size=2), moments), unique_by=lambda job: job[0]))
def test_insert_gives_the_same_order_as_a_sort(jobs: list[tuple[str, float | None]]) -> None:
    order = JobOrder({})
    order.update(jobs)
    rows = [JobRow(id, created_at=at) for id, at in jobs]
    for cut in range(len(rows)):
        held = {row.id: row for row in order.newest_first(rows[:cut])}
        assert list(order.insert(held, rows[cut:]).values()) == order.newest_first(rows)


async def test_job_deleted_by_another_process_is_removed(tmp_path: Path) -> None:
    archive = Archive(str(tmp_path / "a.db"), "work")
    world = World(archive)
    world.client.jobs = [job(2), job(1)]
    await world.poll()
    world.client.jobs = [job(2)]
    await world.poll()
    other = Archive(archive.path, "work")
    elsewhere = Archive(archive.path, "home")
    await record_jobs(elsewhere, [job(2)], 0.0)
    await elsewhere.jobs.delete("ftjob-00002", 0.0)
    assert await other.jobs.delete("ftjob-00001", 0.0)
    assert await world.poll() == [Change(removed=frozenset({"ftjob-00001"})), Change()]
    assert world.ids == ["ftjob-00002"]
    assert await world.poll() == [Change()]
    # A job that the provider still lists returns with the next poll.
    assert await other.jobs.delete("ftjob-00002", 0.0)
    await world.poll()
    assert world.ids == ["ftjob-00002"]
    assert archive.jobs.body("ftjob-00002") is not None
    for each in (archive, other, elsewhere):
        await each.close()
