"""The provider takes no more jobs: the person hears why, until when, where else, and what to do with the file."""

import pytest

from fttui.api.error_mapping import CLOSED, CLOSED_HINT, of_status
from fttui.api.errors import Forbidden
from fttui.models.spec import JobSpec
from tests.store.test_store import World

BODY = b'{"error": {"message": "Training is not available", "code": "training_not_available"}}'


@pytest.fixture
def world() -> World:
    world = World()
    error = of_status(403, {}, BODY, now=0.0, secret="", changes=True)
    assert isinstance(error, Forbidden)
    world.client.fail("create_job", error)
    return world


async def test_the_refusal_names_dates_the_file_and_another_profile(world: World) -> None:
    train = await world.store.upload("train.jsonl")
    valid = await world.store.upload("valid.jsonl")
    outcome = await world.store.create(JobSpec(model="gpt-4.1-nano", training_file=train.id, validation_file=valid.id))
    assert (outcome.ok, outcome.ambiguous) == (False, False)
    for words in (CLOSED, "2026-05-07", "2026-07-02", "2027-01-06", CLOSED_HINT, "--profile local"):
        assert words in outcome.message
    assert outcome.message.endswith(f"fttui files delete {train.id} {valid.id}")
    assert world.client.count("create_job") == 1
    assert world.archive.creates.pending() == {}, "nothing is in doubt"
    assert (await world.store.delete_files([train.id]))[train.id].ok
    assert [raw["id"] for raw in world.client.files] == [valid.id]


async def test_a_file_that_was_there_before_is_left_alone(world: World) -> None:
    outcome = await world.store.create(JobSpec(model="gpt-4.1-nano", training_file="file-old"))
    assert CLOSED in outcome.message
    assert "delete" not in outcome.message


async def test_what_cannot_be_deleted_is_told(world: World) -> None:
    world.client.fail("delete_file", Forbidden("not yours", status=403))
    outcome = (await world.store.delete_files(["file-x"]))["file-x"]
    assert (outcome.ok, outcome.message, outcome.id) == (False, "not yours", "file-x")
    assert not (await World(read_only=True).store.delete_files(["file-x"]))["file-x"].ok
