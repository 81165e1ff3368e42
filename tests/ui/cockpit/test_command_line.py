"""Parsing, completion and effects of the command line."""

from pathlib import Path

import pytest

from fttui.commands import COMMANDS
from fttui.config.paths import view_file
from fttui.models import refusals
from fttui.ui.cockpit import saved_view
from fttui.ui.cockpit.command_line import (
    CommandError,
    ParsedLine,
    columns_of,
    completions,
    parse,
    seconds_of,
    sort_of,
    unknown_name,
)
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import cockpit


def store() -> FakeStore:
    return FakeStore().put(job(1), job(2, "failed"), job(3, "succeeded"))


def test_every_command_id_is_parsed_and_completed() -> None:
    for command in COMMANDS:
        assert parse(command.id) == ParsedLine(id=command.id)
        assert command.id in [line.strip() for line in completions(command.id[:-1], {})]


def test_unknown_command_error_suggests_the_nearest() -> None:
    with pytest.raises(CommandError, match=r"Did you mean job\.cancel"):
        parse("job.c x".replace(" x", "an"))


def test_missing_name_error_says_what_is_missing() -> None:
    with pytest.raises(CommandError, match=r"^No column is named\. Press tab to complete names\.$"):
        sort_of("")
    assert unknown_name("theme", "", ["nord"]) == "No theme is named. Press tab to complete names."


def test_completion_offers_columns_jobs_themes_and_profiles() -> None:
    assert completions("sort l", {}) == ["sort loss", "sort lr"]
    assert completions("sort -lo", {}) == ["sort -loss"]
    names = ["support", "my-sup", "ftjob-x8zkkbwKd"]
    assert completions("goto sup", {"goto": names}) == ["goto support", "goto my-sup"]
    assert completions("goto ..8zkk", {"goto": names}) == ["goto ftjob-x8zkkbwKd"]
    assert completions("goto 8", {"goto": ["ftjob-18", "ftjob-19"]}) == ["goto ftjob-18"]
    assert completions("theme fttui", {"theme": ["fttui-dark", "nord"]}) == ["theme fttui-dark"]
    assert completions("profile w", {"profile": ["work", "local"]}) == ["profile work"]


def test_sort_argument_is_a_column_and_a_direction() -> None:
    assert sort_of("loss desc") == ("loss", True)
    for wrong in ("", "weight", "loss up"):
        with pytest.raises(CommandError):
            sort_of(wrong)


def test_columns_argument_accepts_widths_and_rejects_bad_names() -> None:
    assert columns_of("id, model:30,loss") == ("id", "model:30", "loss")
    assert columns_of("tuned:40,suffix") == ("fine_tuned_model:40", "suffix"), "names of older versions"
    for wrong in ("colour", "id,id", "id,id:12", "model:2", "model:x"):
        with pytest.raises(CommandError):
            columns_of(wrong)


def test_interval_outside_its_range_is_rejected() -> None:
    assert seconds_of("10") == 10
    for wrong in ("", "1", "nan", "1e10", "soon"):
        with pytest.raises(CommandError):
            seconds_of(wrong)


async def test_interval_line_changes_the_poll_interval() -> None:
    async with cockpit(store()) as ui:
        await ui.press("colon", *"interval 10", "enter")
        assert ui.core.poller.interval == 10
        assert "every 10 s" in ui.prompt
        await ui.press("colon", *"interval 1", "enter")
        assert ui.core.poller.interval == 10
        assert "interval: must be a number of seconds, 2 or more." in ui.prompt


async def test_profile_line_switches_by_name_or_opens_the_picker() -> None:
    async with cockpit(store()) as ui:
        await ui.press("colon", *"profile local", "enter")
        assert ui.opened == [None, "local"]
        await ui.press("colon", *"profile", "enter")
        assert "Profiles" in ui.screen[0]


async def test_filter_is_saved_for_the_next_start_only_after_w() -> None:
    async with cockpit(store()) as ui:
        await ui.press("4", "slash", *"run", "enter")
        assert ui.app.remembered.status == 0
        await ui.press("colon", "w", "enter")
        assert "Saved: status: failed  /run, newest first" in ui.prompt
        await ui.press("0", "colon", *"filter", "enter")
        remembered = ui.app.remembered
        assert (remembered.status, remembered.filter) == (4, "run")
        assert saved_view.load(view_file())[0] == remembered
    async with cockpit(store(), remembered=remembered) as ui:
        assert ui.shown == ["ftjob-00000002"]


async def test_columns_line_sets_widths_and_is_saved() -> None:
    async with cockpit(store(), size=(80, 24)) as ui:
        await ui.press("colon", *"columns id,created,model:30", "enter")
        assert ui.screen[2].split() == ["ID", "CREATED", "MODEL"]
        assert ui.app.remembered.columns == ("id", "created", "model:30")


async def test_filter_goto_sort_theme_and_quit_lines_work() -> None:
    async with cockpit(store()) as ui:
        await ui.press("colon", *"filter status:failed", "enter")
        assert ui.shown == ["ftjob-00000002"]
        await ui.press("colon", *"filter", "enter")
        await ui.press("colon", *"goto 00000003", "enter")
        assert ui.cursor == "ftjob-00000003"
        await ui.press("colon", *"sort age desc", "enter")
        assert ui.shown[0] == "ftjob-00000003"
        await ui.press("colon", *"nonsense", "enter")
        assert "Unknown command 'nonsense'" in ui.prompt
        await ui.press("colon", *"theme ansi-dark", "enter")
        assert ui.app.theme == "ansi-dark"
        await ui.press("colon", "q", "enter")
        assert ui.app._exit


async def test_goto_takes_a_suffix_or_the_end_of_an_id() -> None:
    async with cockpit(store().put(job(4, user_provided_suffix="run-3")), size=(120, 40)) as ui:
        for name, expected in (("run-2", 2), ("..00000003", 3), ("..1", 1), ("ftjob-00000004", 4)):
            await ui.press("colon", *f"goto {name}", "enter")
            assert ui.cursor == f"ftjob-0000000{expected}"
        await ui.press("colon", *"goto run-3", "enter")
        assert "2 jobs have the suffix run-3: ..00000003 (succeeded, 4m old), ..00000004 (running, 5m old)" in ui.prompt
        await ui.press("colon", *"goto run", "enter")
        assert "No job has the suffix or id 'run'. tab completes names." in ui.prompt
        assert ui.cursor == "ftjob-00000004"
        await ui.press("colon", *"goto r", "tab", "enter")
        assert ui.cursor == "ftjob-00000001"


async def test_goto_shows_a_job_that_a_filter_hides() -> None:
    async with cockpit(store()) as ui:
        await ui.press("4", "colon", *"goto run-3", "enter")
        assert ui.cursor == "ftjob-00000003"
        assert "The filter hid run-3 (..00000003). u restores the filter." in ui.prompt
        await ui.press("u")
        assert ui.shown == ["ftjob-00000002"]


async def test_tab_completes_a_line_and_arrows_walk_the_history() -> None:
    async with cockpit(store()) as ui:
        await ui.press("colon", *"fil", "tab")
        assert ui.prompt == ":filter"
        await ui.press(*"x", "enter")
        await ui.press("colon", *"goto 3", "enter", "colon", "up", "up")
        assert ui.prompt == ":filter x"
        await ui.press("down")
        assert ui.prompt == ":goto 3"
        await ui.press("escape")
        assert not ui.prompt.startswith(":")


async def test_runs_line_switches_to_a_directory_and_refuses_one_that_is_not_there(tmp_path: Path) -> None:
    async with cockpit(store()) as ui:
        await ui.press("colon", *f"runs {tmp_path}/nowhere", "enter")
        assert "does not exist" in ui.prompt
        await ui.press("colon", *f"runs {tmp_path}", "enter")
        assert ui.opened == [None, f"file://{tmp_path}"]
        assert tmp_path.name in ui.status
        assert ui.app.main.model.refusal("job.cancel") == refusals.WATCHED


async def test_runs_of_a_removed_working_directory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with cockpit() as ui:
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        await ui.press(":", *"runs", "enter")
        assert "The working directory does not exist." in ui.prompt
