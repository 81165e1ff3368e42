"""Proxies of the environment: unusable settings, and failures of the proxy itself."""

import os
from pathlib import Path

import pytest

from fttui.api.errors import ApiError, Unreachable
from fttui.config.errors import ConfigError
from fttui.core import proxies
from fttui.core.connect import connect
from fttui.core.options import Options
from tests.support.clock import FakeClock
from tests.support.fault_server import FaultServer, answer, refuse, send_json, serving
from tests.support.socks_server import UNREACHABLE, SocksServer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("OPENAI_", "AZURE_", "SSL_CERT")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proxy-0123456789")
    return tmp_path


async def failure(url: str = "http://provider.example/v1") -> ApiError:
    """List jobs, and return the error."""
    connection = await connect(Options(base_url=url), clock=FakeClock(instant=True))
    try:
        with pytest.raises(ApiError) as caught:
            await connection.client.with_tries(1).list_jobs()
    finally:
        await connection.close()
    return caught.value


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ALL_PROXY", "socks5://me:SECRET@127.0.0.1:1080", "ALL_PROXY names a SOCKS proxy"),
        (
            "https_proxy",
            "ftp://me:SECRET@proxy.example",
            "https_proxy is not the address of a proxy: it has the scheme",
        ),
        ("HTTPS_PROXY", "http://me:SECRET@proxy:port", "HTTPS_PROXY is not the address of a proxy"),
        ("HTTP_PROXY", "http://:SECRET@", "HTTP_PROXY is not the address of a proxy: it has no host"),
    ],
)
async def test_unusable_proxy_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setattr(proxies, "missing_modules", lambda _: ["socksio"])
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        await connect(Options(base_url="https://provider.example/v1"), clock=FakeClock(instant=True))
    assert words in str(caught.value)
    assert "SECRET" not in str(caught.value)


async def test_missing_package_for_socks_comes_with_its_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "missing_modules", lambda _: ["socksio"])
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(ConfigError, match=r"install .*socks\]"):
        await connect(Options(base_url="https://provider.example/v1"), clock=FakeClock(instant=True))


async def test_settings_of_proxies_do_not_concern_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks9://nowhere")
    async with serving(send_json({"data": []})) as server:
        connection = await connect(Options(base_url=server.url), clock=FakeClock(instant=True))
        await connection.client.list_jobs()
        await connection.close()


@pytest.mark.parametrize(
    "entries", ["[::1]", "::1,[::1], localhost", ".corp.example,10.0.0.0/8,127.0.0.1", "http://x.example"]
)
async def test_usual_entries_of_no_proxy_are_accepted(monkeypatch: pytest.MonkeyPatch, entries: str) -> None:
    async with serving(send_json({"data": []})) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        monkeypatch.setenv("NO_PROXY", entries)
        connection = await connect(Options(base_url="http://provider.example/v1"), clock=FakeClock(instant=True))
        await connection.client.list_jobs()
        await connection.close()
    assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    ("variables", "proxied"),
    [
        ({}, False),
        ({"https_proxy": "http://unused.example"}, False),
        ({"HTTP_PROXY": "PROXY"}, True),
        ({"HTTP_PROXY": "http://unused.example", "http_proxy": "PROXY"}, True),
        ({"HTTP_PROXY": "PROXY", "NO_PROXY": "example"}, False),
        ({"ALL_PROXY": "PROXY", "no_proxy": "http://localhost"}, True),
    ],
)
async def test_stated_proxy_is_the_one_that_requests_use(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], proxied: bool
) -> None:
    async with serving(send_json({"data": []})) as proxy:
        for name, value in variables.items():
            monkeypatch.setenv(name, value.replace("PROXY", proxy.origin))
        stated = proxies.proxy_of("http://provider.example/v1")
        assert (None if stated is None else stated.url.port) == (proxy.port if proxied else None)
        if proxied:
            connection = await connect(Options(base_url="http://provider.example/v1"), clock=FakeClock(instant=True))
            await connection.client.list_jobs()
            await connection.close()
            assert len(proxy.requests) == 1


def test_service_on_this_machine_has_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example")
    assert proxies.proxy_of("https://127.0.0.1:8000/v1") is None


@pytest.mark.parametrize("entry", ["fe80::/10:x", "host:port", "http://x:y"])
async def test_unusable_entry_of_no_proxy_is_named(monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", f"localhost,{entry}")
    with pytest.raises(ConfigError) as caught:
        await connect(Options(base_url="https://provider.example/v1"), clock=FakeClock(instant=True))
    assert f"NO_PROXY has an entry that is not a host: {entry}" in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_proxy_that_cannot_be_reached_is_not_a_failing_provider(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", "http://me:SECRET@127.0.0.1:9")
    error = await failure(f"{scheme}://provider.example/v1")
    assert isinstance(error, Unreachable)
    assert error.kind == "proxy"
    assert error.message.startswith(
        f"the proxy 127.0.0.1:9, set in {scheme.upper()}_PROXY, cannot be used: connection refused"
    )
    assert "SECRET" not in error.text
    assert "provider.example" not in error.text


@pytest.mark.parametrize(("status", "words"), [(407, "407"), (502, "502"), (403, "403")])
async def test_proxy_that_refuses_a_tunnel_is_named(monkeypatch: pytest.MonkeyPatch, status: int, words: str) -> None:
    async with FaultServer(lambda _: answer(status, "")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.origin)
        error = await failure("https://provider.example/v1")
    assert error.kind == "proxy"
    assert "set in HTTPS_PROXY, cannot be used: it refused the connection" in error.message
    assert words in error.message


async def test_proxy_that_asks_for_a_password_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FaultServer(lambda _: answer(407, "")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        error = await failure()
    assert (error.kind, error.ambiguous) == ("proxy", False)
    assert "it asks for a user name and a password" in error.message


async def test_bad_gateway_may_be_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FaultServer(lambda _: answer(502, "")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        error = await failure()
    assert error.message.startswith(
        f"the proxy 127.0.0.1:{proxy.port}, set in HTTP_PROXY, or http://provider.example/v1 behind it"
    )
    assert error.message.endswith("answered: 502 Bad Gateway (502)")


@pytest.mark.parametrize(
    "headers",
    [{"X_Squid_Error": "ERR_CONNECT_FAIL 111"}, {"Proxy_Status": "squid; error=connection_refused; details=x"}],
)
async def test_proxy_that_says_that_it_failed_is_not_a_failing_provider(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    async with FaultServer(lambda _: answer(503, "<html><h1>ERROR</h1>", **headers)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        error = await failure()
    assert error.kind == "proxy"
    assert error.message.startswith(f"the proxy 127.0.0.1:{proxy.port}, set in HTTP_PROXY, cannot be used: it answered")
    assert next(iter(headers.values())).split("error=")[-1].split(";")[0] in error.message
    assert "provider.example" not in error.text


async def test_error_of_the_provider_through_a_proxy_is_the_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FaultServer(lambda _: refuse(503, "Overloaded", code="busy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        error = await failure()
    assert error.text == "Overloaded (503)"


async def test_bad_gateway_may_be_a_gateway_that_names_itself() -> None:
    async with FaultServer(lambda _: answer(502, "", Via="1.1 first, 1.1 edge-7 (squid/5.7)")) as server:
        error = await failure(server.url)
    assert error.message.startswith("the gateway edge-7 (squid/5.7) (header Via), or http://127.0.0.1")


async def test_requests_go_through_a_socks_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("socksio")
    async with serving(send_json({"data": []})) as server, SocksServer(server.port) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
        connection = await connect(Options(base_url="http://provider.example/v1"), clock=FakeClock(instant=True))
        await connection.client.list_jobs()
        await connection.close()
    assert proxy.asked == [("provider.example", 80)]
    assert server.requests[0].headers["host"] == "provider.example"


async def test_failing_socks_proxy_is_not_a_failing_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("socksio")
    async with SocksServer(0, reply=UNREACHABLE) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
        refused = await failure("https://provider.example/v1")
    gone = await failure("https://provider.example/v1")
    for error in (refused, gone):
        assert error.kind == "proxy"
        assert error.message.startswith(f"the proxy 127.0.0.1:{proxy.port}, set in ALL_PROXY, cannot be used: ")
