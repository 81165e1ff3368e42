"""Hold, errors, notices, and another profile without a restart."""

from pathlib import Path

import pytest

from fttui.store.health import State
from tests.ui.fakes import FakeStore, cockpit, job


async def test_hold_says_so_and_goes_on() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("R")
        assert ui.core.poller.held
        assert "HELD · R resumes" in ui.status
        await ui.press("R")
        assert not ui.core.poller.held
        assert "HELD" not in ui.status


async def test_errors_are_kept_with_their_reasons() -> None:
    store = FakeStore().put(job(1))
    store.refusal = "Cannot cancel now"
    async with cockpit(store) as ui:
        await ui.press("exclamation_mark")
        assert any("none so far" in line for line in ui.screen)
        await ui.press("escape", "c", "y")
        await ui.publish(state=State.OFFLINE, why="connection refused")
        await ui.press("exclamation_mark")
        assert any("ftjob-00000001 was not cancelled: Cannot cancel now" in line for line in ui.screen)
        assert any("connection refused" in line for line in ui.screen)


async def test_a_notice_of_the_archive_is_said() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        ui.store.notices = ("the archive could not be read; it was set aside as archive.db.broken",)
        await ui.publish()
        assert "set aside" in ui.prompt


async def test_another_profile_without_a_restart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[profiles.work]\nbase_url = "https://api.example.com/v1"\napi_key_env = "WORK"\n')
    monkeypatch.setenv("FTTUI_CONFIG", str(config))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("at")
        assert any("work" in line for line in ui.screen)
        await ui.press(*"work", "enter")
        await ui.pilot.pause()
        assert ui.opened == [None, "work"]
        assert "work ▸ api.example.com" in ui.status
        assert ui.shown == ["ftjob-00000001"]
