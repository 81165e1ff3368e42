"""Unix socket of the service: place, access, repair."""

import os
import socket
import stat
from typing import Any

import pytest

from fttui.server import control, sockets
from fttui.server.control import ServiceError
from tests.server.conftest import until
from tests.server.processes import api, pid_of


def test_a_deleted_socket_is_created_again(home: str) -> None:
    path = control.ensure(home)
    pid = pid_of(home)
    os.unlink(path)
    assert control.ensure(home) == path
    assert pid_of(home) == pid
    os.unlink(os.path.join(home, "service.json"))
    until(lambda: os.path.exists(os.path.join(home, "service.json")))
    with api(path) as client:
        assert client.get("/models").status_code == 200


def test_the_socket_of_a_long_path_is_in_the_temporary_directory(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = os.path.dirname(home)
    monkeypatch.setenv("TMPDIR", temporary)
    long = os.path.join(temporary, "x" * 120)
    try:
        path = control.ensure(long)
        assert path.startswith(temporary)
        assert not path.startswith(long)
        assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
        # Another login may have a different TMPDIR: service.json in the home directory has the path.
        monkeypatch.setenv("TMPDIR", "/nowhere")
        assert control.ensure(long) == path
    finally:
        assert control.stop(long)


def test_a_socket_directory_accessible_to_other_users_is_refused(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = os.path.dirname(home)
    monkeypatch.setenv("TMPDIR", temporary)
    os.mkdir(os.path.join(temporary, f"fttui-{os.getuid()}"), 0o777)
    os.chmod(os.path.join(temporary, f"fttui-{os.getuid()}"), 0o777)
    long = os.path.join(temporary, "x" * 120)
    with pytest.raises(ServiceError, match="is accessible to other users"):
        control.ensure(long)
    control.stop(long)  # the process has reported its failure, but may still be running


BOTH = [
    (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0)),
    (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
]


def addresses_of(listeners: list[socket.socket]) -> list[tuple[str, int]]:
    found = [listener.getsockname()[:2] for listener in listeners]
    for listener in listeners:
        listener.close()
    return found


@pytest.fixture
def localhost(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Addresses of every host, to be changed by the test. IPv6 must exist on this machine."""
    try:
        addresses_of(sockets.tcp_sockets("::1", 0))
    except ServiceError:
        pytest.skip("this machine has no IPv6")
    found = list(BOTH)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **named: found)
    return found


def test_tcp_sockets_listen_on_all_addresses_with_one_port(localhost: list[Any]) -> None:
    (first, port), (second, same) = addresses_of(sockets.tcp_sockets("localhost", 0))
    assert (first, second, port) == ("::1", "127.0.0.1", same)


def test_tcp_sockets_leave_out_an_address_that_the_machine_lacks(localhost: list[Any]) -> None:
    localhost[0] = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 0, 0, 0))
    ((address, _),) = addresses_of(sockets.tcp_sockets("localhost", 0))
    assert address == "127.0.0.1"
    del localhost[1]
    with pytest.raises(ServiceError, match="Cannot listen on localhost port 0: Cannot assign"):
        sockets.tcp_sockets("localhost", 0)


def test_tcp_sockets_refuse_a_port_in_use_on_one_address(localhost: list[Any]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ServiceError, match=f"Cannot listen on localhost port {port}: Address already in use"):
            sockets.tcp_sockets("localhost", port)
