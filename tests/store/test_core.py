"""The composition root: a core opens over whatever there is, and says why the rest is missing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.config.errors import ConfigError
from fttui.core import connect as wiring
from fttui.core.connect import Core, Options, open_core
from fttui.store.health import State
from tests.support.store_fakes import FakeClock, job

URL = "http://models.example:8080/v1"


@pytest.fixture(autouse=True)
def _own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("OPENAI_", "AZURE_", "FTTUI_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))


def serving(*jobs: dict[str, Any], status: int = 200) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/fine_tuning/jobs":
            return httpx.Response(status, json={"data": list(jobs), "has_more": False})
        return httpx.Response(200, json={"data": [], "has_more": False})

    return httpx.MockTransport(answer)


def refusing(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


async def polled(core: Core, clock: FakeClock, done: Callable[[], bool]) -> None:
    """Run the core's poller until `done`; archive and client do real work in between."""
    import asyncio

    task = asyncio.create_task(core.poller.run())
    try:
        async with asyncio.timeout(20):
            while not done():
                await asyncio.sleep(0.002)
                await clock.run(1)
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_core_comes_alive_and_is_found_again() -> None:
    clock = FakeClock()
    core = await open_core(Options(base_url=URL), clock=clock, transport=serving(job(1), job(2, "running")))
    assert (core.client, core.store.snapshot.health.state) == (None, State.CONNECTING)
    await polled(core, clock, lambda: core.store.snapshot.health.is_good)
    assert core.client is not None
    assert set(core.store.snapshot.rows) == {"ftjob-00001", "ftjob-00002"}
    as_of = core.store.snapshot.as_of
    await core.close()
    again = await open_core(Options(base_url=URL), clock=clock, transport=httpx.MockTransport(refusing))
    assert set(again.store.snapshot.rows) == {"ftjob-00001", "ftjob-00002"}
    assert again.store.snapshot.as_of == as_of
    await polled(again, clock, lambda: again.store.snapshot.health.state is State.OFFLINE)
    assert "refused" in again.store.snapshot.health.why
    assert len(again.store.snapshot.rows) == 2
    await again.close()
    other = await open_core(Options(base_url="http://elsewhere.example/v1"), clock=clock)
    assert other.store.snapshot.rows == {}, "each service has an archive of its own"
    await other.close()


async def test_offline_asks_nobody() -> None:
    clock = FakeClock()
    asked: list[httpx.Request] = []
    core = await open_core(
        Options(base_url=URL, offline=True),
        clock=clock,
        transport=httpx.MockTransport(asked.append),  # type: ignore[arg-type]
    )
    assert core.store.snapshot.health.state is State.OFFLINE
    assert "--offline" in core.store.snapshot.health.why
    await polled(core, clock, lambda: clock.elapsed > 300)
    assert asked == []
    assert not (await core.store.cancel(["x"]))["x"].ok
    await core.close()


async def test_a_missing_key_is_a_refusal_that_waits_for_somebody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(
        '[profiles.work]\nbase_url = "http://models.example/v1"\napi_key_env = "WORK_KEY"\n'
    )
    monkeypatch.delenv("WORK_KEY", raising=False)
    clock = FakeClock()
    core = await open_core(Options(profile="work"), clock=clock, transport=serving(job(1)))
    await polled(core, clock, lambda: core.store.snapshot.health.state is State.DENIED)
    assert "WORK_KEY" in core.store.snapshot.health.why
    monkeypatch.setenv("WORK_KEY", "sk-test")
    core.poller.poke()
    await polled(core, clock, lambda: core.store.snapshot.health.is_good)
    await core.close()


async def test_a_local_service_that_does_not_start_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = wiring.connect, []

    async def connect(options: Options, **more: Any) -> Any:
        tries.append(options)
        if len(tries) < 3:
            raise RuntimeError("the local service did not start")
        return await real(options, **(more | {"transport": serving(job(1))}))

    monkeypatch.setattr(wiring, "connect", connect)
    clock = FakeClock()
    core = await open_core(Options(), clock=clock)
    assert core.choice.is_local
    await polled(core, clock, lambda: core.store.snapshot.health.failures == 2)
    assert core.store.snapshot.health.why == "the local service did not start"
    await polled(core, clock, lambda: core.store.snapshot.health.is_good)
    await core.close()


async def test_what_is_read_only_and_how_often_to_ask_come_from_flag_profile_or_settings(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        f'interval = 9\n[profiles.work]\nbase_url = "{URL}"\nread_only = true\ninterval = 7\n'
    )
    for options, interval, read_only in (
        (Options(base_url=URL), 9, False),
        (Options(profile="work"), 7, True),
        (Options(base_url=URL, interval=20.0, read_only=True), 20, True),
    ):
        core = await open_core(options, clock=FakeClock())
        assert core.poller._interval == interval
        assert ("read-only" in (await core.store.cancel(["x"]))["x"].message) is read_only
        await core.close()


async def test_a_wrong_configuration_is_said_before_anything_opens(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        await open_core(Options(profile="nobody"))
    assert not (tmp_path / "data" / "archive.db").exists()


async def test_warnings_and_an_archive_set_aside_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "archive.db").write_text("broken")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    clock = FakeClock()
    core = await open_core(Options(base_url=URL), clock=clock, transport=serving(job(1)))
    assert "set aside" in core.store.snapshot.notices[0]
    await polled(core, clock, lambda: core.store.snapshot.health.is_good)
    assert any("in the clear" in notice for notice in core.store.snapshot.notices)
    await core.close()
