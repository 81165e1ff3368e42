"""HTTP/1.1 as uvicorn speaks it, with limits of time and number, and the API's envelope for what cannot be read."""

import asyncio
import json
import logging
import os
import sys
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from fttui.server.api.errors import Refused

HEAD_TIMEOUT = 30.0
"""Seconds in which a request's head must have come."""
BODY_TIMEOUT = 60.0
"""Seconds that a body may pause."""
READ_TIMEOUT = 300.0
"""Seconds in which a client must take in what it was sent, at least a socket's buffer full."""
LARGEST_HEAD = 64 << 10
MOST_CONNECTIONS = 512

log = logging.getLogger("fttui.server")


def config_of(app: Any) -> uvicorn.Config:
    """How uvicorn is to serve an application here."""
    config = uvicorn.Config(
        app,
        http=Protocol,
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


class Protocol(H11Protocol):
    """One connection."""

    _timer: asyncio.TimerHandle | None = None
    _reader: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False  # app.py keeps the log, and without queries

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            message = "The service has more connections than it can serve. Try again in a moment."
            self._refuse(Refused(503, message, type="server_error", headers={"retry-after": "1"}))
            return
        self._arm(HEAD_TIMEOUT)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            self._disarm()
        elif self._is_answered():
            # Bytes of the next head: it has the time that is left, not more with each byte.
            if self._timer is None:
                self._arm(HEAD_TIMEOUT)
        elif self.cycle.more_body:
            self._arm(BODY_TIMEOUT)
        else:
            self._disarm()

    def on_response_complete(self) -> None:
        self._disarm()
        super().on_response_complete()
        if not self.transport.is_closing() and self._is_answered() and self.conn.trailing_data[0]:
            self._arm(HEAD_TIMEOUT)  # the next head began to come with this request

    def pause_writing(self) -> None:
        super().pause_writing()
        self._arm_reader(READ_TIMEOUT)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._arm_reader(None)

    def _arm_reader(self, seconds: float | None) -> None:
        if self._reader is not None:
            self._reader.cancel()
        # Aborted, not closed: closing would wait for the same reader.
        self._reader = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._arm_reader(None)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls when h11 cannot read the request."""
        why = sys.exc_info()[1]
        status = why.error_status_hint if isinstance(why, h11.RemoteProtocolError) else 400
        if status == 431:
            self._refuse(Refused(431, f"The head of the request is larger than {LARGEST_HEAD} bytes."))
        else:
            self._refuse(Refused(400, "The request is no HTTP that could be read."))

    def _is_answered(self) -> bool:
        """Whether no request is on its way: the first has not begun, or the last was answered."""
        return self.cycle is None or self.cycle.response_complete

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._is_answered():
            self._refuse(Refused(408, "The request did not come in time."))
        elif self.flow.read_paused:
            self._arm(BODY_TIMEOUT)  # it is the service that takes its time
        else:
            log.info("a request's body paused for %.0f s and was given up", BODY_TIMEOUT)
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.transport.close()

    def _refuse(self, refused: Refused) -> None:
        """Answer in the API's words, past h11, whose state may be none to answer in; and close."""
        id = "req_" + os.urandom(16).hex()
        body = json.dumps(refused.body()).encode()
        headers: dict[str, Any] = {
            "content-type": "application/json",
            "content-length": len(body),
            "x-request-id": id,
            "connection": "close",
            **(refused.headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        log.info("no request: %s %d %s", refused.message, refused.status, id)
        self.transport.write(f"HTTP/1.1 {refused.status} \r\n{head}\r\n".encode() + body)
        self.transport.close()
