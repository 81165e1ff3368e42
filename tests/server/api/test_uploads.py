"""Uploads in parts: order, limits, expiry, interruption."""

import hashlib
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.server.api import uploads
from fttui.server.api.app import create_app
from fttui.server.service import Service, open_service

CONTENT = b"".join(b"%05d " % number for number in range(2000))


async def begin(client: httpx.AsyncClient, **members: Any) -> dict[str, Any]:
    given = {"filename": "d.jsonl", "purpose": "fine-tune", "bytes": len(CONTENT), "mime_type": "text/jsonl"}
    answer = await client.post("/uploads", json={**given, **members})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def add(client: httpx.AsyncClient, upload: str, data: bytes) -> str:
    answer = await client.post(f"/uploads/{upload}/parts", files={"data": ("part", data)})
    assert answer.status_code == 200, answer.text
    assert answer.json()["object"] == "upload.part"
    assert answer.json()["upload_id"] == upload
    return answer.json()["id"]


async def end(client: httpx.AsyncClient, upload: str, parts: list[str], **members: Any) -> httpx.Response:
    return await client.post(f"/uploads/{upload}/complete", json={"part_ids": parts, **members})


def kept(service: Service) -> list[str]:
    """Return the names of all uploaded contents on the disk."""
    return [
        name for place in ("uploads", "parts", "files") for name in os.listdir(os.path.join(service.paths.home, place))
    ]


async def test_parts_become_a_file_in_the_requested_order(client: httpx.AsyncClient, service: Service) -> None:
    upload = await begin(client, expires_after={"anchor": "created_at", "seconds": 7200})
    assert upload["object"] == "upload"
    assert upload["status"] == "pending"
    assert upload["expires_at"] == upload["created_at"] + 3600
    assert upload["file"] is None
    tail, spare, head = [await add(client, upload["id"], data) for data in (CONTENT[7000:], b"spare", CONTENT[:7000])]
    checksum = hashlib.md5(CONTENT).hexdigest()
    answer = await end(client, upload["id"], [head, tail], md5=checksum.upper())
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["status"], done["id"], done["bytes"]) == ("completed", upload["id"], len(CONTENT))
    file = done["file"]
    assert (file["bytes"], file["filename"], file["purpose"]) == (len(CONTENT), "d.jsonl", "fine-tune")
    assert file["expires_at"] == file["created_at"] + 7200
    assert (await client.get(f"/files/{file['id']}")).json() == file
    assert (await client.get(f"/files/{file['id']}/content")).content == CONTENT
    assert kept(service) == [file["id"]], spare


async def test_an_upload_is_no_file_before_it_is_completed(client: httpx.AsyncClient, service: Service) -> None:
    upload = await begin(client)
    part = await add(client, upload["id"], CONTENT)
    assert (await client.get("/files")).json()["data"] == []
    for path in (part, upload["id"]):
        assert (await client.get(f"/files/{path}/content")).status_code == 404
    for parts, members, param in (
        ([], {}, "part_ids"),
        ([part, part], {}, "part_ids"),
        (["part_x"], {}, "part_ids"),
        ("part_x", {}, "part_ids"),
        (None, {}, "part_ids"),
        ([part], {"md5": "0" * 32}, "md5"),
        ([part], {"md5": 7}, "md5"),
        ([part], {"more": 7}, "more"),
    ):
        answer = await end(client, upload["id"], parts, **members)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), answer.text
    assert kept(service) == [part]
    assert (await end(client, upload["id"], [part])).status_code == 200


async def test_a_size_different_from_the_announced_size_is_refused(client: httpx.AsyncClient, service: Service) -> None:
    upload = await begin(client)
    part = await add(client, upload["id"], CONTENT[:-1])
    answer = await end(client, upload["id"], [part])
    assert answer.status_code == 400
    assert f"{len(CONTENT) - 1} bytes" in answer.json()["error"]["message"]
    rest = await add(client, upload["id"], CONTENT[-1:])
    assert (await end(client, upload["id"], [part, rest])).json()["status"] == "completed"


async def test_a_part_of_another_upload_is_refused(client: httpx.AsyncClient) -> None:
    one, two = await begin(client), await begin(client)
    part = await add(client, one["id"], CONTENT)
    assert (await end(client, two["id"], [part])).status_code == 400
    assert (await end(client, one["id"], [part])).status_code == 200


@pytest.mark.parametrize("ending", ["complete", "cancel"])
async def test_an_ended_upload_refuses_changes(client: httpx.AsyncClient, service: Service, ending: str) -> None:
    upload = await begin(client)
    part = await add(client, upload["id"], CONTENT)
    path = f"/uploads/{upload['id']}"
    if ending == "cancel":
        assert (await client.post(f"{path}/cancel")).json()["status"] == "cancelled"
        assert kept(service) == []
    else:
        assert (await end(client, upload["id"], [part])).status_code == 200
    before = kept(service)
    answers = [
        await end(client, upload["id"], [part]),
        await client.post(f"{path}/cancel"),
        await client.post(f"{path}/parts", files={"data": CONTENT}),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert f'"{ending.rstrip("e")}' in answer.json()["error"]["message"]
    assert kept(service) == before


async def test_an_upload_expires_with_its_parts(client: httpx.AsyncClient, service: Service, monkeypatch: Any) -> None:
    upload = await begin(client)
    await add(client, upload["id"], CONTENT)
    now = service.now()
    monkeypatch.setattr(type(service.clock), "now", lambda clock: now + 3600)
    answer = await client.post(f"/uploads/{upload['id']}/parts", files={"data": b"x"})
    assert answer.status_code == 400
    assert '"expired"' in answer.json()["error"]["message"]
    service.remove_expired()
    assert kept(service) == []
    record = service.database.uploads.get(upload["id"])
    assert record is not None
    assert record.status == "expired"


async def test_expired_files_are_removed_from_the_disk(
    client: httpx.AsyncClient, service: Service, monkeypatch: Any
) -> None:
    upload = await begin(client, expires_after={"anchor": "created_at", "seconds": 3600})
    part = await add(client, upload["id"], CONTENT)
    file = (await end(client, upload["id"], [part])).json()["file"]["id"]
    service.remove_expired()
    assert kept(service) == [file]
    now = service.now()
    monkeypatch.setattr(type(service.clock), "now", lambda clock: now + 3601)
    assert (await client.get(f"/files/{file}")).status_code == 404
    service.remove_expired()
    assert kept(service) == []


async def test_invalid_upload_requests_are_refused(client: httpx.AsyncClient) -> None:
    given = {"filename": "d", "purpose": "fine-tune", "bytes": 1, "mime_type": "text/plain"}
    invalid: list[tuple[dict[str, Any], str]] = [
        ({"bytes": None}, "bytes"),
        ({"bytes": 0}, "bytes"),
        ({"bytes": (8 << 30) + 1}, "bytes"),
        ({"bytes": "7"}, "bytes"),
        ({"bytes": True}, "bytes"),
        ({"filename": None}, "filename"),
        ({"filename": 7}, "filename"),
        ({"mime_type": None}, "mime_type"),
        ({"purpose": "fun"}, "purpose"),
        ({"purpose": None}, "purpose"),
        ({"more": 1}, "more"),
        ({"expires_after": {"anchor": "created_at"}}, "expires_after.seconds"),
        ({"expires_after": {"anchor": "birth", "seconds": 3600}}, "expires_after.anchor"),
        ({"expires_after": 7}, "expires_after"),
    ]
    for members, param in invalid:
        answer = await client.post("/uploads", json={**given, **members})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), members


async def test_hostile_upload_names_are_never_used_as_paths(client: httpx.AsyncClient, service: Service) -> None:
    body = b'{"filename": "../../\\ud800\\u0007etc", "purpose": "fine-tune", "bytes": 1, "mime_type": "x"}'
    answer = await client.post("/uploads", content=body)
    assert answer.status_code == 200, answer.text
    upload = answer.json()["id"]
    part = await add(client, upload, b"1")
    file = (await end(client, upload, [part])).json()["file"]
    assert "etc" in file["filename"]
    assert kept(service) == [file["id"]]


async def test_unknown_uploads_and_invalid_parts_are_refused(client: httpx.AsyncClient, service: Service) -> None:
    for path in ("parts", "complete", "cancel"):
        answer = await client.post(f"/uploads/upload_x/{path}", json={})
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, "No such Upload object: upload_x")
    upload = (await begin(client))["id"]
    for files in ({"file": b"x"}, {}):
        answer = await client.post(f"/uploads/{upload}/parts", data={"a": "b"}, files=files)
        assert answer.status_code == 400
    assert (await client.post(f"/uploads/{upload}/parts", content=b"x")).status_code == 400
    assert kept(service) == []


async def test_parts_above_the_limits_are_refused(
    client: httpx.AsyncClient, service: Service, monkeypatch: Any
) -> None:
    monkeypatch.setattr(uploads, "LARGEST_PART", 100)
    monkeypatch.setattr(uploads, "LARGEST_UPLOAD", 150)
    upload = (await begin(client, bytes=120))["id"]
    path = f"/uploads/{upload}/parts"
    assert (await client.post(path, files={"data": b"x" * 101})).status_code == 413
    assert kept(service) == []
    part = await add(client, upload, b"x" * 100)
    answer = await client.post(path, files={"data": b"x" * 60})
    assert answer.status_code == 400
    assert "more than 150 bytes" in answer.json()["error"]["message"]
    assert kept(service) == [part]


async def test_an_upload_continues_after_a_killed_service(
    client: httpx.AsyncClient, service: Service, home: str
) -> None:
    upload = (await begin(client))["id"]
    part = await add(client, upload, CONTENT[:5000])
    # Leftovers of a kill while a part was received and while parts were joined.
    for half in ("uploads/part_half", "parts/part_never_said", "uploads/file-half", "files/file-never-accepted"):
        Path(home, half).write_bytes(b"half")
    again = open_service(home)
    try:
        assert kept(again) == [part]
        transport = httpx.ASGITransport(create_app(again))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as other:
            rest = await add(other, upload, CONTENT[5000:])
            file = (await end(other, upload, [part, rest])).json()["file"]["id"]
            assert (await other.get(f"/files/{file}/content")).content == CONTENT
        assert kept(again) == [file]
    finally:
        again.runner.close(save=True)
        again.database.close()


async def test_range_requests_return_a_part_of_a_file(client: httpx.AsyncClient) -> None:
    file = (await client.post("/files", data={"purpose": "batch"}, files={"file": ("x", CONTENT)})).json()["id"]
    path = f"/files/{file}/content"

    async def ask(value: str) -> httpx.Response:
        return await client.get(path, headers={"Range": value})

    some = await ask("bytes=10-19")
    assert (some.status_code, some.content) == (206, CONTENT[10:20])
    for nonsense in ("", "bytes", "bytes=", "lines=1-2", "bytes=9-3", "bytes=a-b"):
        whole = await ask(nonsense)
        assert (whole.status_code, whole.content) == (200, CONTENT), nonsense
    beyond = await ask(f"bytes={len(CONTENT)}-")
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(CONTENT)}"
    assert beyond.json()["error"]["type"] == "invalid_request_error"
