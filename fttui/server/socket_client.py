"""Requests to a running service over its Unix socket. Standard library only, quick to import."""

import json
import os
import socket
import time
from contextlib import suppress
from typing import Any, NamedTuple

from fttui.server.home import ServiceBusy, socket_paths
from fttui.text import clean_line

CONNECT_PAUSE = 0.02
"""Seconds between two attempts to connect while the service's queue of new connections is full."""


class Info(NamedTuple):
    """Running service."""

    pid: int
    version: str
    socket: str
    started_at: float
    """Unix seconds."""


def running(home: str) -> Info | None:
    """Return the running service, or None when no service answers.

    Raises:
        ServiceBusy: a service runs, but does not answer the request.
    """
    state = status(home)
    return Info(state["pid"], state["version"], state["socket"], state["started_at"]) if state else None


def status(home: str) -> dict[str, Any] | None:
    """Return the state of the running service, or None when no service answers.

    Returns:
        The members of `Info`, `url` (null without TCP), `jobs` (counts by status) and `running_jobs` (ids).

    Raises:
        ServiceBusy: a service runs, but does not answer the request.
    """
    for path in socket_paths(home):
        answer = request(path, "GET", "/service")
        if answer is not None:
            return {**answer, "socket": path}
    return None


def request(path: str, method: str, target: str, body: bytes = b"", timeout: float = 5.0) -> dict[str, Any] | None:
    """Send one request over the socket at `path`. Return None when no service is there.

    Raises:
        ServiceBusy: a service refuses the request (5xx), or accepts the connection but does not answer in time.
    """
    if not _is_trusted(path):
        return None
    head = f"{method} {target} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = bytearray()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            _connect(connection, path, time.monotonic() + timeout)
            with suppress(BrokenPipeError):  # a refusal may arrive before the request is sent
                connection.sendall(head.encode() + body)
            while chunk := connection.recv(65536):
                answer += chunk
    except (TimeoutError, BlockingIOError):  # the second: the queue of new connections is full
        raise ServiceBusy(
            f"The service at {path} is running, but did not answer within {timeout:.0f} seconds."
        ) from None
    except OSError:
        if not answer:
            return None
    head_of_answer, _, content = bytes(answer).partition(b"\r\n\r\n")
    try:
        found = json.loads(content)
    except ValueError:
        return None
    status = head_of_answer[:20].split(b" ")[1:2]
    if status and status[0].startswith(b"5") and isinstance(found, dict) and isinstance(found.get("error"), dict):
        reason = clean_line(str(found["error"].get("message")))
        raise ServiceBusy(f"The service at {path} is running, but refused the request: {reason}")
    is_valid = status == [b"200"] and isinstance(found, dict) and "pid" in found
    return found if is_valid else None


def _connect(connection: socket.socket, path: str, deadline: float) -> None:
    """Connect to a socket. Try again while its queue of new connections is full: a Unix socket refuses these at once.

    Raises:
        BlockingIOError: the queue is still full at `deadline`, in monotonic seconds.
        OSError: nobody listens.
    """
    while True:
        try:
            return connection.connect(path)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(CONNECT_PAUSE)


def _is_trusted(path: str) -> bool:
    """Return whether the socket and its directory belong to this user."""
    try:
        return os.lstat(path).st_uid == os.lstat(os.path.dirname(path)).st_uid == os.getuid()
    except OSError:
        return False
