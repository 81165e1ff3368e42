"""Lock of the home directory: at most one service at a time, also when several cockpits start one.

The process that gets the lock becomes the service. The other processes report `busy` and end.
"""

import fcntl
import os
import socket
from contextlib import suppress

from fttui.own_files import open_own
from fttui.server.home import ServiceError, lock_path, read_service_file, service_file_path

HEARTBEAT = 10
"""Seconds between two updates of the modification time of `service.json`."""


def take_lock(home: str) -> int | None:
    """Take the lock, and return a file descriptor that holds it. Return None when another process holds it.

    Raises:
        ServiceError: the directory is not writable, or the file system has no locks.
    """
    path = lock_path(home)
    lock = -1
    try:
        lock = open_own(path, os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except OSError as error:
        if lock >= 0:
            os.close(lock)
        raise ServiceError(
            f"Cannot take the lock {path}: {error.strerror}.\n"
            "Set FTTUI_DATA_DIR to a writable directory on a local disk."
        ) from None
    with suppress(OSError):  # the service can still do some of its work on a full disk
        os.pwrite(lock, f"{os.getpid():<10} {host_name():<100}\n".encode(), 0)
    return lock


def check_host(home: str, *, held: bool = False) -> None:
    """Refuse a directory in use by a service on another machine.

    Locks of a network disk may not reach other machines, and sockets never do. Containers of one machine have different
    host names, but the same boot id: the lock alone decides between them.

    Args:
        held: another process holds the lock, so the host named in the lock file is current.

    Raises:
        ServiceError: another host uses the directory. The message names it.
    """
    hosts = []
    with suppress(OSError):
        heartbeat = os.stat(service_file_path(home)).st_mtime
        os.close(open_own(lock_path(home), os.O_WRONLY | os.O_CREAT))
        # With the clock of the file server, like the time of service.json.
        os.utime(lock_path(home), follow_symlinks=False)
        if abs(os.stat(lock_path(home)).st_mtime - heartbeat) < 3 * HEARTBEAT:
            stated = read_service_file(home)
            if not stated.get("boot") or stated["boot"] != boot_id():
                hosts.append(stated.get("host"))
    if held:
        with suppress(OSError, ValueError), open(lock_path(home), encoding="utf-8") as file:
            hosts += file.read(200).split()[1:2]
    for host in hosts:
        if isinstance(host, str) and host and host != host_name():
            raise ServiceError(
                f"The service on the host {host} uses the directory {home}.\n"
                "Stop it there (fttui serve --stop), or set FTTUI_DATA_DIR to a directory of this machine."
            )


def host_name() -> str:
    """Return the name of this machine, as written to the lock and to `service.json`."""
    return socket.gethostname()[:100]


def boot_id() -> str:
    """Return an id of this machine since its start, the same in all its containers; empty where there is none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read(64).strip()
    except (OSError, ValueError):
        return ""
