"""Service over TCP in the foreground."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.server import control
from tests.server.conftest import until
from tests.server.processes import api


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


def test_tcp_with_a_key_file_requires_a_key(home: str, served: Any, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("sk-right\n")
    server = served("--host", "127.0.0.1", "--port", "0", "--api-key-file", str(tmp_path / "keys"))
    url = server.url()
    for key, status in (("sk-right", 200), ("sk-wrong", 401)):
        assert httpx.get(url + "/models", headers={"Authorization": f"Bearer {key}"}).status_code == status
    with api(control.ensure(home)) as client:
        assert client.get("/models").status_code == 200, "the socket needs no key"
    server.end()
    assert "sk-" not in server.output


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--host", "0.0.0.0"], 2, "--api-key-file"),
        (["--host", "127.0.0.1", "--api-key-file", "/nowhere/at/all"], 2, "Cannot read the key file"),
        (["--host", "127.0.0.1", "--api-key-file", "/dev/null"], 2, "is empty"),
        (["--host", "192.0.2.1", "--api-key-file", "KEYS"], 1, "Cannot listen on 192.0.2.1"),
    ],
)
def test_invalid_options_of_serve_are_refused(
    served: Any, tmp_path: Path, options: list[str], code: int, words: str
) -> None:
    (tmp_path / "keys").write_text("sk-right\n")
    server = served(*[str(tmp_path / "keys") if option == "KEYS" else option for option in options])
    assert server.process.wait(30) == code
    server.end()
    assert words in server.output
    assert "Traceback" not in server.output
