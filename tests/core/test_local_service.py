"""The embedded service as an endpoint: started when needed, and reported when it cannot start."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fttui import install
from fttui.api.errors import Unreachable
from fttui.config.errors import ConfigError
from fttui.core.connect import connect
from fttui.core.options import Options
from fttui.server import control
from tests.core.test_connect import connected
from tests.support.fault_server import Line, Request, _request, send_json


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))


class Socket:
    """Fake service on a Unix socket."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.requests: list[Request] = []

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _request(reader, writer)
        assert request is not None
        self.requests.append(request)
        await send_json({"data": []}, connection="close")(request, Line(reader, writer))
        writer.close()

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        Path(self.path).unlink(missing_ok=True)


def ensuring(*paths: str | Exception) -> Callable[..., str]:
    """Replacement for `control.ensure` that returns or raises its arguments in turn."""
    waiting = list(paths)

    def ensure(home: str, *, timeout: float = 15.0, settings: object = None, secrets: object = ()) -> str:
        found = waiting.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return ensure


async def test_request_starts_a_service_that_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Socket(str(tmp_path / "a.sock")), Socket(str(tmp_path / "b.sock"))
    monkeypatch.setattr(control, "ensure", ensuring(first.path, second.path))
    await first.start()
    async with connected(Options()) as connection:
        await connection.client.list_jobs()
        await first.stop()
        await second.start()
        await connection.client.list_jobs()
        await connection.client.list_jobs()
    await second.stop()
    assert (len(first.requests), len(second.requests)) == (1, 2)
    assert "authorization" not in first.requests[0].headers
    assert (tmp_path / "data" / "service").stat().st_mode & 0o777 == 0o700


async def test_a_notice_of_the_service_becomes_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "data" / "service"
    home.mkdir(parents=True, mode=0o700)
    (home / "service.json").write_text(json.dumps({"notices": ["The database was rebuilt."]}))
    monkeypatch.setattr(control, "ensure", ensuring(str(tmp_path / "a.sock")))
    async with connected(Options()) as connection:
        assert connection.warnings == ("The database was rebuilt.",)


async def test_failed_start_is_reported_as_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = str(tmp_path / "gone.sock")
    failures = [control.ServiceError("no room on the disk") for _ in range(6)]
    monkeypatch.setattr(control, "ensure", ensuring(gone, *failures))
    async with connected(Options()) as connection:
        with pytest.raises(Unreachable, match="no room on the disk"):
            await connection.client.list_jobs()


async def test_a_start_is_told_the_key_variables_of_all_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(
        '[profiles.work]\nbase_url = "https://work.example/v1"\napi_key_env = "WORK_TOKEN"\n'
    )
    told: list[object] = []

    def ensure(home: str, *, secrets: object, **more: object) -> str:
        told.append(secrets)
        return str(tmp_path / "gone.sock")

    monkeypatch.setattr(control, "ensure", ensure)
    async with connected(Options(profile="local")) as connection:
        with pytest.raises(Unreachable):
            await connection.client.with_tries(1).list_jobs()
    assert told == [["WORK_TOKEN"]] * 2, "at the connection, and for a service that has ended"


async def test_missing_extra_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(install.EXTRAS, "local", ("no_such_module",))
    monkeypatch.setattr(control, "ensure", ensuring())
    with pytest.raises(ConfigError, match=re.escape(install.install_line("local"))):
        await connect(Options())
