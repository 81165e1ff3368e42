"""Upload of large files in parts."""

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import pytest

from fttui.api import multipart
from fttui.api.client import Client
from fttui.api.errors import ApiError, BadRequest, ServerError, Unreachable
from tests.api.conftest import Connect
from tests.support.fault_server import FaultServer, Request, Step, refuse, reset, send_json

CONTENT = os.urandom(1000)


class Uploads:
    """Provider with uploads in parts, and with a fault before a given request."""

    def __init__(self) -> None:
        self.server = FaultServer(self.step)
        self.faults: dict[str, list[Step]] = {}
        self.begun: dict[str, Any] = {}
        self.parts: dict[str, bytes] = {}
        self.whole = b""

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.path.removeprefix('/v1')}" for request in self.server.requests]

    def step(self, request: Request) -> Step:
        line = f"{request.method} {request.path.removeprefix('/v1')}"
        if waiting := self.faults.get(line):
            return waiting.pop(0)
        match line:
            case "POST /uploads":
                self.begun = request.json()
                return send_json({"id": "upload_1", "object": "upload", "status": "pending", **self.begun})
            case "POST /uploads/upload_1/parts":
                assert b'name="data"' in request.body
                id = f"part_{len(self.parts)}"
                self.parts[id] = _content(request)
                return send_json({"id": id, "object": "upload.part", "upload_id": "upload_1"})
            case "POST /uploads/upload_1/complete":
                self.whole = b"".join(self.parts[id] for id in request.json()["part_ids"])
                if len(self.whole) != self.begun["bytes"]:
                    return refuse(400, "the parts are not the file")
                file = {"id": "file-big", "object": "file", "bytes": len(self.whole), "filename": "x"}
                return send_json({"id": "upload_1", "object": "upload", "status": "completed", "file": file})
            case "POST /uploads/upload_1/cancel":
                return send_json({"id": "upload_1", "status": "cancelled"})
            case "POST /files":
                self.whole = _content(request)
                return send_json({"id": "file-whole", "object": "file"})
        return refuse(404, "Invalid URL")


def _content(request: Request) -> bytes:
    boundary = re.search(r"boundary=(\S+)", request.headers["content-type"])
    assert boundary
    last = request.body.split(f"--{boundary[1]}".encode())[-2]
    return last[last.index(b"\r\n\r\n") + 4 : -2]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "IN_PARTS_ABOVE", 500)
    monkeypatch.setattr(multipart, "PART", 300)
    monkeypatch.setattr(multipart, "CHUNK", 100)
    monkeypatch.setattr(multipart, "LARGEST", 5000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "big.jsonl"
    found.write_bytes(CONTENT)
    return found


async def test_parts_make_the_file_and_report_progress(connect: Connect, path: Path) -> None:
    uploads, told = Uploads(), list[tuple[int, int]]()
    async with uploads.server:
        file = await connect(uploads.server.url).upload_file(str(path), progress=lambda *now: told.append(now))
    assert file.id == "file-big"
    assert uploads.whole == CONTENT
    assert uploads.begun == {
        "filename": "big.jsonl",
        "purpose": "fine-tune",
        "bytes": 1000,
        "mime_type": "text/jsonl",
    }
    assert uploads.lines == ["POST /uploads", *["POST /uploads/upload_1/parts"] * 4, "POST /uploads/upload_1/complete"]
    assert (told[0], told[-1]) == ((0, 1000), (1000, 1000))
    assert told == sorted(told)
    assert len(told) > 10


async def test_small_file_is_sent_in_one_request(connect: Connect, path: Path) -> None:
    path.write_bytes(CONTENT[:500])
    uploads = Uploads()
    async with uploads.server:
        assert (await connect(uploads.server.url).upload_file(str(path))).id == "file-whole"
    assert (uploads.lines, uploads.whole) == (["POST /files"], CONTENT[:500])


@pytest.mark.parametrize("fault", [reset(), refuse(503, "busy"), refuse(429, "slower", retry_after="1")])
async def test_failed_part_is_retried_and_counts_once(connect: Connect, path: Path, fault: Step) -> None:
    uploads = Uploads()
    uploads.faults["POST /uploads/upload_1/parts"] = [fault]
    async with uploads.server:
        assert (await connect(uploads.server.url).upload_file(str(path))).id == "file-big"
    assert uploads.whole == CONTENT
    assert uploads.lines.count("POST /uploads/upload_1/parts") == 5


@pytest.mark.parametrize(
    ("line", "faults", "error"),
    [
        ("POST /uploads/upload_1/parts", [refuse(400, "no such part")], BadRequest),
        ("POST /uploads/upload_1/parts", [refuse(500, "oops")] * 9, ServerError),
        ("POST /uploads/upload_1/parts", [reset()] * 9, Unreachable),
        ("POST /uploads/upload_1/parts", [send_json({"object": "upload.part"})], ApiError),
    ],
)
async def test_failed_upload_is_cancelled_at_the_provider(
    connect: Connect, path: Path, line: str, faults: list[Step], error: type[ApiError]
) -> None:
    uploads = Uploads()
    uploads.faults[line] = faults
    async with uploads.server:
        with pytest.raises(error):
            await connect(uploads.server.url).upload_file(str(path))
    assert uploads.lines[-1] == "POST /uploads/upload_1/cancel"
    assert uploads.whole == b""


async def test_cancelled_upload_is_cancelled_at_the_provider(connect: Connect, path: Path) -> None:
    uploads = Uploads()
    async with uploads.server:
        client: Client = connect(uploads.server.url)

        def stop(done: int, size: int) -> None:
            if done > 600:
                task.cancel()

        task = asyncio.ensure_future(client.upload_file(str(path), progress=stop))
        with pytest.raises(asyncio.CancelledError):
            await task
    assert uploads.lines[-1] == "POST /uploads/upload_1/cancel"


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_large_file_is_sent_whole_if_parts_are_unsupported(connect: Connect, path: Path, status: int) -> None:
    uploads = Uploads()
    uploads.faults["POST /uploads"] = [refuse(status, "no such route")]
    async with uploads.server:
        assert (await connect(uploads.server.url).upload_file(str(path))).id == "file-whole"
    assert uploads.whole == CONTENT


async def test_completing_an_upload_is_sent_once(connect: Connect, path: Path) -> None:
    uploads = Uploads()
    uploads.faults["POST /uploads/upload_1/complete"] = [reset()]
    async with uploads.server:
        with pytest.raises(Unreachable) as caught:
            await connect(uploads.server.url).upload_file(str(path))
    assert caught.value.ambiguous
    assert uploads.lines.count("POST /uploads/upload_1/complete") == 1
    assert "POST /uploads/upload_1/cancel" not in uploads.lines, "it may have been joined"


async def test_file_above_8_gb_is_not_sent(connect: Connect, path: Path) -> None:
    path.write_bytes(bytes(5001))
    uploads = Uploads()
    async with uploads.server:
        with pytest.raises(BadRequest, match="8 GB"):
            await connect(uploads.server.url).upload_file(str(path))
    assert uploads.lines == []
