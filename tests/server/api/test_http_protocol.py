"""HTTP connections: invalid, large and slow requests, and the request log."""

import asyncio
import heapq
import json
import logging
from collections.abc import AsyncIterator, Callable
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
    listener = http_protocol.Listener()
    server = await asyncio.get_running_loop().create_server(
        lambda: http_protocol.HttpProtocol(config, state, {}, listener=listener), "127.0.0.1", 0
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


@pytest.mark.parametrize("length", ["5", "0", "100"])
async def test_a_request_with_two_lengths_is_refused_and_its_connection_closed(port: int, length: str) -> None:
    both = head("POST /v1/uploads", content_length=length, transfer_encoding="chunked", content_type="application/json")
    hidden = head("GET /v1/models")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(both + b"0\r\n\r\n" + hidden)
    async with asyncio.timeout(60):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"both Content-Length and Transfer-Encoding" in answer
    assert answer.count(b"HTTP/1.1") == 1, "what follows is not read as a request"
    writer.close()


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


class FakeTimers:
    """Event loop with timers that run only on request. Everything else is the running loop."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, int, asyncio.Handle]] = []
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, callback: Callable[..., None], *args: Any) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self._loop)
        heapq.heappush(self._waiting, (self.now + seconds, len(self._waiting), handle))
        return handle

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self._waiting and self._waiting[0][0] <= end:
            self.now, _, handle = heapq.heappop(self._waiting)
            if not handle.cancelled():
                handle._run()
        self.now = end


class FakeTransport(asyncio.Transport):
    """Connection that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class TimedConnection:
    """Connection to the service without a network, under fake timers."""

    def __init__(self, service: Service, listener: http_protocol.Listener | None = None, now: float = 0.0) -> None:
        self.timers = FakeTimers()
        self.timers.now = now
        self.transport = FakeTransport()
        self.state = ServerState()
        config = http_protocol.uvicorn_config(create_app(service, api_key([KEY])))
        self.protocol = http_protocol.HttpProtocol(
            config, self.state, {}, _loop=self.timers, listener=listener or http_protocol.Listener()
        )
        self.protocol.connection_made(self.transport)

    async def send(self, data: bytes) -> None:
        self.protocol.data_received(data)
        await asyncio.sleep(0)

    async def answer(self) -> bytes:
        """Return what the service has written when all requests are answered."""
        await asyncio.gather(*self.state.tasks)
        return self.transport.written

    async def trickle(self, data: bytes, *, at_most: int) -> int:
        """Send a byte a second until the connection is closed. Return the seconds that it took."""
        for second in range(at_most):
            if self.transport.is_closed:
                return second
            await self.send(data[second % len(data) :][:1])
            self.timers.advance(1)
        return at_most

    async def end(self) -> None:
        self.protocol.connection_lost(None)
        await asyncio.gather(*self.state.tasks, return_exceptions=True)


FORM = {"content_type": "multipart/form-data; boundary=x", "content_length": "100000"}


async def test_a_head_of_one_byte_a_second_ends_after_the_time_of_a_head(service: Service) -> None:
    connection = TimedConnection(service)
    assert await connection.trickle(b"GET /" + b"x" * 200, at_most=200) == http_protocol.HEAD_TIMEOUT
    assert b"HTTP/1.1 408 " in connection.transport.written
    await connection.end()


async def test_a_body_of_one_byte_a_second_ends_after_a_total_time(service: Service) -> None:
    connection = TimedConnection(service)
    await connection.send(head("POST /v1/files", **FORM))
    assert http_protocol.BODY_TIMEOUT <= await connection.trickle(b"z", at_most=300) <= http_protocol.BODY_TIMEOUT + 2
    await connection.end()


@pytest.mark.parametrize("follows", [b"", b"z"], ids=["nothing", "one byte a second"])
async def test_the_body_of_a_refused_request_ends_after_a_total_time(service: Service, follows: bytes) -> None:
    connection = TimedConnection(service)
    await connection.send(head("POST /v1/files", authorization="Bearer sk-wrong", **FORM))
    assert b"HTTP/1.1 401 " in connection.transport.written
    if follows:
        assert await connection.trickle(follows, at_most=300) <= http_protocol.HEAD_TIMEOUT
    else:
        connection.timers.advance(80)
    assert connection.transport.is_closed
    await connection.end()


async def test_a_large_body_at_the_least_rate_is_read_to_its_end(service: Service) -> None:
    connection = TimedConnection(service)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        + b"z" * (1 << 20)
        + b"\r\n--x--\r\n"
    )
    await connection.send(head("POST /v1/files", **{**FORM, "content_length": str(len(body))}))
    for place in range(0, len(body), http_protocol.LEAST_RATE):
        assert not connection.transport.is_closed
        connection.timers.advance(1)
        await connection.send(body[place : place + http_protocol.LEAST_RATE])
    assert b"HTTP/1.1 200 " in await connection.answer()
    await connection.end()


async def test_a_body_that_follows_another_request_at_once_ends_after_a_total_time(service: Service) -> None:
    connection = TimedConnection(service)
    await connection.send(head("GET /v1/nothing") + head("POST /v1/files", **FORM) + b"--x")
    while b"HTTP/1.1 404 " not in connection.transport.written:
        await asyncio.sleep(0)
    connection.timers.advance(http_protocol.BODY_TIMEOUT)
    assert connection.transport.is_closed
    await connection.end()


async def test_each_listener_counts_its_own_connections(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "MOST_CONNECTIONS", 2)
    tcp = http_protocol.Listener()
    flood = [TimedConnection(service, tcp) for _ in range(3)]
    assert [b" 503 " in connection.transport.written for connection in flood] == [False, False, True]
    owner = TimedConnection(service)
    await owner.send(head("GET /v1/nothing"))
    assert b"HTTP/1.1 404 " in await owner.answer()
    for connection in (*flood, owner):
        await connection.end()
    assert not tcp.connections, "closed connections are no longer counted"


async def test_a_full_socket_closes_the_connection_that_waited_longest(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "MOST_CONNECTIONS", 4)
    socket = http_protocol.Listener(makes_room=True)
    answered, half_head, half_body, silent = (TimedConnection(service, socket, now=number) for number in range(4))
    for connection, data in (
        (answered, head("GET /v1/models")),
        (half_head, b"GET /v1/mod"),
        (half_body, head("POST /v1/files", **FORM) + b"--x"),
    ):
        await connection.send(data)
    assert b" 200 " in await answered.answer()
    answered.timers.advance(9)
    await answered.send(head("GET /v1/models"))  # the latest request
    closed = []
    for number in range(10, 14):
        owner = TimedConnection(service, socket, now=number)
        assert b" 503 " not in owner.transport.written
        closed.append([found.transport.is_closed for found in (answered, half_head, half_body, silent)].count(True))
        if number == 10:
            assert half_head.transport.is_closed
            assert b"200 OK" in await answered.answer(), "a request in progress is answered"
    assert closed == [1, 2, 3, 4]
    for found in (answered, half_head, half_body, silent, *socket.connections):
        await (found.end() if isinstance(found, TimedConnection) else asyncio.sleep(0))


async def test_a_socket_full_of_requests_in_progress_refuses(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "MOST_CONNECTIONS", 1)
    socket = http_protocol.Listener(makes_room=True)
    busy = TimedConnection(service, socket)
    busy.protocol.data_received(head("GET /v1/models"))  # not answered before the event loop runs
    refused = TimedConnection(service, socket)
    assert b" 503 " in refused.transport.written
    assert b"200 OK" in await busy.answer()
    await busy.end()
    await refused.end()


def test_the_limit_of_connections_leaves_open_files_for_other_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol.resource, "getrlimit", lambda kind: (256, 4096))
    assert http_protocol.most_connections() == 85
    monkeypatch.setattr(http_protocol.resource, "getrlimit", lambda kind: (http_protocol.resource.RLIM_INFINITY,) * 2)
    assert http_protocol.most_connections() == http_protocol.MOST_CONNECTIONS


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
