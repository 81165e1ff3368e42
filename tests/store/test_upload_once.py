"""Reuse of an earlier upload with the same content."""

from pathlib import Path
from typing import Any

import pytest

from fttui.api.errors import ServerError
from fttui.models.file import File
from fttui.store import upload_once as uploads
from fttui.store.store import Store
from fttui.store.upload_once import upload_once
from tests.support.clock import START, FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import FakeClient


class World:
    def __init__(self, path: Path) -> None:
        self.archive = inline_archive("", "work")
        self.client = FakeClient()
        self.path = path / "t.jsonl"
        self.path.write_text("one")

    async def send(self, path: Path | None = None) -> tuple[str, bool]:
        sent = await upload_once(self.archive, self.client, str(path or self.path), FakeClock())  # type: ignore[arg-type]
        return sent.id, sent.reused

    @property
    def sent(self) -> int:
        return sum(call[0] == "upload_file" for call in self.client.calls)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_same_content_is_uploaded_once(world: World, tmp_path: Path) -> None:
    assert await world.send() == ("file-0", False)
    assert await world.send() == ("file-0", True)
    (tmp_path / "copy.jsonl").write_text("one")
    assert await world.send(tmp_path / "copy.jsonl") == ("file-0", True)
    assert world.sent == 1


async def test_changed_content_is_uploaded_again(world: World) -> None:
    await world.send()
    world.path.write_text("two")  # as long as it was
    assert await world.send() == ("file-1", False)
    assert await world.send() == ("file-1", True)


@pytest.mark.parametrize(
    "members",
    [
        {"bytes": 4},
        {"purpose": "batch"},
        {"status": "error"},
        {"expires_at": START + 3600},
    ],
)
async def test_changed_or_expiring_file_is_uploaded_again(world: World, members: dict[str, Any]) -> None:
    await world.send()
    world.client.files[0] |= members
    assert (await world.send())[1] is False


async def test_deleted_or_unreadable_file_is_uploaded_again(world: World) -> None:
    await world.send()
    world.client.files = [{"id": "file-other"}]
    assert await world.send() == ("file-1", False)
    world.client.fail("get_file", ServerError("down", status=500))
    assert (await world.send())[1] is False


async def test_upload_is_not_shared_between_profiles(world: World) -> None:
    await world.send()
    world.archive = inline_archive("", "home")
    assert (await world.send())[1] is False


async def test_file_changed_during_upload_is_not_remembered(world: World) -> None:
    class Slow(FakeClient):
        async def upload_file(self, path: str, *, purpose: str = "fine-tune", progress: Any = None) -> File:
            world.path.write_text("longer")
            return await super().upload_file(path, purpose=purpose, progress=progress)

    world.client = Slow()
    await world.send()
    world.path.write_text("one")
    assert (await world.send())[1] is False


async def test_large_file_is_uploaded_without_comparison(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_COMPARED", 2)
    await world.send()
    assert (await world.send())[1] is False


async def test_second_upload_reports_the_reuse(world: World) -> None:
    store = Store(world.archive, FakeClock(), world.client)  # type: ignore[arg-type]
    first, second = [await store.upload(str(world.path)) for _ in range(2)]
    assert (first.id, second.id) == ("file-0", "file-0")
    assert "reusing it" in second.message
    assert (getattr(first, "reused", None), getattr(second, "reused", None)) == (False, True)
