"""The help screen: lists, searches, explains and runs commands."""

from fttui.commands import COMMANDS
from fttui.ui.cockpit.layout import PANES
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import cockpit


async def test_help_finds_a_command_by_text_and_enter_runs_it() -> None:
    async with cockpit(FakeStore().put(job(1), job(2, "failed"))) as ui:
        await ui.press("f1", *"only failed", "enter")
        assert ui.shown == ["ftjob-00000002"]


async def test_help_begins_with_the_pane_and_escape_ends_search_and_help() -> None:
    async with cockpit() as ui:
        await ui.press("enter", "question_mark")
        assert "in Jobs: " in ui.screen[0]
        assert ui.screen[1].strip() == "HERE: JOBS"
        await ui.press(*"queued")
        assert ui.screen[0].startswith("── Help queued")
        assert "waiting jobs only" in ui.screen[1]
        assert ui.screen[1].rstrip().endswith("Find and sort")
        await ui.press("x")
        assert ui.screen[-1].strip().startswith('Nothing matches "queuedx". Did you mean queued?')
        await ui.press("escape", "escape")
        assert ui.app.screen is ui.main


async def test_cursor_skips_the_titles_of_sections_and_shows_every_line_of_an_item() -> None:
    async with cockpit(FakeStore().put(job(1)), size=(60, 20)) as ui:
        await ui.press("question_mark")
        seen = []
        for _ in range(80):
            item = ui.app.screen._item  # type: ignore[attr-defined]
            if seen and item.key == seen[-1]:
                break
            seen.append(item.key)
            text = " ".join(" ".join(ui.screen).split())
            assert item.title.split("\xa0")[0].split()[-1] in text
            await ui.press("down")
        assert seen[0] == "job.create"
        assert seen[-1] == "topic sweeps"
        await ui.press("home")
        assert ui.screen[1].strip() == "HERE: JOBS"


async def test_f1_shows_the_page_of_a_row_and_of_a_topic() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("question_mark", *"jobs cancel", "f1")
        assert "fttui jobs cancel" in "\n".join(ui.screen)
        await ui.press("escape", "ctrl+u", *"expressions", "enter")
        assert "filter expressions of / and --filter" in ui.screen[0]
        await ui.press("q", "escape", "escape")
        assert ui.app.screen is ui.main


async def test_f1_in_a_prompt_shows_its_help_and_keeps_the_text() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("slash", "s", "t", "f1")
        assert "filter expressions" in ui.screen[0]
        await ui.press("escape", "e")
        assert ui.prompt.startswith("/step")
        await ui.press("escape", "colon", "f1")
        assert "commands after :" in ui.screen[0]
        assert ":goto" in "\n".join(ui.screen)


def test_every_key_has_one_command() -> None:
    keys = [key for command in COMMANDS for key in command.keys.split(",")]
    assert len(keys) == len(set(keys))


async def test_help_opens_the_command_line_for_a_word_with_an_argument() -> None:
    async with cockpit() as ui:
        await ui.press("question_mark", *"show these columns", "enter")
        assert ui.prompt == ":columns status"  # the first completion
        await ui.press(*"id,age", "enter")
        assert ui.screen[2].split() == ["ID", "AGE"]


async def test_every_command_has_a_handler_in_every_pane() -> None:
    async with cockpit() as ui:
        for command in COMMANDS:
            for pane in PANES:
                assert ui.main.controllers.router.handler(command.id, pane) is not None, (command.id, pane)
