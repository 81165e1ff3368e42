"""Renewal of keys that expire, such as Entra tokens."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fttui.api.errors import Unauthorized
from fttui.config.secrets import Secret
from fttui.core.connect import connect as wire
from fttui.core.options import Options
from fttui.models.spec import JobSpec
from tests.api.conftest import KEY, Connect
from tests.support.clock import FakeClock
from tests.support.fault_server import FaultServer, Request, Step, refuse, send_json, serving


class Keys:
    """Key command whose keys expire."""

    def __init__(self, *keys: str) -> None:
        self.keys = list(keys)
        self.runs = 0

    async def __call__(self) -> Secret | None:
        self.runs += 1
        return Secret(self.keys.pop(0)) if self.keys else None


def accepting(*good: str) -> Any:
    def script(request: Request) -> Step:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in good:
            return refuse(401, "expired", "invalid_api_key")
        return send_json({"id": "ftjob-1", "object": "list", "data": []})

    return script


async def test_expired_key_is_renewed_and_the_call_repeated(connect: Connect) -> None:
    keys = Keys("second-key")
    async with FaultServer(accepting("second-key")) as server:
        client = connect(server.url, renew=keys)
        await client.get_job("ftjob-1")
        await client.cancel_job("ftjob-1")
        await client.list_jobs()
    assert keys.runs == 1
    assert [(r.method, r.headers["authorization"]) for r in server.requests] == [
        ("GET", f"Bearer {KEY}"),
        ("GET", "Bearer second-key"),
        ("POST", "Bearer second-key"),
        ("GET", "Bearer second-key"),
    ]


async def test_create_is_repeated_only_after_a_401(connect: Connect) -> None:
    keys = Keys("second-key")
    async with FaultServer(accepting("second-key")) as server:
        await connect(server.url, renew=keys).create_job(JobSpec(model="m", training_file="file-1"))
    assert [r.method for r in server.requests] == ["POST", "POST"]


@pytest.mark.parametrize("keys", [(), (KEY,), ("another-bad-key",)], ids=["none", "the same", "a bad one"])
async def test_wrong_key_is_renewed_once_only(connect: Connect, keys: tuple[str]) -> None:
    command = Keys(*keys)
    async with FaultServer(accepting("good")) as server:
        with pytest.raises(Unauthorized):
            await connect(server.url, renew=command).get_job("ftjob-1")
    assert command.runs == 1
    assert len(server.requests) == (2 if keys == ("another-bad-key",) else 1)


async def test_concurrent_calls_share_one_renewal(connect: Connect) -> None:
    keys = Keys("second-key", "third-key")
    async with FaultServer(accepting("second-key")) as server:
        client = connect(server.url, renew=keys)
        await asyncio.gather(*(client.get_job("ftjob-1") for _ in range(5)))
    assert keys.runs == 1


async def test_clock_skew_is_known_from_the_date_header(connect: Connect, clock: FakeClock) -> None:
    from email.utils import formatdate

    async with serving(send_json({"data": []}), send_json({"data": []}, date=formatdate(clock.now() + 90))) as server:
        client = connect(server.url)
        await client.list_jobs()
        assert client.skew is None
        await client.list_jobs()
        assert client.skew == 90


async def test_key_command_of_a_profile_renews_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    command = ["/bin/sh", "-c", f"echo x >> {tmp_path}/runs; echo token-number-$(wc -l < {tmp_path}/runs | tr -d ' ')"]
    async with FaultServer(accepting("token-number-2")) as server:
        (tmp_path / "config.toml").write_text(
            f"[profiles.entra]\nbase_url = '{server.url}'\nauth = 'bearer'\napi_key_command = {command!r}\n"
        )
        connection = await wire(Options(profile="entra"), clock=FakeClock(instant=True))
        try:
            await connection.client.get_job("ftjob-1")
        finally:
            await connection.close()
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer token-number-1", "Bearer token-number-2"]
