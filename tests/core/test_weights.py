"""Download of weights: it continues after losses, and the key stays with the provider."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from fttui.api import providers
from fttui.api.client import Client
from fttui.api.errors import ApiError
from fttui.api.http import Http
from fttui.config.errors import ConfigError
from fttui.config.secrets import Secret
from fttui.core import weights
from fttui.core.weights import TRIES, WeightsDownload
from fttui.models.job import Job
from tests.support.clock import FakeClock

KEY = "sk-near-0123456789"
API = "https://api.together.example/v1"
STORAGE = "https://storage.example/signed?signature=abc"
CONTENT = bytes(range(256)) * 4
SENT = {"training_type": {"type": "Lora"}}
JOB = Job.read({"id": "ft-1/../x", "status": "completed", "model": "llama", "fttui.sent": SENT})


class Cut(httpx.AsyncByteStream):
    """Bytes that end early: in a lost connection, or without a sign of it."""

    def __init__(self, content: bytes, *, is_silent: bool = False) -> None:
        self._content = content
        self._is_silent = is_silent

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._content:
            yield self._content
        if not self._is_silent:
            raise httpx.ReadError("reset")


class Storage:
    """The provider, which redirects to a signed address of another host."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.cuts: list[int] = []
        """Bytes that each of the next connections brings before it is lost."""
        self.has_ranges = True
        self.is_silent = False
        """Lost connections look like the end of the file."""
        self.content = CONTENT
        self.tag = ""
        self.shift = 0
        """Bytes by which the storage begins too early."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host == "api.together.example":
            return httpx.Response(302, headers={"location": STORAGE})
        first, _, last = request.headers["range"].removeprefix("bytes=").partition("-")
        has_changed = request.headers.get("if-range", self.tag) != self.tag
        start = max(0, int(first) - self.shift)
        content = self.content[start : int(last) + 1 if last else None]
        status, place = (206, {"content-range": f"bytes {start}-{start + len(content) - 1}/{len(self.content)}"})
        if not self.has_ranges or has_changed:
            status, place, content = 200, {"content-length": str(len(self.content))}, self.content
        if self.tag:
            place["etag"] = self.tag
        if not last and self.cuts:
            place.pop("content-length", None)
            stream = Cut(content[: self.cuts.pop(0)], is_silent=self.is_silent)
            return httpx.Response(status, headers=place, stream=stream)
        return httpx.Response(status, headers=place, content=content)

    @property
    def ranges(self) -> list[str]:
        """Ranges asked of the storage, without the question for the size."""
        found = [request.headers["range"] for request in self.requests if request.url.host == "storage.example"]
        return [each for each in found if each != "bytes=0-1"]


@pytest.fixture
def storage() -> Storage:
    return Storage()


async def download(storage: Callable[[httpx.Request], httpx.Response], directory: Path) -> Path:
    clock = FakeClock(instant=True)
    provider = providers.provider("together", API)
    http = Http(provider, Secret(KEY), clock=clock, transport=httpx.MockTransport(storage))
    async with Client(http) as client:
        found = await client.find_weights(JOB, None, merged=True)
        run = WeightsDownload(client, found, str(directory), clock)
        await run.run()
    return Path(run.path)


async def test_the_key_never_reaches_the_signed_address(storage: Storage, tmp_path: Path) -> None:
    path = await download(storage, tmp_path / "out")
    assert (path.parent, path.read_bytes()) == (tmp_path / "out", CONTENT), "the id is no path"
    keys = {(request.url.host, request.headers.get("authorization")) for request in storage.requests}
    assert keys == {("api.together.example", f"Bearer {KEY}"), ("storage.example", None)}


@pytest.mark.parametrize(("has_ranges", "asked"), [(True, ["0", "300", "700"]), (False, ["0", "300", "400"])])
async def test_lost_connections_are_continued(
    storage: Storage, tmp_path: Path, has_ranges: bool, asked: list[str]
) -> None:
    storage.cuts, storage.has_ranges = [300, 400], has_ranges
    path = await download(storage, tmp_path)
    assert path.read_bytes() == CONTENT
    assert storage.ranges == [f"bytes={start}-" for start in asked]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


async def test_a_later_run_continues_what_was_given_up(storage: Storage, tmp_path: Path) -> None:
    storage.cuts = [100, *[0] * TRIES]
    with pytest.raises(ApiError) as caught:
        await download(storage, tmp_path)
    assert caught.value.hint == "What arrived is kept: the same command continues."
    storage.requests.clear()
    assert (await download(storage, tmp_path)).read_bytes() == CONTENT
    assert storage.ranges == ["bytes=100-"]


@pytest.mark.parametrize("has_ranges", [True, False])
async def test_connections_that_bring_nothing_are_given_up(storage: Storage, tmp_path: Path, has_ranges: bool) -> None:
    storage.cuts, storage.is_silent, storage.has_ranges = [100, *[0] * 99], True, has_ranges
    with pytest.raises(ApiError, match="the weights ended early"):
        await download(storage, tmp_path)
    assert len(storage.ranges) == 1 + TRIES


@pytest.mark.parametrize("tags", [("", ""), ('"a"', '"b"')])
async def test_a_part_of_other_weights_is_not_continued(
    storage: Storage, tmp_path: Path, tags: tuple[str, str]
) -> None:
    storage.cuts, storage.tag = [100, *[0] * TRIES], tags[0]
    with pytest.raises(ApiError):
        await download(storage, tmp_path)
    storage.content, storage.tag = CONTENT[::-1] + (b"" if tags[1] else b"longer"), tags[1]
    assert (await download(storage, tmp_path)).read_bytes() == storage.content


async def test_weights_that_change_during_the_download_begin_again(storage: Storage, tmp_path: Path) -> None:
    storage.tag, storage.cuts = '"a"', [100]
    answer = storage.__call__

    def changing(request: httpx.Request) -> httpx.Response:
        if request.headers.get("range") == "bytes=100-":
            storage.content, storage.tag = CONTENT[::-1], '"b"'
        return answer(request)

    assert (await download(changing, tmp_path)).read_bytes() == CONTENT[::-1]


async def test_a_different_range_than_the_one_asked_for_is_refused(storage: Storage, tmp_path: Path) -> None:
    storage.cuts, storage.shift = [100, 10], 30
    with pytest.raises(ApiError, match="a different part of the weights"):
        await download(storage, tmp_path)


async def test_a_long_wait_that_the_provider_asks_for_is_an_error(storage: Storage, tmp_path: Path) -> None:
    def busy(request: httpx.Request) -> httpx.Response:
        if request.headers["range"] == "bytes=0-":
            return httpx.Response(503, headers={"retry-after": "86400"})
        return storage(request)

    with pytest.raises(ApiError) as caught:
        await download(busy, tmp_path)
    assert caught.value.hint == "Retry after 1d 0h."


async def test_without_room_nothing_is_downloaded(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(weights.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ConfigError, match=r"the weights need .*, and .* are free"):
        await download(storage, tmp_path)
    assert storage.ranges == []


async def test_another_file_is_not_replaced(storage: Storage, tmp_path: Path) -> None:
    path = await download(storage, tmp_path)
    path.write_bytes(b"mine")
    with pytest.raises(ConfigError, match="is another file"):
        await download(storage, tmp_path)
    assert path.read_bytes() == b"mine"
