"""Downloads and deletes of files and models, and deletes of archived jobs."""

import base64
from pathlib import Path

import pytest

from fttui.api.errors import Forbidden, NotFound, ServerError, Unauthorized, Unreachable
from fttui.store.health import State
from fttui.store.snapshot import Change
from fttui.store.store import Store
from tests.store.test_merged import Two, id_of
from tests.store.test_store import J, World
from tests.support.clock import FakeClock
from tests.support.store_fakes import event, job

RESULT = base64.b64encode(b"step,train_loss\n1,2.5\n")
"""Result file as providers send it."""


@pytest.fixture
def world() -> World:
    return World()


def left(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


# Download


async def test_download_without_archived_content_asks_the_client(world: World, tmp_path: Path) -> None:
    world.client.contents["file-1"] = b"training data"
    told: list[tuple[int, int | None]] = []
    outcome = await world.store.download("file-1", str(tmp_path / "t.jsonl"), progress=lambda *at: told.append(at))
    assert (outcome.ok, outcome.id) == (True, "file-1")
    assert str(tmp_path / "t.jsonl") in outcome.message
    assert (tmp_path / "t.jsonl").read_bytes() == b"training data"
    assert told[-1] == (13, 13)
    assert world.archive.files.content("file-1") is None, "training data is not recorded"
    assert left(tmp_path) == ["t.jsonl"]


async def test_download_of_a_result_file_records_its_content(world: World, tmp_path: Path) -> None:
    world.client.jobs = [job(2), job(1, result_files=["file-r"])]
    world.client.contents["file-r"] = RESULT
    await world.poll()
    world.told.clear()
    assert (await world.store.download("file-r", str(tmp_path / "a.csv"))).ok
    assert world.archive.files.content("file-r") == RESULT
    assert world.told == [Change(events=frozenset({J}))], "the metrics are available"
    del world.client.contents["file-r"]
    assert (await world.store.download("file-r", str(tmp_path / "b.csv"))).ok
    assert (tmp_path / "b.csv").read_bytes() == RESULT
    assert (await world.store.download("file-r", str(tmp_path / "d.csv"), as_csv=True)).ok
    assert (tmp_path / "d.csv").read_text(encoding="utf-8").startswith("step,"), "providers send base64"
    # Also without a client.
    again = Store(world.archive, FakeClock(), read_only=True)
    assert (await again.download("file-r", str(tmp_path / "c.csv"))).ok


async def test_download_to_an_existing_file_needs_overwrite(world: World, tmp_path: Path) -> None:
    world.client.contents["file-1"] = b"new"
    (tmp_path / "old").write_bytes(b"old")
    outcome = await world.store.download("file-1", str(tmp_path / "old"))
    assert (outcome.ok, "already exists" in outcome.message) == (False, True)
    assert world.client.calls == [], "no request was sent"
    assert (tmp_path / "old").read_bytes() == b"old"
    assert (await world.store.download("file-1", str(tmp_path / "old"), overwrite=True)).ok
    assert (tmp_path / "old").read_bytes() == b"new"


@pytest.mark.parametrize("place", ["", "no/such/folder/x", "bad\0name"])
async def test_download_to_an_unwritable_path_gives_the_reason(world: World, tmp_path: Path, place: str) -> None:
    world.client.contents["file-1"] = b"x"
    outcome = await world.store.download("file-1", f"{tmp_path}/{place}")
    assert not outcome.ok
    assert outcome.message
    assert left(tmp_path) == []


async def test_failed_download_leaves_no_file(world: World, tmp_path: Path) -> None:
    world.client.contents["file-1"] = b"x" * 100
    world.client.fail("sent", Unreachable("cut"))
    outcome = await world.store.download("file-1", str(tmp_path / "x"))
    assert (outcome.ok, outcome.message) == (False, "cut")
    assert left(tmp_path) == []
    world.client.recover()
    outcome = await world.store.download("file-gone", str(tmp_path / "x"))
    assert (outcome.ok, "No such File" in outcome.message) == (False, True)
    assert left(tmp_path) == []


async def test_download_keeps_a_file_created_in_the_meantime(world: World, tmp_path: Path) -> None:
    world.client.contents["file-1"] = b"new"

    def appear(done: int, of: int | None) -> None:
        (tmp_path / "x").write_bytes(b"another's")

    outcome = await world.store.download("file-1", str(tmp_path / "x"), progress=appear)
    assert not outcome.ok
    assert (tmp_path / "x").read_bytes() == b"another's"
    assert left(tmp_path) == ["x"]


async def test_download_without_a_client_needs_archived_content(tmp_path: Path) -> None:
    outcome = await Store(World().archive, FakeClock()).download("file-1", str(tmp_path / "x"))
    assert (outcome.ok, outcome.message) == (False, "not connected")


# Delete


async def test_delete_files_returns_an_outcome_for_each_file(world: World) -> None:
    world.client.files = [{"id": "file-1"}, {"id": "file-2"}, {"id": "file-3"}]
    outcomes = await world.store.delete_files(["file-1", "file-2", "file-1"])
    assert {id: outcome.ok for id, outcome in outcomes.items()} == {"file-1": True, "file-2": True}
    assert [raw["id"] for raw in world.client.files] == ["file-3"]
    world.client.fail("delete_file", NotFound("no such file", status=404))
    outcome = (await world.store.delete_files(["file-3"]))["file-3"]
    assert (outcome.ok, outcome.message, outcome.id) == (False, "no such file", "file-3")


async def test_has_file_is_none_before_the_first_list(world: World, tmp_path: Path) -> None:
    world.client.files = [{"id": "file-1"}, {"id": "file-5"}]
    world.client.fail("list_files", ServerError("down", status=500))
    await world.store.files()
    assert world.store.has_file("file-1") is None, "no list was fetched"
    world.client.recover()
    await world.store.files()
    assert (world.store.has_file("file-1"), world.store.has_file("file-9")) == (True, False)
    (tmp_path / "new.jsonl").write_text("{}")
    new = (await world.store.upload(str(tmp_path / "new.jsonl"))).id
    await world.store.delete_files(["file-1"])
    assert (world.store.has_file(new), world.store.has_file("file-1")) == (True, False)


async def test_deleted_model_is_gone_from_the_archived_list(world: World) -> None:
    world.client.models = [{"id": "base"}, {"id": "ft:base:acme::1"}]
    await world.store.models()
    assert (await world.store.delete_model("ft:base:acme::1")).ok
    world.client.fail("list_models", ServerError("down", status=500))
    assert [model.id for model in await world.store.models()] == ["base"]
    world.client.fail("delete_model", Forbidden("not yours", status=403))
    outcome = await world.store.delete_model("base")
    assert (outcome.ok, outcome.message, outcome.id) == (False, "not yours", "base")
    assert [model.id for model in await world.store.models()] == ["base"]


async def test_model_that_does_not_exist_is_told_from_a_model_that_could_not_be_fetched(world: World) -> None:
    world.client.models = [{"id": "base"}]
    found = await world.store.model("base")
    assert (found.model is not None, found.is_certain) == (True, True)
    assert await world.store.model("other") == (None, True)
    for error in (Unreachable("timeout"), ServerError("down", status=500), Unauthorized("key", status=401)):
        world.client.fail("get_model", error)
        assert await world.store.model("base") == (None, False)
    unconnected = Store(world.archive, FakeClock())
    assert await unconnected.model("base") == (None, False)


async def test_read_only_session_refuses_deletes(tmp_path: Path) -> None:
    world = World(read_only=True)
    world.client.contents["file-1"] = b"x"
    assert not (await world.store.delete_files(["file-1"]))["file-1"].ok
    assert not (await world.store.delete_model("m")).ok
    assert not (await world.store.forget([J]))[J].ok
    assert world.client.calls == []
    assert (await world.store.download("file-1", str(tmp_path / "x"))).ok


# The archive's own copies


async def gone(world: World) -> None:
    """Three jobs, of which the first is gone at the provider."""
    world.client.jobs = [job(3, "running"), job(2), job(1, result_files=["file-r"])]
    world.client.events[J] = [event(J, 1)]
    await world.poll()
    await world.fetcher.fetch_events(J)
    await world.archive.files.save_content("file-r", RESULT, 0.0)
    world.client.jobs = world.client.jobs[:2]
    await world.poll()
    world.told.clear()


async def test_forget_deletes_the_copy_of_a_gone_job(world: World) -> None:
    await gone(world)
    world.store.look_at(J)
    outcome = (await world.store.forget([J]))[J]
    assert (outcome.ok, outcome.id) == (True, J)
    assert world.told == [Change(removed=frozenset({J}))]
    assert world.ids == ["ftjob-00003", "ftjob-00002"]
    assert (world.store.job(J), world.store.events(J), world.archive.files.content("file-r")) == (None, [], None)
    assert await world.poll() == [Change()]
    assert list(Store(world.archive, world.clock).snapshot.rows) == world.ids
    # A job with the same id that is listed later counts as new.
    world.client.jobs.append(job(1))
    (change,) = await world.poll()
    assert change.added == {J}


async def test_forget_refuses_a_job_that_the_provider_lists(world: World) -> None:
    await gone(world)
    outcomes = await world.store.forget(["ftjob-00002", "ftjob-00003", "ftjob-none"])
    assert [outcome.ok for outcome in outcomes.values()] == [False, False, False]
    assert "come back" in outcomes["ftjob-00002"].message
    assert "running" in outcomes["ftjob-00003"].message
    assert "not in the archive" in outcomes["ftjob-none"].message
    assert world.told == []
    assert len(world.ids) == 3


async def test_forget_deletes_a_finished_job_while_offline(world: World) -> None:
    await gone(world)
    world.store.feed.failed(Unauthorized("no", status=401))
    assert world.store.snapshot.health.state is State.DENIED
    outcomes = await world.store.forget(["ftjob-00002", "ftjob-00003"])
    assert [outcome.ok for outcome in outcomes.values()] == [True, False]
    alone = Store(world.archive, world.clock)
    assert [outcome.ok for outcome in (await alone.forget([J, "ftjob-00003"])).values()] == [True, False]
    assert list(alone.snapshot.rows) == ["ftjob-00003"]


# Several profiles


async def test_merged_delete_reaches_the_profile_of_each_id(tmp_path: Path) -> None:
    two = Two()
    two.clients["home"].files = [{"id": "file-1"}]
    two.clients["work"].files = [{"id": "file-1"}, {"id": "file-2"}]
    two.clients["work"].models = [{"id": "org/model"}]
    two.clients["work"].contents["file-2"] = b"x"
    assert [file.id for file in await two.merged.files()] == ["home/file-1", "work/file-1", "work/file-2"]
    assert [model.id for model in await two.merged.models()] == ["work/org/model"]
    outcome = await two.merged.download("work/file-2", str(tmp_path / "x"))
    assert (outcome.ok, outcome.id) == (True, "work/file-2")
    deleted = await two.merged.delete_files(["home/file-1", "work/file-2", "file-9"])
    assert {id: (outcome.ok, outcome.id) for id, outcome in deleted.items()} == {
        "home/file-1": (True, "home/file-1"),
        "work/file-2": (True, "work/file-2"),
        "file-9": (False, "file-9"),
    }
    assert [file.id for file in await two.merged.files()] == ["work/file-1"]
    assert (await two.merged.delete_model("work/org/model")).ok
    assert two.clients["work"].models == []
    assert not (await two.merged.delete_model("m")).ok
    assert not (await two.merged.download("file-2", str(tmp_path / "y"))).ok


async def test_merged_forget_reaches_the_profile_of_each_job() -> None:
    two = Two()
    await two.poll()
    two.clients["work"].jobs = two.clients["work"].jobs[1:]
    await two.poll()
    two.told.clear()
    outcomes = await two.merged.forget([f"work/{id_of(1)}", f"home/{id_of(1)}"])
    assert [outcome.ok for outcome in outcomes.values()] == [True, False]
    assert [change.removed for _, change in two.told] == [{f"work/{id_of(1)}"}]


async def test_download_as_csv_refuses_a_file_of_a_different_kind(world: World, tmp_path: Path) -> None:
    world.client.contents["file-1"] = b"{}"
    outcome = await world.store.download("file-1", str(tmp_path / "x.csv"), as_csv=True)
    assert not outcome.ok
    assert "neither CSV" in outcome.message
    assert list(tmp_path.iterdir()) == []
    assert (await world.store.download("file-1", str(tmp_path / "x.txt"))).ok
