"""The table of faults of the network in `docs/faults.md`, made by playing each. FTTUI_DOCS=write makes it again."""

import datetime
import os
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme

from fttui.api.errors import ApiError
from fttui.cli.exit_codes import exit_code_of, message_of
from fttui.config.errors import ConfigError
from fttui.core import proxies
from fttui.core.connect import connect
from fttui.core.options import Options
from tests.api.conftest import KEY
from tests.api.test_fault_table import check
from tests.support.clock import FakeClock
from tests.support.fault_server import FaultServer, Step, answer, hang_up, reset, send_json
from tests.support.socks_server import UNREACHABLE, SocksServer

SERVICE = "provider.example"
NOBODY = "127.0.0.1:9"
"""Address without a listener."""


class Play:
    """Environment of one fault. Its servers run until the end of the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path, stack: AsyncExitStack) -> None:
        self.directory = directory
        self._set = monkeypatch.setenv
        self._patch = monkeypatch
        self._stack = stack
        self.hidden: list[str] = []
        """Addresses and paths that differ from run to run."""

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._set(name, value)

    async def serve(self, step: Step, *, tls: ssl.SSLContext | None = None) -> FaultServer:
        server = await self._stack.enter_async_context(FaultServer(lambda _: step, tls=tls))
        self.hidden += [server.url, f"127.0.0.1:{server.port}"]
        return server

    async def serve_socks(self, reply: int) -> SocksServer:
        server = await self._stack.enter_async_context(SocksServer(0, reply=reply))
        self.hidden.append(f"127.0.0.1:{server.port}")
        return server

    def path(self, content: bytes | None = None) -> str:
        path = self.directory / "ca.pem"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        self.hidden.append(str(path))
        return str(path)

    def without(self, package: str) -> None:
        self._patch.setattr(proxies, "missing_modules", lambda _: [package])
        self._patch.setattr(proxies, "install_line", lambda extra: f"pip install 'fttui[{extra}]'")


Set = Callable[[Play], Awaitable[str]]
"""Function that prepares a fault, and returns the base URL."""


def proxy(variable: str, step: Step, scheme: str = "https") -> Set:
    async def prepare(play: Play) -> str:
        server = await play.serve(step)
        play.set(**{variable: server.origin})
        return f"{scheme}://{SERVICE}/v1"

    return prepare


def variable(name: str, value: str, **more: str) -> Set:
    async def prepare(play: Play) -> str:
        play.set(**{name: value}, **more)
        return f"https://{SERVICE}/v1"

    return prepare


async def socks_without_package(play: Play) -> str:
    play.without("socksio")
    play.set(ALL_PROXY=f"socks5://{NOBODY}")
    return f"https://{SERVICE}/v1"


async def socks_that_cannot_reach_the_host(play: Play) -> str:
    server = await play.serve_socks(UNREACHABLE)
    play.set(ALL_PROXY=f"socks5://127.0.0.1:{server.port}")
    return f"https://{SERVICE}/v1"


def authorities(name: str, make: Callable[[Play], str]) -> Set:
    async def prepare(play: Play) -> str:
        play.set(**{name: make(play)})
        return f"https://{SERVICE}/v1"

    return prepare


def pipe(play: Play) -> str:
    path = play.path()
    os.mkfifo(path)
    return path


def damaged(play: Play) -> str:
    content = bytearray(trustme.CA().cert_pem.bytes())
    content[200:210] = b"0123456789"
    return play.path(bytes(content))


def directory_with_a_pipe(play: Play) -> str:
    directory = play.directory / "certs"
    directory.mkdir()
    os.mkfifo(directory / "5ed36f99.0")
    play.hidden.append(str(directory))
    return str(directory)


def certificate(host: str, *, trust: bool = True, **more: Any) -> Set:
    async def prepare(play: Play) -> str:
        found = trustme.CA()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        found.issue_cert(host, **more).configure_cert(tls)
        server = await play.serve(send_json({"data": []}), tls=tls)
        if trust:
            play.set(SSL_CERT_FILE=play.path(found.cert_pem.bytes()))
        return server.url

    return prepare


PAST = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

NETWORK: dict[str, Set] = {
    "no proxy at the address": variable("HTTPS_PROXY", f"http://{NOBODY}"),
    "proxy closes the connection": proxy("HTTPS_PROXY", hang_up()),
    "proxy resets the connection": proxy("HTTPS_PROXY", reset()),
    "proxy answers CONNECT with 407": proxy("HTTPS_PROXY", answer(407)),
    "proxy answers CONNECT with 403": proxy("HTTPS_PROXY", answer(403)),
    "proxy answers CONNECT with 502": proxy("HTTPS_PROXY", answer(502)),
    "proxy answers 407, http": proxy("HTTP_PROXY", answer(407), "http"),
    "proxy answers 502, http": proxy("HTTP_PROXY", answer(502), "http"),
    "proxy says that it failed, http": proxy("HTTP_PROXY", answer(503, X_Squid_Error="ERR_CONNECT_FAIL 111"), "http"),
    "no SOCKS proxy at the address": variable("ALL_PROXY", f"socks5://{NOBODY}"),
    "SOCKS proxy does not reach the host": socks_that_cannot_reach_the_host,
    "SOCKS proxy, package missing": socks_without_package,
    "HTTPS_PROXY with a wrong scheme": variable("HTTPS_PROXY", f"ftp://{NOBODY}"),
    "NO_PROXY with a wrong entry": variable("NO_PROXY", "http://x:y", HTTPS_PROXY=f"http://{NOBODY}"),
    "stale SSL_CERT_FILE": authorities("SSL_CERT_FILE", lambda play: play.path()),
    "SSL_CERT_FILE without certificates": authorities("SSL_CERT_FILE", lambda play: play.path(b"none")),
    "SSL_CERT_FILE with a damaged certificate": authorities("SSL_CERT_FILE", damaged),
    "SSL_CERT_FILE is a pipe": authorities("SSL_CERT_FILE", pipe),
    "SSL_CERT_FILE is a device": authorities("SSL_CERT_FILE", lambda play: "/dev/zero"),
    "stale SSL_CERT_DIR": authorities("SSL_CERT_DIR", lambda play: play.path()),
    "SSL_CERT_DIR is a pipe": authorities("SSL_CERT_DIR", pipe),
    "SSL_CERT_DIR with a pipe": authorities("SSL_CERT_DIR", directory_with_a_pipe),
    "certificate of an unknown authority": certificate("127.0.0.1", trust=False),
    "certificate of a different host": certificate("api.example"),
    "certificate that has expired": certificate("127.0.0.1", not_after=PAST),
}


async def list_jobs(url: str, stack: AsyncExitStack) -> None:
    connection = await connect(Options(base_url=url), clock=FakeClock(instant=True))
    stack.push_async_callback(connection.close)
    await connection.client.with_tries(1).list_jobs()


async def play(monkeypatch: pytest.MonkeyPatch, directory: Path, fault: str) -> tuple[str, str, str]:
    """List jobs with a fault. Return the row of the table."""
    async with AsyncExitStack() as stack:
        with monkeypatch.context() as patch:
            played = Play(patch, directory, stack)
            url = await NETWORK[fault](played)
            with pytest.raises((ApiError, ConfigError)) as caught:
                await list_jobs(url, stack)
    message = message_of(caught.value).replace("\n", "<br>").replace(" Some Words", "")
    for text in sorted(played.hidden, key=len, reverse=True):
        message = message.replace(text, "…")
    assert KEY not in message
    return fault, message, str(exit_code_of(caught.value))


async def test_table_of_network_faults_is_what_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    rows = []
    for number, fault in enumerate(NETWORK):
        directory = tmp_path / str(number)
        directory.mkdir()
        rows.append(await play(monkeypatch, directory, fault))
    check("network", ("fault", "message", "exit code"), rows)
