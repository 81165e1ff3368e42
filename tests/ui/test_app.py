"""The application: hold, errors, profiles, saved view, notifications and exit."""

import asyncio
import tomllib
from pathlib import Path

import pytest
from textual.app import App
from textual.events import AppBlur, AppFocus, Resize
from textual.geometry import Size

from fttui.config.schema import Settings
from fttui.store.health import State
from fttui.ui.cockpit.saved_view import SavedView
from fttui.ui.preferences import Preferences
from fttui.ui.render.glyphs import ASCII
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.terminal.escape_codes import Title
from tests.support.fake_store import FakePoller, FakeStore, job
from tests.support.ui_fakes import Ui, cockpit


async def test_hold_key_stops_and_resumes_polling() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("R")
        assert ui.core.poller.held
        assert "HELD · R resumes" in ui.status
        await ui.press("R")
        assert not ui.core.poller.held
        assert "HELD" not in ui.status


async def test_failing_poller_ends_the_cockpit_with_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def fail(_: FakePoller) -> None:
        raise ExceptionGroup("lanes", [KeyError("a fault of ours")])

    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(FakePoller, "run", fail)
    with pytest.raises(ExceptionGroup):  # the harness raises the error that ended the application
        async with cockpit(FakeStore().put(job(1))) as ui:
            app = ui.app
    assert app.return_code == 1
    assert app.crash_message.startswith("fttui: unexpected error: KeyError\nDetails: ")
    (note,) = tmp_path.rglob("crash-*.txt")
    assert "a fault of ours" in note.read_text(encoding="utf-8")


@pytest.mark.painted
async def test_frame_of_an_outdated_size_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Size] = []
    monkeypatch.setattr(App, "_display", lambda _, screen, frame: written.append(screen.outer_size) if frame else None)
    async with cockpit(FakeStore().put(job(1)), size=(120, 40)) as ui:
        written.clear()
        await ui.app._on_resize(Resize(Size(60, 20), Size(60, 20)))  # the screens are told a moment later
        ui.app._display(ui.main, ui.main._compositor.render_full_update())
        assert not written, "it would be clipped, and the cell diff would take it for what the terminal shows"
        ui.app._check_resize()
        await ui.until(lambda: written)
        assert set(written) == {Size(60, 20)}


async def test_error_list_has_refusals_and_poll_errors() -> None:
    store = FakeStore().put(job(1))
    store.refusal = "Cannot cancel now"
    async with cockpit(store) as ui:
        await ui.press("exclamation_mark")
        assert any("no errors" in line for line in ui.screen)
        await ui.press("escape", "c", "y")
        await ui.publish(state=State.OFFLINE, why="connection refused")
        await ui.press("exclamation_mark")
        assert any("ftjob-00000001 was not cancelled: Cannot cancel now" in line for line in ui.screen)
        assert any("connection refused" in line for line in ui.screen)


async def test_notice_of_the_store_is_shown_and_listed() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        ui.store.notices = ("the archive could not be read; it was set aside as archive.db.broken",)
        await ui.publish()
        assert "set aside" in ui.prompt
        await ui.press("j")
        assert "! 1 unread" in ui.status
        await ui.press("exclamation_mark")
        assert any("set aside" in line for line in ui.screen)


async def test_profile_picker_switches_the_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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


async def test_a_cancel_that_is_being_sent_ends_before_the_connection_of_its_profile_closes() -> None:
    store = FakeStore().put(job(1, "running"))
    store.answer = asyncio.Event()
    async with cockpit(store) as ui:
        await ui.press("c", "y", "at", *"all profiles", "enter")
        await ui.pilot.pause()
        assert ui.opened == [None, "all profiles"]
        assert not ui.core.is_closed
        store.answer.set()
        await ui.until(lambda: ui.core.is_closed)
        assert "Cancelled" in ui.prompt


async def test_quit_waits_for_a_cancel_that_is_being_sent() -> None:
    store = FakeStore().put(job(1, "running"))
    store.answer = asyncio.Event()
    async with cockpit(store) as ui:
        await ui.press("c", "y", "q")
        assert ui.app.is_running
        assert "Waiting for the answer to your last action. Press q again to quit without it." in ui.prompt
        store.answer.set()
        await ui.until(lambda: not ui.app.is_running)
    assert store.raw["ftjob-00000001"]["status"] == "cancelled"


async def test_second_quit_does_not_wait_for_a_cancel_that_is_being_sent() -> None:
    store = FakeStore().put(job(1, "running"))
    store.answer = asyncio.Event()
    async with cockpit(store) as ui:
        await ui.press("c", "y", "q")
        await ui.press("q")
        await ui.until(lambda: not ui.app.is_running)


async def test_unexpected_error_of_an_action_is_shown_and_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def fail(_: object) -> None:
        raise KeyError("a fault of ours")

    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path))
    store = FakeStore().put(job(1, "running"))
    monkeypatch.setattr(store, "cancel", fail)
    async with cockpit(store, may_fail=True) as ui:
        await ui.press("c", "y")
        await ui.pilot.pause()
        assert "unexpected error: KeyError. Details: " in ui.prompt
        assert "stop" not in ui.screen[3], "the job is shown as it is known"
        await ui.press("exclamation_mark")
        assert any("unexpected error: KeyError" in line for line in ui.screen)
    (note,) = tmp_path.rglob("crash-*.txt")
    assert "a fault of ours" in note.read_text(encoding="utf-8")


async def test_rebound_keys_replace_the_defaults_in_footer_help_and_cockpit() -> None:
    preferences = Preferences(Settings(keys={"job.cancel": "f8", "refresh": "ctrl+r"}))
    async with cockpit(FakeStore().put(job(1)), preferences=preferences) as ui:
        assert "f8 cancel" in ui.screen[-1]
        await ui.press("c")
        assert "Cancel" not in ui.prompt
        await ui.press("f8")
        assert "Cancel run-1 (..00000001)" in ui.prompt
        await ui.press("n", "ctrl+r")
        assert ui.core.poller.pokes == 1
        await ui.press("question_mark", *"cancel the job")
        assert any("f8" in line and "cancel the job" in line for line in ui.screen)


async def test_saved_view_is_restored() -> None:
    remembered = SavedView(
        sort="loss", reverse=True, wrap=True, times="utc", tab="detail", splits={"wide": 2}, theme="nord"
    )
    async with cockpit(FakeStore().put(job(1)), size=(120, 40), remembered=remembered) as ui:
        assert ui.app.theme == "nord"
        assert any("loss ↓" in line for line in ui.screen)
        assert ui.main.jobs.size.width == 69 + 12
        assert ui.app.remembered == remembered
        await ui.press("equals_sign", "w", "s")
        assert ui.app.remembered == remembered._replace(splits={"wide": 0}, wrap=False, sort="best", reverse=False)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_plus_and_minus_resize_the_list(size: tuple[int, int]) -> None:
    async with cockpit(FakeStore().put(*map(job, range(1, 9))), size=size) as ui:

        def area() -> int:
            return ui.main.jobs.size.width * ui.main.jobs.size.height

        usual = area()
        await ui.press("plus")
        larger = area()
        await ui.press("minus", "minus")
        assert area() < usual < larger
        await ui.press("equals_sign")
        assert area() == usual


PROFILES = """
theme = "nord"
[profiles.far]
base_url = "https://far.example.com/v1"
link = "slow"
read_only = true
[profiles.near]
base_url = "https://near.example.com/v1"
"""


async def test_link_and_read_only_of_a_profile_apply_after_the_switch(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(PROFILES)
    preferences = Preferences(Settings(**tomllib.loads(PROFILES)), "local")
    async with cockpit(FakeStore().put(job(1)), preferences=preferences) as ui:
        assert (ui.app.theme, ui.app.native_ansi_color) == ("nord", False)
        await ui.press("at", *"far", "enter")
        assert (ui.app.theme, ui.app.native_ansi_color) == ("ansi-dark", True)
        assert "read-only" in ui.status
        await ui.press("c")
        assert "read-only" in ui.prompt
        await ui.press("a")
        assert ui.app.screen is ui.main, "the form does not open"
        assert ui.app.remembered.theme == "", "the user has chosen neither theme with T"
        await ui.press("at", *"near", "enter")
        assert (ui.app.theme, ui.app.native_ansi_color) == ("nord", False)
        assert "read-only" not in ui.status


async def test_jobs_still_running_counts_live_local_jobs_only(tmp_path: Path) -> None:
    states = ("running", "queued", "paused", "succeeded")
    jobs = [job(number, status) for number, status in enumerate(states)]
    for local, number in ((True, 2), (False, 0)):
        async with cockpit(FakeStore().put(*jobs), local=local) as ui:
            assert ui.app.still_running == number
    (tmp_path / "config.toml").write_text(PROFILES)
    async with cockpit(FakeStore().put(*jobs)) as ui:
        await ui.press("at", *"near", "enter")
        assert ui.app.still_running == 0


async def test_profile_switch_is_refused_while_the_config_file_is_invalid(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(PROFILES)
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("at", *"near")
        (tmp_path / "config.toml").write_text("intervall = 3\n" + PROFILES)
        await ui.press("enter")
        assert "Did you mean 'interval'?" in ui.prompt
        assert ui.opened == [None]


@pytest.mark.parametrize("key", ["a", "A"])
async def test_form_is_refused_while_the_config_file_is_invalid(tmp_path: Path, key: str) -> None:
    (tmp_path / "config.toml").write_text("intervall = 3\n")
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press(key)
        assert "Did you mean 'interval'?" in ui.prompt
        (tmp_path / "config.toml").write_text("")
        await ui.press(key)
        assert ui.form


async def test_columns_are_chosen_ordered_and_saved() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("colon", *"columns id,loss,tuned", "enter")
        assert ui.screen[2].split() == ["ID", "VALID", "FINE-TUNED", "MODEL"]
        assert ui.app.remembered.columns == ("id", "loss", "fine_tuned_model")
        await ui.press("colon", *"columns id,weight", "enter")
        assert "Unknown column 'weight'" in ui.prompt
        await ui.press("colon", *"columns", "enter")
        assert "STEP" in ui.screen[2]
    async with cockpit(FakeStore().put(job(1)), remembered=SavedView(columns=("age", "id"))) as ui:
        assert ui.screen[2].split() == ["AGE", "ID"]


async def test_end_of_watched_jobs_is_notified_once_while_unfocused(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = f'printf "%s %s\\n" "$FTTUI_JOB_ID" "$FTTUI_JOB_STATUS" >> {said}'
    preferences = Preferences(Settings(notify="osc9", notify_command=["/bin/sh", "-c", script]))
    store = FakeStore().put(job(1), job(2))
    async with cockpit(store, local=False, preferences=preferences) as ui:
        written = written_by(ui)
        await ui.press("asterisk", "colon", *"watch", "enter")
        assert "Watching 2 jobs" in ui.prompt
        ui.app.app_focus = False
        store.put(job(1, "succeeded", user_provided_suffix="\x07;evil"), job(2, "failed"))
        await ui.publish()
        await ui.publish()
        assert written == ["\x1b]9;2 jobs ended: 1 succeeded, 1 failed\x07"]
        await ui.until(lambda: said.exists() and len(said.read_text().splitlines()) == 2)
        assert sorted(said.read_text().splitlines()) == ["ftjob-00000001 succeeded", "ftjob-00000002 failed"]


def written_by(ui: Ui) -> list[str]:
    """Return a list that receives what is written to the terminal apart from frames."""
    written: list[str] = []
    assert ui.app._driver is not None
    ui.app._driver.write = written.append  # type: ignore[method-assign]
    return written


async def test_ends_within_seconds_are_one_notification_and_each_job_is_notified_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fttui.ui.notifier.INTERVAL", 0.2)
    store = FakeStore().put(*(job(number) for number in range(1, 5)))
    async with cockpit(store, preferences=Preferences(Settings(notify=["bell", "osc9"]))) as ui:
        written = written_by(ui)
        await ui.press("asterisk", "colon", *"watch", "enter")
        ui.app.app_focus = False
        for number in (1, 2, 3):
            store.put(job(number, "succeeded"))
            await ui.publish()
        assert written == ["\x07", "\x1b]9;run-1 (..00000001) succeeded\x07"]
        async with asyncio.timeout(60):
            while len(written) < 4:
                await ui.pilot.pause(0.05)
        assert written[2:] == ["\x07", "\x1b]9;2 jobs ended: 2 succeeded\x07"]
        store.put(job(1))
        await ui.publish()
        await ui.press("asterisk", "asterisk", "colon", *"watch", "enter")
        ui.app.app_focus = False
        store.put(job(1, "failed"), job(4, "failed"))
        await ui.publish()
        async with asyncio.timeout(60):
            while len(written) < 6:
                await ui.pilot.pause(0.05)
        assert written[5:] == ["\x1b]9;run-4 (..00000004) failed\x07"]


async def test_focused_terminal_gets_no_notification_but_the_error_of_the_command(tmp_path: Path) -> None:
    preferences = Preferences(Settings(notify=["bell", "title"], notify_command=[str(tmp_path / "none")]))
    store = FakeStore().put(job(1))
    async with cockpit(store, local=False, preferences=preferences) as ui:
        written = written_by(ui)
        await ui.press("colon", *"watch", "enter")
        store.put(job(1, "failed"))
        await ui.publish()
        assert written == []
        assert "notify_command: No such file or directory" in ui.prompt


async def test_terminal_title_shows_counts_and_a_note_until_focus() -> None:
    store = FakeStore().put(job(1), job(2), job(3, "succeeded", user_provided_suffix="\x1b]0;evil\x07"))
    preferences = Preferences(Settings(notify="title"))
    async with cockpit(store, preferences=preferences, glyphs=ASCII, title=Title(enabled=True)) as ui:
        written = written_by(ui)
        await ui.publish()
        ui.clock.advance(100)
        await ui.publish()
        assert written == []
        await ui.press("colon", *"watch", "enter")
        ui.app.post_message(AppBlur())
        store.put(job(1, "failed"))
        await ui.publish()
        assert written == ["\x1b]2;fttui >1 +1 !1\x07", "\x1b]2;run-1 (..00000001) failed\x07"]
        ui.app.post_message(AppFocus())
        await ui.pilot.pause()
        assert written[2:] == ["\x1b]2;fttui >1 +1 !1\x07"]


async def test_age_steps_by_the_minute_while_unfocused() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        ui.clock.advance(20)
        await ui.publish()
        assert ui.status.endswith("20s ")
        ui.app.post_message(AppBlur())
        await ui.pilot.pause()
        await ui.publish()
        assert ui.status.endswith("now ")
        ui.clock.advance(50)
        await ui.publish()
        assert ui.status.endswith("1m ")


async def test_terminal_cursor_follows_row_text_and_form() -> None:
    async with cockpit(FakeStore().put(job(1), job(2), job(3))) as ui:
        assert ui.app.cursor_position == (0, 3)
        await ui.press("j", "j")
        assert ui.app.cursor_position == (0, 5)
        await ui.press("slash", *"ab", "left")
        assert ui.app.cursor_position == (len(" /a"), 22)
        await ui.press("escape", "question_mark", "down")
        assert ui.app.cursor_position == (0, 3)
        await ui.press("escape", "a")
        assert ui.screen[ui.app.cursor_position.y].lstrip(" ▌").startswith("model")


async def test_all_profiles_view_merges_jobs_and_refuses_create() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("at", *"all profiles", "enter")
        await ui.pilot.pause()
        assert ui.opened[-1] == "all profiles"
        assert "all profiles" in ui.status
        assert ui.screen[2].split()[-1] == "PROFILE", "the profile of each job"
        await ui.press("a")
        assert "choose one with @" in ui.prompt


async def test_cost_column_shows_known_costs() -> None:
    tuned = job(1, "succeeded", model="gpt-4.1-nano-2025-04-14", trained_tokens=2_000_000)
    store = FakeStore().put(tuned, job(2, "succeeded", model="nobody-knows", trained_tokens=5))
    place = ServiceInfo("openai", "api.openai.com", False, False, "", "openai", "https://api.openai.com/v1")
    async with cockpit(store, size=(200, 60), place=place) as ui:
        await ui.press("colon", *"columns id,cost", "enter")
        assert "3.00 USD" in ui.screen[3]
        assert ui.screen[4].split()[1] == "-"
        assert "3.00 USD" in ui.detail


async def test_ctrl_c_declines_then_ends_typing_then_exits() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("c", "ctrl+c")
        assert "Nothing changed." in ui.prompt
        await ui.press("slash", "x", "ctrl+c")
        assert ui.shown == ["ftjob-00000001"]
        assert not ui.app._exit
        await ui.press("ctrl+c")
        assert "Press ctrl+c again to quit" in ui.prompt
        await ui.press("ctrl+c")
        assert ui.app._exit
    assert ui.store.sent == []


@pytest.mark.parametrize("keys", [(), ("question_mark",), ("a",), ("at",), ("exclamation_mark",)])
async def test_styles_at_the_mount_of_a_screen_are_those_of_a_later_update(keys: tuple[str, ...]) -> None:
    async with cockpit(FakeStore().put(job(1)), size=(120, 40)) as ui:
        await ui.press(*keys)
        screen = ui.app.screen
        assert (screen is ui.main) == (not keys)
        before = {widget: dict(widget.styles.base.get_rules()) for widget in screen.walk_children(with_self=True)}
        screen.update_node_styles(animate=False)
        for widget, rules in before.items():
            assert dict(widget.styles.base.get_rules()) == rules, widget
