"""Requests to a running service over its Unix socket. Standard library only, quick to import."""

import json
import os
import socket
from typing import Any, NamedTuple

from fttui.server.home import socket_paths


class Info(NamedTuple):
    """Running service."""

    pid: int
    version: str
    socket: str
    started_at: float
    """Unix seconds."""


def running(home: str) -> Info | None:
    """Return the running service, or None when no service answers."""
    state = status(home)
    return Info(state["pid"], state["version"], state["socket"], state["started_at"]) if state else None


def status(home: str) -> dict[str, Any] | None:
    """Return the state of the running service, or None when no service answers.

    Returns:
        The members of `Info`, `url` (null without TCP), `jobs` (counts by status) and `running_jobs` (ids).
    """
    for path in socket_paths(home):
        answer = request(path, "GET", "/service")
        if answer is not None:
            return {**answer, "socket": path}
    return None


def request(path: str, method: str, target: str, body: bytes = b"", timeout: float = 5.0) -> dict[str, Any] | None:
    """Send one request over the socket at `path`. Return None when there is no valid answer of a service."""
    if not _is_trusted(path):
        return None
    head = f"{method} {target} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = bytearray()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(path)
            connection.sendall(head.encode() + body)
            while chunk := connection.recv(65536):
                answer += chunk
    except OSError:
        return None
    head_of_answer, _, content = bytes(answer).partition(b"\r\n\r\n")
    try:
        found = json.loads(content)
    except ValueError:
        return None
    is_valid = b" 200 " in head_of_answer[:20] + b" " and isinstance(found, dict) and "pid" in found
    return found if is_valid else None


def _is_trusted(path: str) -> bool:
    """Return whether the socket and its directory belong to this user."""
    try:
        return os.lstat(path).st_uid == os.lstat(os.path.dirname(path)).st_uid == os.getuid()
    except OSError:
        return False
