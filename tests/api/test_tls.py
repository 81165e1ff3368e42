"""Verification of TLS certificates."""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from fttui.api.errors import Unreachable
from fttui.config.errors import ConfigError
from fttui.core.connect import connect
from fttui.core.local_service import AutoStartTransport
from fttui.core.options import Options
from tests.support.clock import FakeClock
from tests.support.fault_server import FaultServer, send_json


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Private certificate authority as a PEM file."""
    return tmp_path / "authority.pem"


@pytest.fixture
async def server(authority: Path) -> AsyncIterator[FaultServer]:
    found = trustme.CA()
    found.cert_pem.write_to_path(str(authority))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.issue_cert("127.0.0.1").configure_cert(tls)
    async with FaultServer(lambda _: send_json({"data": []}), tls=tls) as server:
        yield server


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("W_KEY", "sk-tls-0123456789")
    return tmp_path


async def warned(home: Path, server: FaultServer, *settings: str) -> tuple[str, ...]:
    """List jobs with a profile. Return the warnings of the connection."""
    lines = ["[profiles.w]", f"base_url = '{server.url}'", "api_key_env = 'W_KEY'", *settings]
    (home / "config.toml").write_text("\n".join(lines))
    connection = await connect(Options(profile="w"), clock=FakeClock(instant=True))
    try:
        await connection.client.list_jobs()
    finally:
        await connection.close()
    return connection.warnings


async def test_key_is_not_sent_to_an_untrusted_certificate(home: Path, server: FaultServer) -> None:
    with pytest.raises(Unreachable, match="certificate not trusted") as caught:
        await warned(home, server)
    assert caught.value.kind == "tls"
    assert "SSL_CERT_FILE" in caught.value.hint
    assert server.requests == []


async def test_ca_file_of_the_profile_is_trusted(home: Path, server: FaultServer, authority: Path) -> None:
    assert await warned(home, server, f"ca_file = '{authority}'") == ()
    assert len(server.requests) == 1


LIST_AS_THE_COCKPIT = """
import sys
from fttui.lean_imports import import_asyncio_without_tls

import_asyncio_without_tls()
import asyncio

assert "ssl" not in sys.modules

async def list_jobs():
    from fttui.core.connect import connect
    from fttui.core.options import Options

    connection = await connect(Options(profile="w"))
    await connection.client.list_jobs()
    await connection.close()

asyncio.run(list_jobs())
"""


async def test_cockpit_speaks_tls_though_its_asyncio_does_not(home: Path, server: FaultServer, authority: Path) -> None:
    lines = ["[profiles.w]", f"base_url = '{server.url}'", "api_key_env = 'W_KEY'", f"ca_file = '{authority}'"]
    (home / "config.toml").write_text("\n".join(lines))
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", LIST_AS_THE_COCKPIT)
    assert await program.wait() == 0
    assert len(server.requests) == 1


async def test_ssl_cert_file_is_trusted(
    home: Path, server: FaultServer, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    assert await warned(home, server) == ()
    assert len(server.requests) == 1


async def test_certificate_of_a_different_host_is_refused(home: Path, authority: Path) -> None:
    found = trustme.CA()
    found.cert_pem.write_to_path(str(authority))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.issue_cert("api.openai.com").configure_cert(tls)
    async with FaultServer(lambda _: send_json({"data": []}), tls=tls) as server:
        with pytest.raises(Unreachable) as caught:
            await warned(home, server, f"ca_file = '{authority}'")
    assert (caught.value.kind, server.requests) == ("tls", [])


async def test_verify_tls_false_warns(home: Path, server: FaultServer) -> None:
    (warning,) = await warned(home, server, "verify_tls = false")
    assert "TLS is not verified" in warning
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("SSL_CERT_FILE", None, "there is no such file"),
        ("SSL_CERT_FILE", "no certificate", "no certificates in PEM form"),
        ("SSL_CERT_DIR", None, "there is no such directory"),
    ],
)
async def test_unusable_authorities_are_named_with_variable_and_path(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | None, why: str
) -> None:
    path = home / "gone.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(name, str(path))
    with pytest.raises(ConfigError) as caught:
        await connect(Options(base_url="https://host.example/v1"), clock=FakeClock(instant=True))
    assert str(caught.value).startswith(f"cannot use {path}, set in {name}: ")
    assert why in str(caught.value)


async def test_authorities_that_are_a_directory_are_refused_by_name(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(home))
    with pytest.raises(ConfigError, match="SSL_CERT_FILE: it is not a file"):
        await connect(Options(base_url="https://host.example/v1"), clock=FakeClock(instant=True))


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_variables_of_other_programs_are_not_read(home: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    os.mkfifo(home / "pipe")
    monkeypatch.setenv(name, str(home / "pipe"))
    connection = await connect(Options(base_url="https://host.example/v1"), clock=FakeClock(instant=True))
    await connection.close()


async def test_services_without_tls_ignore_stale_authorities(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(home / "gone.pem"))
    async with FaultServer(lambda _: send_json({"data": []})) as server:
        assert await warned(home, server) == ()
    assert len(server.requests) == 1
    connection = await connect(Options(base_url="http://host.example/v1"), clock=FakeClock(instant=True))
    await connection.close()
    await AutoStartTransport(str(home), str(home / "socket"), {}).aclose()
