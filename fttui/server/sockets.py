"""Sockets that the service listens on."""

import errno
import logging
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from fttui.server.home import ServiceError, home_socket_path, is_private, is_short_enough, temporary_socket_path

FREE_PORT_TRIES = 20
"""Free ports to try until one is free on every address of a host."""

log = logging.getLogger("fttui.server")


def unix_socket(home: str) -> tuple[socket.socket, str]:
    """Create a listening socket for its owner only, in the home directory if possible. Return it with its path.

    The caller holds the lock, so an existing socket belongs to a service that is dead.

    Raises:
        OSError, ServiceError: no socket can be created.
    """
    path = home_socket_path(home)
    if is_short_enough(path):
        try:
            return _listening(path), path
        except OSError as error:
            log.warning("no socket can be created at %s: %s", path, error)
    path = temporary_socket_path(home)
    directory = os.path.dirname(path)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    if not is_private(directory):
        raise ServiceError(
            f"The directory {directory} for the socket is accessible to other users.\n"
            "Remove it, or set FTTUI_DATA_DIR to a short path."
        )
    return _listening(path), path


def _listening(path: str) -> socket.socket:
    with suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(path)
        listener.listen(256)
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def tcp_sockets(host: str, port: int) -> list[socket.socket]:
    """Create a listening TCP socket on every address of `host` that this machine has, all on one port.

    A name such as `localhost` has an address of each family, and clients try them in an order of their own.

    Raises:
        ServiceError: no address is an address of this machine, or the port is in use.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        tries = 1 if port else FREE_PORT_TRIES
        while True:
            try:
                return _listening_on(found, port)
            except OSError as error:
                tries -= 1
                if error.errno != errno.EADDRINUSE or not tries:
                    raise
    except OSError as error:
        raise ServiceError(f"Cannot listen on {host} port {port}: {error.strerror}.\nTry another --port.") from None


def _listening_on(addresses: Sequence[tuple[Any, ...]], port: int) -> list[socket.socket]:
    """Listen on each address. An address that this machine lacks is left out, unless there is no other.

    With port 0 the first socket chooses a port, which can be in use on another address: the caller tries again.
    """
    listeners: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, kind, _, _, address in dict.fromkeys(addresses):
            try:
                listener = socket.socket(family, kind)
            except OSError as error:
                missing = error
                continue
            listeners.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6 and len(addresses) > 1:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                listener.bind((address[0], port, *address[2:]))
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                missing = error
                listeners.pop().close()
                continue
            listener.listen(256)
            port = listener.getsockname()[1]
        if not listeners and missing is not None:
            raise missing
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def is_loopback(host: str) -> bool:
    """Return whether every address of `host` is a loopback address."""
    from ipaddress import ip_address

    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ip_address(str(address[4][0]).partition("%")[0]).is_loopback for address in found)
