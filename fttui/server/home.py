"""Home directory of the service: its paths, and its creation. Standard library only, quick to import."""

import json
import os
import stat
from contextlib import suppress
from typing import Any

from fttui.own_files import others_can_write

_LONGEST_SOCKET_PATH = 100
"""Bytes that every system accepts in the path of a socket (Linux 107, macOS 103)."""


class ServiceError(Exception):
    """Failure to reach, start or stop the service. The message says what happened, why, and what to do."""


class ServiceBusy(ServiceError):
    """Refusal of a request by a service that is running, or no answer from it in time."""


def make_home(home: str) -> None:
    """Create the home directory, and missing directories above it, for their owner only.

    Raises:
        ServiceError: the directory cannot be created, or other users can write to it.
    """
    missing = []
    parent = os.path.abspath(home)
    while not os.path.isdir(parent) and parent != os.path.dirname(parent):
        missing.append(parent)
        parent = os.path.dirname(parent)
    try:
        for directory in reversed(missing):  # os.makedirs applies the mode to the last directory only
            with suppress(FileExistsError):
                os.mkdir(directory, 0o700)
        os.listdir(home)
    except OSError as error:
        raise ServiceError(
            f"Cannot create the service directory {home}: {error.strerror}.\n"
            "Set FTTUI_DATA_DIR to a directory that can be created."
        ) from None
    if reason := others_can_write(home):
        raise ServiceError(
            f"The service directory {home} is refused: {reason}.\n"
            f"Make it private (chmod go-w {home}), or set FTTUI_DATA_DIR to a different directory."
        )


def lock_path(home: str) -> str:
    """Return the path of the lock, which the service holds as long as it runs."""
    return os.path.join(home, "lock")


def log_path(home: str) -> str:
    return os.path.join(home, "service.log")


def settings_path(home: str) -> str:
    return os.path.join(home, "settings.json")


def starting_path(home: str) -> str:
    """Return the path of the file that changes while a starting service checks or repairs its database."""
    return os.path.join(home, "starting")


def service_file_path(home: str) -> str:
    """Return the path of `service.json`, in which a running service states its pid, version, socket and machine."""
    return os.path.join(home, "service.json")


def read_service_file(home: str) -> dict[str, Any]:
    """Return the content of `service.json`; an empty dictionary when it is missing or invalid."""
    try:
        with open(service_file_path(home), encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def notices(home: str) -> tuple[str, ...]:
    """Return the messages for the user that the service found at its start, such as a rebuilt database."""
    found = read_service_file(home).get("notices")
    return tuple(str(notice) for notice in found) if isinstance(found, list) else ()


def socket_paths(home: str) -> list[str]:
    """Return the possible paths of the socket: the path in `service.json` first, then the paths that are tried."""
    stated = read_service_file(home).get("socket")
    paths = [stated, home_socket_path(home), temporary_socket_path(home)]
    return [path for path in dict.fromkeys(paths) if isinstance(path, str) and is_short_enough(path)]


def home_socket_path(home: str) -> str:
    return os.path.join(home, "socket")


def temporary_socket_path(home: str) -> str:
    """Return the path of the socket when it cannot be in the home directory.

    The path is in a directory of the user below the directory for temporary files.
    """
    temporary = os.environ.get("TMPDIR") or "/tmp"
    directory = os.path.join(temporary, f"fttui-{os.getuid()}")
    if len(os.fsencode(directory)) > _LONGEST_SOCKET_PATH - 20:
        directory = f"/tmp/fttui-{os.getuid()}"
    from hashlib import sha256  # late: importing it takes a millisecond

    return os.path.join(directory, sha256(os.fsencode(os.path.realpath(home))).hexdigest()[:12])


def is_short_enough(path: str) -> bool:
    """Return whether a socket can have this path."""
    return len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH


def is_private(path: str) -> bool:
    """Return whether a path is a directory of this user that no other user can access."""
    found = os.lstat(path)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
