"""HTTP/1.1 protocol of uvicorn with time limits, limits of connections, and error envelopes for invalid requests."""

import asyncio
import json
import logging
import os
import resource
import sys
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from fttui.server.api.errors import RequestError

HEAD_TIMEOUT = 30.0
"""Seconds for a request's head to arrive."""
BODY_TIMEOUT = 60.0
"""Seconds without data after which a body is given up, and seconds for a body to arrive in addition to `LEAST_RATE`."""
LEAST_RATE = 4 << 10
"""Bytes a second that a body must have on average, so that it ends after a total time (512 MB: at most 36 hours)."""
READ_TIMEOUT = 300.0
"""Seconds for a client to read the content of a full socket buffer."""
LARGEST_HEAD = 64 << 10
MOST_CONNECTIONS = 512
"""Connections that a listener accepts at the same time, when the limit of open files allows it."""

log = logging.getLogger("fttui.server")


def uvicorn_config(app: Any) -> uvicorn.Config:
    """Return the uvicorn configuration for an application."""
    config = uvicorn.Config(
        app,
        http=HttpProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=LARGEST_HEAD,
    )
    config.load()
    return config


def most_connections() -> int:
    """Return the connections of a listener at the same time. No listener uses up the open files of another."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files // 3)


class Listener:
    """Open connections of one listener. Each counts its own, so that a flood of one does not close another."""

    def __init__(self, *, makes_room: bool = False) -> None:
        """
        Args:
            makes_room: at the limit, close the connection that has waited longest for its client instead of refusing
                the new one. For the owner's socket: idle connections of the owner's programs do not lock the owner out.
        """
        self.connections: set[HttpProtocol] = set()
        self._makes_room = makes_room

    def add(self, connection: "HttpProtocol") -> bool:
        """Add a connection. Return False if there is no room for it."""
        if len(self.connections) >= most_connections() and self._makes_room:
            waiting = [found for found in self.connections if found.waits_for_client()]
            if waiting:
                longest = min(waiting, key=lambda found: found.active_at)
                self.connections.discard(longest)
                longest.transport.close()
        self.connections.add(connection)
        return len(self.connections) <= most_connections()


class HttpProtocol(H11Protocol):
    """Connection of a client."""

    _timer: asyncio.TimerHandle | None = None
    _reading_timer: asyncio.TimerHandle | None = None
    _body_began: float | None = None
    """Time at which the body of the current request began to arrive; None without a body in progress."""
    _body_bytes = 0

    def __init__(self, *args: Any, listener: Listener, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False  # app.py writes the log, without query strings
        self._listener = listener
        self.active_at = self.loop.time()
        """Time at which the client last sent something, or got the end of an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not self._listener.add(self):
            message = "Too many connections. Try again in a moment."
            self._refuse(RequestError(503, message, type="server_error", headers={"retry-after": "1"}))
            return
        self._limit_sending(HEAD_TIMEOUT)

    def waits_for_client(self) -> bool:
        """Return whether the service waits for a request, or for the rest of one."""
        return self._is_answered() or (self.cycle.more_body and not self.flow.read_paused)

    def data_received(self, data: bytes) -> None:
        self.active_at = self.loop.time()
        super().data_received(data)
        if self.transport.is_closing():
            self._stop_timer()
        elif self._is_answered():
            # Bytes of the next head, or of a body that nobody reads any more, do not extend the time limit.
            self._body_began = None
            if self._timer is None:
                self._limit_sending(HEAD_TIMEOUT)
        elif self.cycle.more_body:
            self._limit_body(len(data))
        else:
            self._body_began = None
            self._stop_timer()

    def _limit_body(self, received: int) -> None:
        now = self.loop.time()
        if self._body_began is None:
            self._body_began, self._body_bytes = now, 0
        self._body_bytes += received
        ends = self._body_began + BODY_TIMEOUT + self._body_bytes / LEAST_RATE
        self._limit_sending(min(BODY_TIMEOUT, ends - now))

    def on_response_complete(self) -> None:
        self._body_began = None
        self._stop_timer()
        self.active_at = self.loop.time()
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if not self._is_answered() and self.cycle.more_body:
            self._limit_body(0)  # the next head, and a part of its body, arrived with this request
        elif self._is_answered() and self.conn.trailing_data[0]:
            self._limit_sending(HEAD_TIMEOUT)  # a part of the next head arrived with this request

    def pause_writing(self) -> None:
        super().pause_writing()
        self._limit_reading(READ_TIMEOUT)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._limit_reading(None)

    def _limit_reading(self, seconds: float | None) -> None:
        if self._reading_timer is not None:
            self._reading_timer.cancel()
        # Abort instead of close: closing would wait for the same slow client.
        self._reading_timer = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._limit_reading(None)
        self._listener.connections.discard(self)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer an invalid request. uvicorn calls this method when h11 raises an error."""
        error = sys.exc_info()[1]
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        if status == 431:
            self._refuse(
                RequestError(431, f"The head of the request is larger than the limit of {LARGEST_HEAD} bytes.")
            )
        else:
            self._refuse(RequestError(400, "The request is not valid HTTP."))

    def _is_answered(self) -> bool:
        """Return whether the connection waits for a request."""
        return self.cycle is None or self.cycle.response_complete

    def _limit_sending(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._time_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._is_answered():
            self._refuse(RequestError(408, "The request did not arrive in time."))
        elif self.flow.read_paused:
            self._body_began = None  # the service is slow, not the client
            self._limit_sending(BODY_TIMEOUT)
        else:
            log.info("the body of a request does not arrive in time; closing the connection")
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.transport.close()

    def _refuse(self, error: RequestError) -> None:
        """Send an error without h11, whose state may not allow an answer, and close the connection."""
        id = "req_" + os.urandom(16).hex()
        body = json.dumps(error.body()).encode()
        headers: dict[str, Any] = {
            "content-type": "application/json",
            "content-length": len(body),
            "x-request-id": id,
            "connection": "close",
            **(error.headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        log.info("invalid request: %s %d %s", error.message, error.status, id)
        self.transport.write(f"HTTP/1.1 {error.status} \r\n{head}\r\n".encode() + body)
        self.transport.close()
