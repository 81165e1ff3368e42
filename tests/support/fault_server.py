"""HTTP server on the loopback address with faults, controlled by a script.

A step answers one request. A script is a list of steps, one for each request in turn (the last step serves all further
requests), or a function from request to step.
"""

import asyncio
import json
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    """Path and query as received."""
    headers: dict[str, str]
    """Values by lower-case name."""
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Line:
    """Connection of a request."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Reset the connection: the client gets ECONNRESET."""
        found = self.writer.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Wait until the client closes the connection."""
        while await self.reader.read(4096):
            pass


Step = Callable[[Request, Line], Awaitable[None]]
Script = Callable[[Request], Step]


def answer(status: int = 200, body: bytes | str = b"", **headers: str) -> Step:
    """Send a whole response. `_` in a header name stands for `-`. A given content_length is sent unchanged."""
    content = body.encode() if isinstance(body, str) else body

    async def step(_: Request, line: Line) -> None:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given.setdefault("content-length", str(len(content)))
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        await line.send(f"HTTP/1.1 {status} Some Words\r\n{head}\r\n".encode() + content)

    return step


def send_json(value: Any, status: int = 200, **headers: str) -> Step:
    return answer(status, json.dumps(value), content_type="application/json", **headers)


def refuse(status: int, message: str = "no", code: Any = None, **headers: str) -> Step:
    """Send an error in OpenAI's format."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return send_json({"error": error}, status, **headers)


def raw(data: bytes) -> Step:
    """Send bytes, HTTP or not, and close the connection."""

    async def step(_: Request, line: Line) -> None:
        await line.send(data)
        line.writer.close()

    return step


def cut(body: bytes = b'{"object": "list", "data": [', *, missing: int = 100, packed: bool = False) -> Step:
    """Send a response that is shorter than its content length."""
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body) + missing}\r\n".encode()
    return raw(head + (b"content-encoding: gzip\r\n\r\n" if packed else b"\r\n") + body)


def reset() -> Step:
    """Reset the connection after the request."""

    async def step(_: Request, line: Line) -> None:
        line.reset()

    return step


def hang_up() -> Step:
    """Close the connection after the request, without a response."""
    return raw(b"")


def silence() -> Step:
    """Send no response and keep the connection open."""

    async def step(_: Request, line: Line) -> None:
        await line.gone()

    return step


def drip(body: bytes = b" " * 10_000, *, every: float = 0.02) -> Step:
    """Send one byte every few milliseconds, until the client closes the connection."""

    async def step(_: Request, line: Line) -> None:
        await line.send(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n".encode())
        for index in range(len(body)):
            await line.send(body[index : index + 1])
            await asyncio.sleep(every)

    return step


def drip_head(*, every: float = 0.02) -> Step:
    """Send the head of a response one byte every few milliseconds, until the client closes the connection."""

    async def step(_: Request, line: Line) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nx: " + b"x" * 10_000:
            await line.send(bytes([byte]))
            await asyncio.sleep(every)

    return step


def flood(piece: bytes, times: int) -> Step:
    """Send the same piece many times, as one body."""

    async def step(_: Request, line: Line) -> None:
        await line.send(f"HTTP/1.1 200 OK\r\ncontent-length: {len(piece) * times}\r\n\r\n".encode())
        for _ in range(times):
            await line.send(piece)

    return step


def after(effect: Callable[[Request], object], then: Step) -> Step:
    """Call `effect` with the request, then run the step `then`."""

    async def step(request: Request, line: Line) -> None:
        effect(request)
        await then(request, line)

    return step


@dataclass
class FaultServer:
    """Server on a free loopback port between `start` and `stop`. Records all requests."""

    script: Script
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    tls: ssl.SSLContext | None = None

    @property
    def origin(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    async def start(self) -> None:
        self._open: set[asyncio.Task[Any]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=2**20, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def __aenter__(self) -> "FaultServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            while (request := await _request(reader, writer)) is not None:
                self.requests.append(request)
                await self.script(request)(request, Line(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._open.discard(task)


TLS = b"\x16"
"""First byte of a handshake. A server without TLS refuses it at once; a line of HTTP may never come."""


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    if writer.is_closing():
        return None
    first = await reader.readexactly(1)
    if first == TLS:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        return None
    first += await reader.readline()
    if not first.strip():
        return None
    method, target, _ = first.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (row := (await reader.readline()).decode("latin-1").strip()) != "":
        name, _, value = row.partition(":")
        headers[name.strip().lower()] = value.strip()
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int((await reader.readline()).strip() or b"0", 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body)


def steps(*given: Step) -> Script:
    """Return a script with one step for each request in turn. The last step serves all further requests."""
    waiting = list(given)

    def script(_: Request) -> Step:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return script


def serving(*given: Step) -> FaultServer:
    """Return a server with one step for each request in turn."""
    return FaultServer(steps(*given))


@contextmanager
def in_thread(server: FaultServer) -> Iterator[FaultServer]:
    """Run the server in a thread with its own event loop, for blocking clients."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
