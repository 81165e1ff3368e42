"""HTTP connections: invalid, large and slow requests, and the request log."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from uvicorn.server import ServerState

from fttui.server.api import http_protocol
from fttui.server.api.access import api_key
from fttui.server.api.app import create_app
from fttui.server.service import Service
from tests.server.conftest import add_file

KEY = "sk-very-secret"


@pytest.fixture
def state() -> ServerState:
    return ServerState()


@pytest.fixture
async def port(service: Service, state: ServerState) -> AsyncIterator[int]:
    """Port of the service, served in the event loop of the test."""
    config = http_protocol.uvicorn_config(create_app(service, api_key([KEY])))
    server = await asyncio.get_running_loop().create_server(
        lambda: http_protocol.HttpProtocol(config, state, {}), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1]
    server.close()
    for connection in list(state.connections):
        connection.transport.abort()  # type: ignore[union-attr]
    await asyncio.gather(*state.tasks, return_exceptions=True)


async def send(port: int, data: bytes, *, end: bool = False) -> tuple[int, dict[str, str], Any]:
    """Send bytes. Return the status, the headers and the JSON of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        await writer.drain()
        if end:
            writer.write_eof()
        async with asyncio.timeout(60):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            body = await reader.readexactly(int(headers["content-length"]))
        return int(lines[0].split()[1]), headers, json.loads(body)
    finally:
        writer.close()


def head(line: str, **headers: str) -> bytes:
    given = {
        "host": "x",
        "authorization": f"Bearer {KEY}",
        **{name.replace("_", "-"): v for name, v in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in given.items()]
    return "\r\n".join([f"{line} HTTP/1.1", *lines, "", ""]).encode()


async def test_a_valid_request_is_answered(port: int) -> None:
    status, headers, body = await send(port, head("GET /v1/models"))
    assert (status, body["data"][0]["id"]) == (200, "base-1")
    assert headers["x-request-id"].startswith("req_")


INVALID: list[tuple[bytes, int]] = [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    (b"hello there\r\n\r\n", 400),
    (b"GET /v1/models HTTP/1.1\r\n\r\n", 400),
    (b"GET /v1/models HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400),
    (b"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: -7\r\n\r\n", 400),
    (b"GET / HTTP/x\r\nHost: x\r\n\r\n", 400),
    (b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX: " + b"y" * (80 << 10), 431),
    (b"GET /" + b"y" * (80 << 10), 431),
    (head("GET /v1/../../etc/passwd"), 404),
    (head("GET /v1/files/..%2f..%2fservice.db/content"), 404),
    (head("GET /v1/files/%2e%2e/content"), 404),
    (head("GET /v1/models/%00"), 404),
    (head("GET /v1/fine_tuning/jobs/%ff%fe"), 404),
    (head("BREW /v1/models"), 404),
    (head("POST /v1/fine_tuning/jobs", content_length=str(2 << 20)), 413),
    (head("POST /v1/files", content_length=str(1 << 40), content_type="multipart/form-data; boundary=x"), 413),
    (b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", 401),
]


async def test_invalid_requests_get_error_envelopes(port: int) -> None:
    for data, expected in INVALID:
        status, headers, body = await send(port, data)
        assert status == expected, body
        assert set(body) >= {"error"}
        assert set(body["error"]) == {"message", "type", "param", "code"}
        assert headers["x-request-id"].startswith("req_")
        assert headers["content-type"] == "application/json"
        assert KEY not in str(body)


@pytest.mark.parametrize("data", [b"", b"GET /v1/mod", head("GET /v1/models") + b"GET /v1/mo"])
async def test_an_incomplete_head_times_out(port: int, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    async with asyncio.timeout(60):
        answer = await reader.read()
    assert b"HTTP/1.1 408 " in answer
    assert b"did not arrive in time" in answer
    writer.close()


async def test_a_stalled_body_closes_the_connection_and_leaves_no_file(
    port: int, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setattr(http_protocol, "BODY_TIMEOUT", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
    kind = "multipart/form-data; boundary=x"
    writer.write(head("POST /v1/files", content_length="1000", content_type=kind) + form)
    async with asyncio.timeout(60):
        assert await reader.read() == b""
        while os.listdir(service.paths.uploads):
            await asyncio.sleep(0.005)
    writer.close()
    assert os.listdir(service.paths.files) == []
    status, _, _ = await send(port, head("GET /v1/models"))
    assert status == 200


async def test_a_slow_but_steady_body_is_accepted(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT", 0.2)
    monkeypatch.setattr(http_protocol, "BODY_TIMEOUT", 5.0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"z" * 30 + b"\r\n--x--\r\n"
    )
    kind = "multipart/form-data; boundary=x"
    writer.write(head("POST /v1/files", content_length=str(len(body)), content_type=kind))
    loop = asyncio.get_running_loop()
    until = loop.time() + 0.4
    for place in range(0, len(body), 8):
        writer.write(body[place : place + 8])
        await writer.drain()
        await asyncio.sleep(max(0.0, min(0.02, until - loop.time())))
    async with asyncio.timeout(60):
        assert b" 200 " in await reader.readuntil(b"\r\n")
    writer.close()


async def test_a_client_that_does_not_read_is_disconnected(
    port: int, state: ServerState, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "READ_TIMEOUT", 0.2)
    file = add_file(service, b"x" * (32 << 20))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(head(f"GET /v1/files/{file}/content"))
    async with asyncio.timeout(60):
        await reader.readuntil(b"\r\n")
        while state.connections:
            await asyncio.sleep(0.01)
    writer.close()
    status, _, _ = await send(port, head("GET /v1/models"))
    assert status == 200


async def test_connections_above_the_limit_get_503(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "MOST_CONNECTIONS", 1)
    _, first = await asyncio.open_connection("127.0.0.1", port)
    first.write(head("GET /v1/models"))
    status, headers, _ = await send(port, b"")
    assert (status, headers["retry-after"]) == (503, "1")
    first.close()


async def test_the_log_has_request_ids_but_no_keys_or_bodies(port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    body = b'{"model": "base-1", "training_file": "file-secret-body", "suffix": "hush"}'
    lengths = {"content_length": str(len(body)), "content_type": "application/json"}
    answers = [
        await send(port, head("GET /v1/models?api_key=sk-in-the-query")),
        await send(port, head("POST /v1/fine_tuning/jobs", **lengths) + body),
        await send(port, b"nonsense sk-nonsense\r\n\r\n"),
        await send(port, b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-wrong\r\n\r\n"),
        await send(port, head("GET /v1/%1b[31mred%0aline")),
    ]
    for _, headers, _ in answers:
        assert [line for line in caplog.messages if headers["x-request-id"] in line]
    log = caplog.text
    for secret in ("sk-", "file-secret-body", "hush", "\x1b"):
        assert secret not in log
    assert "red\nline" not in log
