"""The help screen: lists, filters and runs commands."""

from fttui.commands import COMMANDS
from fttui.ui.cockpit.layout import PANES
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import cockpit


async def test_help_lists_every_command() -> None:
    async with cockpit(size=(120, 80)) as ui:
        await ui.press("question_mark")
        screen = "\n".join(ui.screen)
        for command in COMMANDS:
            assert command.id in screen
            assert command.title[:40] in screen


async def test_help_filters_and_enter_runs_the_command() -> None:
    async with cockpit(FakeStore().put(job(1), job(2, "failed"))) as ui:
        await ui.press("f1", *"only failed", "enter")
        assert ui.shown == ["ftjob-00000002"]


async def test_escape_closes_help() -> None:
    async with cockpit() as ui:
        await ui.press("question_mark", "x", "escape", "escape")
        assert ui.app.screen is ui.main


def test_every_key_has_one_command() -> None:
    keys = [key for command in COMMANDS for key in command.keys.split(",")]
    assert len(keys) == len(set(keys))


async def test_help_opens_the_command_line_for_a_word_with_an_argument() -> None:
    async with cockpit() as ui:
        await ui.press("question_mark", *"show these columns", "enter")
        assert ui.prompt == ":columns status"  # the first completion
        await ui.press(*"id,age", "enter")
        assert ui.screen[1].split() == [">ID", "AGE"]


async def test_every_command_has_a_handler_in_every_pane() -> None:
    async with cockpit() as ui:
        for command in COMMANDS:
            for pane in PANES:
                assert ui.main.controllers.router.handler(command.id, pane) is not None, (command.id, pane)


async def test_help_filters_by_letters_that_are_keys() -> None:
    async with cockpit() as ui:
        await ui.press("question_mark", *"queued")
        assert "Keys  queued" in ui.screen[0]
        assert any("waiting jobs only" in line for line in ui.screen)
        await ui.press("escape", "escape")
        assert ui.app.screen is ui.main
