"""Service over TCP in the foreground."""

import json
import os
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from fttui.server import control
from fttui.server.api import http_protocol
from tests.server.conftest import until
from tests.server.processes import api

KEY = "sk-right-and-long-enough"


def test_tcp_without_a_key_file_accepts_any_key(home: str, served: Any) -> None:
    server = served("--host", "127.0.0.1", "--port", "0")
    url = server.url()
    assert not url.endswith(":0/v1")
    until(lambda: "every user of this host" in server.output)
    assert httpx.get(url + "/models", headers={"Authorization": "Bearer anything"}).status_code == 200
    assert httpx.get(url.removesuffix("/v1") + "/service").status_code == 404
    state = control.status(home)
    assert state is not None
    assert state["url"] == url
    with api(control.ensure(home)) as client:
        assert client.get("/models").status_code == 200
    assert server.end() == 0
    assert control.running(home) is None


def test_a_flood_over_tcp_leaves_the_socket_to_its_owner(home: str, served: Any) -> None:
    url = urlsplit(served("--host", "127.0.0.1", "--port", "0").url())
    with ExitStack() as flood:
        for _ in range(http_protocol.MOST_CONNECTIONS + 50):
            connection = flood.enter_context(socket.create_connection((str(url.hostname), url.port or 0)))
            connection.sendall(b"GET /v1/models HTTP/1.1\r\nX: ")
        connection.settimeout(60)
        assert connection.recv(65536).startswith(b"HTTP/1.1 503 ")
        state = control.status(home)
        assert state is not None
        assert state["url"] == url.geturl()
        with api(control.ensure(home)) as client:
            assert client.get("/models").status_code == 200
        assert control.stop(home) is True


def test_idle_programs_of_the_owner_leave_the_socket_to_new_ones(home: str, served: Any) -> None:
    served("--host", "127.0.0.1", "--port", "0").url()
    path = json.loads(Path(home, "service.json").read_text())["socket"]
    with ExitStack() as idle:
        for _ in range(http_protocol.MOST_CONNECTIONS + 50):
            connection = idle.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(path)
            connection.sendall(b"GET /v1/models HTTP/1.1\r\nX: ")
        assert control.status(home) is not None
        with api(control.ensure(home)) as client:
            assert client.get("/models").status_code == 200
        assert control.stop(home) is True


def test_tcp_with_a_key_file_requires_a_key(home: str, served: Any, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{KEY}\n")
    (tmp_path / "keys").chmod(0o600)
    server = served("--host", "127.0.0.1", "--port", "0", "--api-key-file", str(tmp_path / "keys"))
    url = server.url()
    for key, status in ((KEY, 200), ("sk-wrong", 401)):
        assert httpx.get(url + "/models", headers={"Authorization": f"Bearer {key}"}).status_code == status
    with api(control.ensure(home)) as client:
        assert client.get("/models").status_code == 200, "the socket needs no key"
    server.end()
    assert "sk-" not in server.output


def test_every_address_of_localhost_is_served(home: str, served: Any) -> None:
    found = {str(entry[4][0]) for entry in socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)}
    port = served("--host", "localhost", "--port", "0").url().rpartition(":")[2]
    for address in found:
        host = f"[{address}]" if ":" in address else address
        assert httpx.get(f"http://{host}:{port}/models").status_code == 200


def test_invalid_options_of_serve_are_refused(home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"{KEY}\n")
    keys.chmod(0o600)
    shared = tmp_path / "shared"
    shared.write_text(f"{KEY}\n")
    shared.chmod(0o644)
    for host, key_file, code, words in (
        ("0.0.0.0", None, 2, "--api-key-file"),
        ("127.0.0.1", "/nowhere/at/all", 2, "Cannot read the key file"),
        ("127.0.0.1", "/dev/null", 2, "is empty"),
        ("127.0.0.1", str(shared), 2, "Other users can read"),
        ("192.0.2.1", str(keys), 1, "Cannot listen on 192.0.2.1"),
    ):
        assert control.serve(home, host, 0, key_file) == code
        assert words in capsys.readouterr().err
    assert not os.path.exists(home)
