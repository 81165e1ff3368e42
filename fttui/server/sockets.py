"""The sockets that the service listens on, and the keys that its TCP door asks for."""

import logging
import os
import socket
from contextlib import suppress

from fttui.server import home as homedir
from fttui.server.home import ServiceError

log = logging.getLogger("fttui.server")


def unix_socket(home: str) -> tuple[socket.socket, str]:
    """A listening owner-only socket, in the home if it can be there, and its path.

    The home's lock is the caller's, so whatever is at that path is a dead service's.

    Raises:
        OSError, ServiceError: there is no place for a socket.
    """
    path = os.path.join(home, "socket")
    if homedir.fits(path):
        try:
            return _bound(path), path
        except OSError as error:
            log.warning("no socket can be at %s: %s", path, error)
    path = homedir.spare_socket_path(home)
    directory = os.path.dirname(path)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    if not homedir.is_ours(directory):
        raise ServiceError(
            f"{directory}, where the socket would go, is not ours alone.\n"
            "Remove it, or set FTTUI_DATA_DIR to a short path."
        )
    return _bound(path), path


def _bound(path: str) -> socket.socket:
    with suppress(FileNotFoundError):
        os.unlink(path)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        door.bind(path)
        door.listen(256)
    except BaseException:
        door.close()
        raise
    finally:
        os.umask(before)
    return door


def tcp_socket(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ServiceError: the address is not ours, or taken.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        door = socket.socket(family, kind)
        try:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
            door.listen(256)
        except BaseException:
            door.close()
            raise
    except OSError as error:
        raise ServiceError(f"Cannot listen on {host} port {port}: {error.strerror}.\nTry another --port.") from None
    return door


def is_loopback(host: str) -> bool:
    """Whether every address that `host` means is this machine talking to itself."""
    from ipaddress import ip_address

    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ip_address(str(address[4][0]).partition("%")[0]).is_loopback for address in found)


def keys(path: str) -> list[str]:
    """The keys in a file, one on each line.

    Raises:
        ServiceError: there are none.
    """
    try:
        with open(path, encoding="utf-8") as file:
            keys = [line.strip() for line in file if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceError(
            f"The key file {path} cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from None
    if not keys:
        raise ServiceError(f"The key file {path} holds no key.\nWrite one key on a line of its own into it.")
    return keys
