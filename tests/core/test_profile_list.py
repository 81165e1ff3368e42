"""The list of profiles: address, key and jobs, known without asking anybody."""

import time
from pathlib import Path

import pytest

from fttui.api.errors import Unauthorized, Unreachable
from fttui.clock import age
from fttui.config.paths import archive_file
from fttui.core.profile_list import ProfileSummary, profile_list
from fttui.store.archive.archive import Archive
from fttui.store.polling.fetcher import Fetcher
from fttui.store.store import Store
from tests.support.clock import FakeClock
from tests.support.store_fakes import FakeClient, entry, job

CONFIG = """
[profiles.work]
base_url = "https://api.example.com/v1"
api_key_env = "WORK_KEY"
[profiles.vault]
base_url = "https://vault.example.com/v1"
api_key_command = "touch asked"
"""


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "data").mkdir(mode=0o700)
    monkeypatch.chdir(tmp_path)


async def put(profile: str, *jobs: dict[str, object], as_of: float = 0.0) -> None:
    archive = Archive(archive_file(), profile)
    await archive.jobs.save([entry(one) for one in jobs], 0.0)
    await archive.jobs.save_list_state(archive.jobs.list_state()._replace(as_of=as_of))
    await archive.close()


async def test_profiles_have_address_key_and_jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORK_KEY", "secret-key")
    await put("work", job(1), job(2, "running"), as_of=1000.0)
    await put("local", job(3, "running"), job(4, "queued"), job(5))
    assert profile_list(1000.0 + 7200) == [
        ProfileSummary("local", "this machine", "1 running, 1 queued"),
        ProfileSummary("openai", "https://api.openai.com/v1", "no key: set OPENAI_API_KEY"),
        ProfileSummary("vault", "https://vault.example.com/v1", "key from a command"),
        ProfileSummary("work", "https://api.example.com/v1", "key WORK_KEY · 2 jobs, 2h ago"),
    ]
    assert not (tmp_path / "asked").exists(), "no key command runs"


def test_profiles_without_archive_and_key() -> None:
    assert [each.known for each in profile_list(0.0)][-1] == "no key: set WORK_KEY"


async def test_last_failure_takes_the_place_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORK_KEY", "secret-key")
    await put("work", job(1), as_of=1000.0)
    clock, client = FakeClock(), FakeClient()
    archive = Archive(archive_file(), "work")
    store = Store(archive, clock)
    store.access.attach(client, insist=True)  # type: ignore[arg-type]
    fetcher = Fetcher(store)
    began = clock.now()
    client.fail("list_jobs", Unreachable("connection refused"))
    for _ in range(3):
        await fetcher.refresh()
        clock.advance(60)

    def known(after: float) -> str:
        return next(each.known for each in profile_list(began + after) if each.name == "work")

    assert known(60) == f"OFFLINE since {time.strftime('%H:%M', time.localtime(began))} · 1 job, {age(began - 940)} ago"
    assert "OFFLINE since 2d ago" in known(2 * 86400)
    client.fail("list_jobs", Unauthorized("no"))
    await fetcher.refresh()
    assert known(300).startswith("key refused since ")
    monkeypatch.delenv("WORK_KEY")
    assert known(300).startswith("no key: set WORK_KEY")
    client.recover()
    await Fetcher(store).refresh()
    assert "since" not in known(300)
    await archive.close()
