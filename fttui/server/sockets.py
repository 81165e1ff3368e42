"""Sockets that the service listens on."""

import logging
import os
import socket
from contextlib import suppress

from fttui.server.home import ServiceError, home_socket_path, is_private, is_short_enough, temporary_socket_path

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


def tcp_socket(host: str, port: int) -> socket.socket:
    """Create a listening TCP socket.

    Raises:
        ServiceError: the address is not an address of this machine, or in use.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(256)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise ServiceError(f"Cannot listen on {host} port {port}: {error.strerror}.\nTry another --port.") from None
    return listener


def is_loopback(host: str) -> bool:
    """Return whether every address of `host` is a loopback address."""
    from ipaddress import ip_address

    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ip_address(str(address[4][0]).partition("%")[0]).is_loopback for address in found)
