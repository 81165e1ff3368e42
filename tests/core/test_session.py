"""Sessions: opening over archived jobs, connecting, and reporting what is missing."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.config.errors import ConfigError
from fttui.core import connect as connecting
from fttui.core.availability import access_to, why_not
from fttui.core.options import Options
from fttui.core.session import MergedSession, Session, open_merged_session, open_session
from fttui.models import refusals
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.runs.place import url_of
from fttui.store.archive.archive import Archive
from fttui.store.health import State
from tests.support.clock import FakeClock
from tests.support.hf_runs import end, losses, save
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import job

URL = "http://models.example:8080/v1"


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


async def polled(session: Session | MergedSession, clock: FakeClock, done: Callable[[], bool]) -> None:
    """Run the poller until `done` returns true; archive and client work in real threads."""
    task = asyncio.create_task(session.poller.run())
    try:
        async with asyncio.timeout(60):
            while not done():
                await asyncio.sleep(0.002)
                await clock.run(1)
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_session_connects_and_shows_its_archive_when_reopened() -> None:
    clock = FakeClock()
    session = await open_session(Options(base_url=URL), clock=clock, transport=serving(job(1), job(2, "running")))
    assert (session.client, session.store.snapshot.health.state) == (None, State.CONNECTING)
    await polled(session, clock, lambda: session.store.snapshot.health.is_good)
    assert session.client is not None
    assert set(session.store.snapshot.rows) == {"ftjob-00001", "ftjob-00002"}
    as_of = session.store.snapshot.as_of
    await session.close()
    again = await open_session(Options(base_url=URL), clock=clock, transport=httpx.MockTransport(refusing))
    assert set(again.store.snapshot.rows) == {"ftjob-00001", "ftjob-00002"}
    assert again.store.snapshot.as_of == as_of
    await polled(again, clock, lambda: again.store.snapshot.health.state is State.OFFLINE)
    assert "refused" in again.store.snapshot.health.why
    assert len(again.store.snapshot.rows) == 2
    await again.close()
    other = await open_session(Options(base_url="http://elsewhere.example/v1"), clock=clock)
    assert other.store.snapshot.rows == {}, "each service has its own part of the archive"
    await other.close()


async def test_offline_session_sends_no_request() -> None:
    clock = FakeClock()
    asked: list[httpx.Request] = []
    session = await open_session(
        Options(base_url=URL, offline=True),
        clock=clock,
        transport=httpx.MockTransport(asked.append),  # type: ignore[arg-type]
    )
    assert session.store.snapshot.health.state is State.OFFLINE
    assert "--offline" in session.store.snapshot.health.why
    await polled(session, clock, lambda: clock.elapsed > 300)
    assert asked == []
    assert not (await session.store.cancel(["x"]))["x"].ok
    access = access_to("work", session.store.snapshot)
    for verb in ("create", "cancel", "delete_job", "delete_file"):
        assert why_not(verb, JobRow("x", "running"), access) == "fttui runs with --offline", "before a question"
    await session.close()


async def test_missing_key_stops_polling_until_poked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[profiles.work]\nbase_url = "http://models.example/v1"\napi_key_env = "WORK_KEY"\n'
    )
    monkeypatch.delenv("WORK_KEY", raising=False)
    clock = FakeClock()
    session = await open_session(Options(profile="work"), clock=clock, transport=serving(job(1)))
    await polled(session, clock, lambda: session.store.snapshot.health.state is State.DENIED)
    assert "WORK_KEY" in session.store.snapshot.health.why
    monkeypatch.setenv("WORK_KEY", "sk-test")
    session.poller.poke()
    await polled(session, clock, lambda: session.store.snapshot.health.is_good)
    await session.close()


async def test_failed_start_of_the_local_service_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = connecting.connect, []

    async def connect(options: Options, **more: Any) -> Any:
        tries.append(options)
        if len(tries) < 3:
            raise RuntimeError("the local service did not start")
        return await real(options, **(more | {"transport": serving(job(1))}))

    monkeypatch.setattr(connecting, "connect", connect)
    clock = FakeClock()
    session = await open_session(Options(), clock=clock)
    assert session.choice.is_local
    await polled(session, clock, lambda: session.store.snapshot.health.failures == 2)
    assert session.store.snapshot.health.why == "the local service did not start"
    await polled(session, clock, lambda: session.store.snapshot.health.is_good)
    await session.close()


async def test_read_only_and_interval_come_from_flag_profile_or_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fttui.store.archive.archive.Archive", inline_archive)
    (tmp_path / "config.toml").write_text(
        f'interval = 9\n[profiles.work]\nbase_url = "{URL}"\nread_only = true\ninterval = 7\n'
    )
    for options, interval, read_only in (
        (Options(base_url=URL), 9, False),
        (Options(profile="work"), 7, True),
        (Options(base_url=URL, interval=20.0, read_only=True), 20, True),
    ):
        clock, polls = FakeClock(), list[float]()
        answering = serving(job(1, "running"))

        def answer(
            request: httpx.Request, clock: FakeClock = clock, answering: Any = answering, polls: list[float] = polls
        ) -> httpx.Response:
            if request.url.path.endswith("/jobs") and "after" not in request.url.params:
                polls.append(clock.elapsed)
            return answering.handle_request(request)  # type: ignore[no-any-return]

        session = await open_session(options, clock=clock, transport=httpx.MockTransport(answer))
        await polled(session, clock, lambda polls=polls: len(polls) > 4)  # type: ignore[misc]
        assert polls[-1] - polls[-2] == interval
        assert ("read-only" in (await session.store.cancel(["x"]))["x"].message) is read_only
        await session.close()


@pytest.fixture
def archives(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Numbers of archives that were opened and closed."""
    counts = {"opened": 0, "closed": 0}
    start, close = Archive.__init__, Archive.close

    def counted(archive: Archive, *arguments: Any, **more: Any) -> None:
        counts["opened"] += 1
        start(archive, *arguments, **more)

    async def closed(archive: Archive) -> None:
        counts["closed"] += 1
        await close(archive)

    monkeypatch.setattr(Archive, "__init__", counted)
    monkeypatch.setattr(Archive, "close", closed)
    return counts


async def test_sessions_of_several_profiles_are_closed_when_one_cannot_be_opened(
    tmp_path: Path, archives: dict[str, int]
) -> None:
    (tmp_path / "config.toml").write_text(f'[profiles.work]\nbase_url = "{URL}"\n')
    with pytest.raises(ConfigError):
        await open_merged_session(Options(offline=True), ["work", "nobody"])
    assert archives == {"opened": 1, "closed": 1}


async def test_session_whose_opening_is_cancelled_is_closed(tmp_path: Path, archives: dict[str, int]) -> None:
    (tmp_path / "config.toml").write_text(f'[profiles.work]\nbase_url = "{URL}"\n')
    opening = asyncio.create_task(open_session(Options(profile="work", offline=True)))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert archives == {"opened": 1, "closed": 1}


async def test_wrong_configuration_is_raised_before_anything_opens(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        await open_session(Options(profile="nobody"))
    assert not (tmp_path / "data" / "archive.db").exists()


async def test_warnings_and_a_replaced_archive_become_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "archive.db").write_text("broken")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    clock = FakeClock()
    session = await open_session(Options(base_url=URL), clock=clock, transport=serving(job(1)))
    assert "set aside" in session.store.snapshot.notices[0]
    await polled(session, clock, lambda: session.store.snapshot.health.is_good)
    assert any("unencrypted" in notice for notice in session.store.snapshot.notices)
    await session.close()


async def test_runs_of_other_programs_are_followed_while_they_grow(tmp_path: Path) -> None:
    root, history = tmp_path / "scratch", losses(range(10, 101, 10))
    clock = FakeClock()
    save(root / "a", history, 50, at=clock.now() - 600)
    save(root / "a", history, 60, at=clock.now() - 10)
    session = await open_session(Options(base_url=url_of([str(root)])), clock=clock)
    session.store.look_at("a")
    await polled(session, clock, lambda: len(session.store.run("a").train) == 6)
    assert session.store.snapshot.rows["a"].status.is_live
    save(root / "a", history, 100, at=clock.now())

    def is_complete() -> bool:
        has_ended = session.store.snapshot.rows["a"].status is Status.SUCCEEDED
        return has_ended and len(session.store.checkpoints("a")) == 3 and len(session.store.run("a").train) == 10

    await polled(session, clock, is_complete)
    assert (await session.store.cancel(["a"]))["a"].message == refusals.WATCHED
    await session.close()


async def test_runs_are_shown_beside_the_jobs_of_a_service(tmp_path: Path) -> None:
    end(tmp_path / "scratch" / "a", losses(range(10, 101, 10)))
    (tmp_path / "config.toml").write_text(
        f'[profiles.mine]\nprovider = "runs"\ndirectory = "{tmp_path}/scratch"\n[profiles.hosted]\nbase_url = "{URL}"\n'
    )
    hosted = await open_session(Options(profile="hosted"), clock=FakeClock(), transport=serving(job(1)))
    mine = await open_session(Options(profile="mine"), clock=FakeClock())
    both = MergedSession({"hosted": hosted, "mine": mine})
    await polled(both, FakeClock(), lambda: len(both.store.snapshot.rows) == 2)
    assert sorted(both.store.snapshot.rows) == ["hosted/ftjob-00001", "mine/a"]
    watched = {profile for profile, limits in both.store.of_profiles.items() if limits.is_watched}
    assert watched == {"mine"}
    await both.close()
