"""Connecting: keys, headers, TLS warnings and proxies."""

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.api.errors import ApiError
from fttui.config.errors import ConfigError, NoKey
from fttui.core import authorities
from fttui.core.connect import Connection, connect
from fttui.core.options import Options
from tests.support.clock import FakeClock
from tests.support.fault_server import answer, send_json, serving


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "config.toml"


@asynccontextmanager
async def connected(options: Options, **more: Any) -> AsyncIterator[Connection]:
    connection = await connect(options, clock=FakeClock(instant=True), **more)
    try:
        yield connection
    finally:
        await connection.close()


async def headers_for(options: Options) -> httpx.Request:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"data": []})

    async with connected(options, transport=httpx.MockTransport(handler)) as connection:
        await connection.client.list_jobs()
    return seen[0]


async def test_openai_variables_set_key_organization_and_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    request = await headers_for(Options())
    assert str(request.url) == "https://api.openai.com/v1/fine_tuning/jobs?limit=100"
    assert request.headers["authorization"] == "Bearer sk-env"
    assert request.headers["openai-organization"] == "org-1"
    assert request.headers["openai-project"] == "proj-1"


async def test_azure_variables_set_endpoint_key_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/")
    with pytest.raises(NoKey, match="AZURE_OPENAI_API_KEY"):
        await headers_for(Options())
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "az-key")
    request = await headers_for(Options())
    assert str(request.url) == "https://r.openai.azure.com/openai/v1/fine_tuning/jobs?limit=100"
    assert request.headers["api-key"] == "az-key"
    assert "authorization" not in request.headers
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    request = await headers_for(Options())
    assert str(request.url) == "https://r.openai.azure.com/openai/fine_tuning/jobs?api-version=2024-10-21&limit=100"


async def test_profile_ignores_the_variables_of_openai(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-env")
    monkeypatch.setenv("W_KEY", "sk-w")
    config.write_text(
        """
[profiles.w]
base_url = "https://w.example/v1?team=a"
api_key_env = "W_KEY"
project = "p"
headers = {x-one = "1"}
query = {custom_llm_provider = "openai"}
[profiles.open]
base_url = "https://o.example/v1"
"""
    )
    request = await headers_for(Options(profile="w"))
    assert request.url.params.multi_items()[:2] == [("team", "a"), ("custom_llm_provider", "openai")]
    assert request.headers["authorization"] == "Bearer sk-w"
    assert request.headers["x-one"] == "1"
    assert request.headers["openai-project"] == "p"
    assert "openai-organization" not in request.headers
    assert "authorization" not in (await headers_for(Options(profile="open"))).headers


async def test_warnings_name_the_risk_and_not_the_key(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env-012345")
    config.write_text("[profiles.w]\nbase_url = 'https://w.example/v1'\nverify_tls = false\n")
    async with connected(Options(profile="w")) as connection:
        assert "TLS is not verified for https://w.example/v1" in connection.warnings[0]
    async with connected(Options(base_url="http://gpu.example:8000/v1")) as connection:
        assert "unencrypted" in connection.warnings[0]
        assert "sk-env" not in str(connection)
    async with connected(Options(base_url="http://127.0.0.1:8000/v1")) as connection:
        assert connection.warnings == ()


async def test_ca_file_that_is_a_pipe_or_no_certificate_is_refused(config: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    for name, words in (("pipe", "not a regular file"), ("empty", "no valid certificates")):
        path = tmp_path / name
        config.write_text(f"[profiles.w]\nbase_url = 'https://w.example/v1'\nca_file = '{path}'\n")
        with pytest.raises(ConfigError, match=words):
            await connect(Options(profile="w"), clock=FakeClock())


async def test_unreadable_ca_file_is_a_configuration_error(config: Path) -> None:
    config.write_text("[profiles.w]\nbase_url = 'https://w.example/v1'\nca_file = 'none.pem'\n")
    with pytest.raises(ConfigError, match=r"profiles\.w\.ca_file"):
        await connect(Options(profile="w"))


async def test_service_of_this_machine_without_tls_reads_authorities_only_for_a_redirect_to_tls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def standard() -> ssl.SSLContext:
        read.append("authorities")
        return ssl.create_default_context()

    monkeypatch.setattr(authorities, "standard", standard)
    steps = send_json({"data": []}), answer(307, location="https://127.0.0.1:1/")
    async with serving(*steps) as server, connected(Options(base_url=server.url)) as connection:
        client = connection.client.with_tries(1)
        await client.list_jobs()
        assert not read
        for _ in range(2):
            with pytest.raises(ApiError):
                await client.file_content("file-1")
    assert read == ["authorities"]


async def test_requests_to_this_machine_use_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(send_json({"data": []})) as server, serving(send_json({"data": []})) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        monkeypatch.setenv("http_proxy", proxy.origin)
        monkeypatch.setenv("ALL_PROXY", proxy.origin)
        async with connected(Options(base_url=server.url)) as connection:
            await connection.client.list_jobs()
        assert (len(server.requests), len(proxy.requests)) == (1, 0)
        async with connected(Options(base_url="http://elsewhere.example/v1")) as connection:
            await connection.client.list_jobs()
        assert proxy.requests[0].target == "http://elsewhere.example/v1/fine_tuning/jobs?limit=100"
