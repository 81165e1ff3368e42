"""Absent routes: remembered for a profile over restarts, for a limited time."""

import dataclasses
from pathlib import Path

import pytest

from fttui.api.errors import ApiError, BadRequest, NotFound, ServerError
from fttui.store.provider_access import ABSENT_FOR, ABSENT_FOR_NOW
from tests.store.test_store import World
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import job

J = "ftjob-00001"
DAY = 86400.0


async def opened(path: Path, profile: str = "work", *, later: float = 0.0) -> World:
    """A store on the archive at `path`, started `later` seconds after the first."""
    archive = inline_archive(str(path / "a.db"), profile)
    world = World(archive)
    if later:
        world.clock.elapsed = later
        world.store.access.not_offered = archive.routes.absent(world.clock.now())
    world.client.jobs = [job(1, "running")]
    await world.poll()
    return world


@pytest.mark.parametrize(
    ("error", "tries", "lasts"),
    [
        (NotFound("Invalid URL", status=404), 1, ABSENT_FOR),
        (BadRequest("Method Not Allowed", status=405), 1, ABSENT_FOR),
        (ServerError("only premium users", status=500), 3, ABSENT_FOR_NOW),
        (ServerError("not implemented", status=501), 1, ABSENT_FOR),
    ],
)
async def test_absent_routes_are_remembered_until_they_expire(
    tmp_path: Path, error: ApiError, tries: int, lasts: float
) -> None:
    world = await opened(tmp_path)
    world.client.fail("pause_job", error)
    for _ in range(tries):
        assert not (await world.store.pause([J]))[J].ok
    await world.archive.close()

    again = await opened(tmp_path, later=lasts - DAY / 2)
    assert again.store.restrictions.missing == {"pause"}
    outcome = (await again.store.pause([J]))[J]
    assert (outcome.ok, again.client.count("pause_job")) == (False, 0)
    assert "does not offer pause" in outcome.message
    await again.archive.close()

    other = await opened(tmp_path, "other")
    assert other.store.restrictions.missing == set(), "a different profile has a different provider"
    await other.archive.close()

    much_later = await opened(tmp_path, later=lasts + DAY / 2)
    assert much_later.store.restrictions.missing == set(), "the provider may have added the route"
    assert (await much_later.store.pause([J]))[J].ok
    await much_later.archive.close()


async def test_route_that_answers_is_offered_again(tmp_path: Path) -> None:
    world = await opened(tmp_path)
    await world.archive.routes.remember_absent("events", world.clock.now() + DAY)
    assert world.archive.routes.absent(world.clock.now()) == {"events"}
    await world.fetcher.fetch_events(J)
    assert world.archive.routes.absent(world.clock.now()) == set()
    assert world.store.restrictions.missing == set()
    await world.archive.close()


async def test_missing_result_file_does_not_make_the_route_absent(tmp_path: Path) -> None:
    world = await opened(tmp_path)
    world.client.change(J, status="succeeded", result_files=["file-gone"])
    await world.poll()
    for _ in range(5):
        with pytest.raises(NotFound):
            await world.fetcher.fetch_result(J)
    assert world.store.restrictions.missing == set()
    await world.archive.close()


async def test_server_errors_do_not_make_cancel_absent(tmp_path: Path) -> None:
    world = await opened(tmp_path)
    world.client.fail("cancel_job", ServerError("oops", status=500))
    for _ in range(5):
        assert not (await world.store.cancel([J]))[J].ok
    assert world.client.count("cancel_job") == 5
    await world.archive.close()


async def test_route_missing_in_the_dialect_is_never_requested(tmp_path: Path) -> None:
    world = await opened(tmp_path)
    world.client.provider = dataclasses.replace(world.client.provider, missing=frozenset({"pause", "checkpoints"}))
    world.store.access.attach(world.client)  # type: ignore[arg-type]
    assert world.store.restrictions.missing == {"pause", "checkpoints"}
    assert not (await world.store.pause([J]))[J].ok
    assert world.client.count("pause_job") == 0
    await world.archive.close()


async def test_archive_of_version_1_is_migrated(tmp_path: Path) -> None:
    import contextlib
    import sqlite3

    from fttui.store.archive import schema

    path = tmp_path / "a.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(schema.MIGRATIONS[0])
        db.execute("INSERT INTO profiles(key, name) VALUES (1, 'work')")
        db.execute(
            "INSERT INTO jobs VALUES (1, 1, 'ftjob-old', 'failed', 'm', '', '', '', 1, 2, NULL, 3, 4, 0.5, '', 9, 0, "
            "1, 1, NULL)"
        )
        db.execute('INSERT INTO bodies VALUES (1, \'{"id":"ftjob-old"}\')')
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
        db.commit()
    archive = inline_archive(str(path), "work")
    assert archive.notices == []
    assert [row.id for row in archive.jobs.rows()] == ["ftjob-old"]
    await archive.jobs.set_synced("ftjob-old")
    assert archive.jobs.synced() == {"ftjob-old"}
    await archive.close()
