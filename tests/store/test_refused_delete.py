"""Deleting a file that the provider refuses to delete."""

from fttui.api.errors import Forbidden
from tests.store.test_store import World


async def test_refused_delete_of_a_file_gives_the_reason() -> None:
    world = World()
    world.client.fail("delete_file", Forbidden("not yours", status=403))
    outcome = (await world.store.delete_files(["file-x"]))["file-x"]
    assert (outcome.ok, outcome.message, outcome.id) == (False, "not yours", "file-x")
    assert not (await World(read_only=True).store.delete_files(["file-x"]))["file-x"].ok
