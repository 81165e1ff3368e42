"""The service's home directory, as the service and those outside of it see it: paths, the lock, whose it is.

Standard library only and quick to import.
"""

import fcntl
import json
import os
import socket
import stat
from contextlib import suppress

HEARTBEAT = 10
"""Seconds between two signs of life of a service, on its card."""

_LONGEST_PATH = 100
"""Bytes of a socket's path that every system takes (Linux 107, macOS 103)."""


class ServiceError(Exception):
    """The service could not be reached, started or stopped. The message says what, why, and what to do next."""


def make_home(home: str) -> None:
    """Make the service's directory, for its owner only.

    Raises:
        ServiceError: it cannot be made.
    """
    missing = []
    parent = os.path.abspath(home)
    while not os.path.isdir(parent) and parent != os.path.dirname(parent):
        missing.append(parent)
        parent = os.path.dirname(parent)
    try:
        for directory in reversed(missing):  # not makedirs: it leaves the mode of those in between to the umask
            with suppress(FileExistsError):
                os.mkdir(directory, 0o700)
        os.listdir(home)
    except OSError as error:
        raise ServiceError(
            f"The service's directory {home} cannot be made: {error.strerror}.\nSet FTTUI_DATA_DIR to one that can."
        ) from None


def take_lock(home: str) -> int | None:
    """The service's lock, held until the returned descriptor is closed; None when another process holds it.

    Raises:
        ServiceError: the directory cannot be written to, or its disk has no locks.
    """
    path = os.path.join(home, "lock")
    lock = -1
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except OSError as error:
        if lock >= 0:
            os.close(lock)
        raise ServiceError(
            f"The lock {path} cannot be taken: {error.strerror}.\n"
            "Set FTTUI_DATA_DIR to a directory of yours on a disk of this machine."
        ) from None
    with suppress(OSError):  # a disk that is full does not keep us from what can still be done
        os.pwrite(lock, f"{os.getpid():<10} {_host():<100}\n".encode(), 0)
    return lock


def check_host(home: str, *, held: bool = False) -> None:
    """Refuse a directory that a service on another machine uses: locks may not reach across, and sockets never do.

    Args:
        held: the lock is held, so whom it names is alive.

    Raises:
        ServiceError: another host uses it; the message has its name.
    """
    names = []
    try:
        card = card_path(home)
        with open(card, encoding="utf-8") as file:
            host = json.load(file).get("host")
        lock = os.path.join(home, "lock")
        with open(lock, "ab"):
            os.utime(lock)  # by the clock of whoever keeps the files, as the card's time is
        if abs(os.stat(lock).st_mtime - os.stat(card).st_mtime) < 3 * HEARTBEAT:
            names.append(host)
    except (OSError, ValueError, AttributeError):
        pass
    if held:
        with suppress(OSError, ValueError), open(os.path.join(home, "lock"), encoding="utf-8") as file:
            names += file.read(200).split()[1:2]
    for name in names:
        if isinstance(name, str) and name and name != _host():
            raise ServiceError(
                f"The directory {home} is in use by the service on the host {name}.\n"
                "Stop it there (fttui serve --stop), or set FTTUI_DATA_DIR to a directory of this machine."
            )


def _host() -> str:
    return socket.gethostname()[:100]


def log_path(home: str) -> str:
    return os.path.join(home, "service.log")


def card_path(home: str) -> str:
    """Where the service says who it is."""
    return os.path.join(home, "service.json")


def settings_path(home: str) -> str:
    """Where the service finds its settings."""
    return os.path.join(home, "settings.json")


def socket_paths(home: str) -> list[str]:
    """Where the service's socket may be: where it says it is, then where it would be put."""
    paths = []
    try:
        with open(card_path(home), encoding="utf-8") as file:
            paths.append(json.load(file)["socket"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    for path in (os.path.join(home, "socket"), spare_socket_path(home)):
        if path not in paths:
            paths.append(path)
    return [path for path in paths if isinstance(path, str) and fits(path)]


def spare_socket_path(home: str) -> str:
    """Where the socket goes when it cannot be in `home`: a directory of our own among the temporary ones."""
    temporary = os.environ.get("TMPDIR") or "/tmp"
    directory = os.path.join(temporary, f"fttui-{os.getuid()}")
    if len(os.fsencode(directory)) > _LONGEST_PATH - 20:
        directory = f"/tmp/fttui-{os.getuid()}"
    from hashlib import sha256  # late: costs a millisecond that only this case needs

    return os.path.join(directory, sha256(os.fsencode(os.path.realpath(home))).hexdigest()[:12])


def fits(path: str) -> bool:
    """Whether a socket can have this path."""
    return len(os.fsencode(path)) <= _LONGEST_PATH


def is_ours(path: str) -> bool:
    """Whether a directory is one that only we can write to, and no link to another."""
    found = os.lstat(path)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
