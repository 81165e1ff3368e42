"""Marks, actions on several jobs, order and undo."""

import pytest

from fttui.models.restrictions import Restrictions
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import cockpit


def store(count: int = 5) -> FakeStore:
    return FakeStore().put(*(job(number) for number in range(count)), job(90, "succeeded"))


async def test_marked_jobs_are_cancelled_together_without_finished_ones() -> None:
    async with cockpit(store()) as ui:
        await ui.press("space", "space", "G", "space")
        assert any("3 marked" in line for line in ui.screen)
        assert sum(line.startswith("*") for line in ui.screen) == 3
        await ui.press("c")
        assert "Cancel 2 jobs (2 running)? They cannot be resumed. 1 marked job has already ended. y/N" in ui.prompt
        await ui.press("y")
        assert ui.store.sent == [("cancel", "ftjob-00000000", "ftjob-00000001")]
        assert "Cancelled 2 jobs" in ui.prompt


async def test_more_than_ten_objects_are_confirmed_by_their_number() -> None:
    async with cockpit(store(12)) as ui:
        await ui.press("asterisk", "c")
        assert "Type 12 to cancel 12 jobs: _" in ui.prompt
        await ui.press("y", "1", "enter")
        assert ui.store.sent == []
        await ui.press("c", "1", "3", "backspace", "2", "enter")
        assert len(ui.store.sent[0]) == 13


async def test_range_marks_the_jobs_between_its_ends() -> None:
    async with cockpit(store()) as ui:
        await ui.press("j", "v", "j", "j", "v", "j")
        assert ui.marks == {"ftjob-00000001", "ftjob-00000002", "ftjob-00000003"}
        await ui.press("escape")
        assert ui.marks == frozenset()
        await ui.press("u")
        assert len(ui.marks) == 3


async def test_sort_and_reverse_keep_the_cursor_on_its_job() -> None:
    async with cockpit(store()) as ui:
        await ui.press("j", "S")
        assert ui.shown[0] == "ftjob-00000090"
        assert ui.cursor == "ftjob-00000001"
        assert any("oldest first" in line for line in ui.screen)
        await ui.press("s")
        assert any("status ↑" in line for line in ui.screen)
        await ui.press("u", "u")
        assert ui.shown[0] == "ftjob-00000000"


async def test_undo_removes_a_typed_filter_in_one_step() -> None:
    async with cockpit(store()) as ui:
        await ui.press("slash", *"run-3", "enter")
        assert len(ui.shown) == 1
        await ui.press("u")
        assert len(ui.shown) == 6


async def test_pause_key_pauses_then_resumes() -> None:
    async with cockpit(store()) as ui:
        await ui.press("P")
        assert ui.store.sent == [("pause", "ftjob-00000000")]
        assert "Paused run-0 (..00000000)" in ui.prompt
        await ui.press("P")
        assert ui.store.sent[-1] == ("resume", "ftjob-00000000")


@pytest.mark.parametrize("key", ["c", "P"])
async def test_verb_not_offered_by_the_provider_is_refused(key: str) -> None:
    found = store()
    found.restrictions = Restrictions({"pause", "cancel"})
    async with cockpit(found) as ui:
        await ui.press(key)
        assert "local does not offer " in ui.prompt
        assert ui.store.sent == []


async def test_click_on_a_column_title_sorts_and_a_second_reverses() -> None:
    async with cockpit(store()) as ui:
        where = ui.screen[2].index("NAME") + 2
        await ui.pilot.click("#jobs-head", offset=(where, 0))
        assert any("name ↑" in line for line in ui.screen)
        await ui.pilot.click("#jobs-head", offset=(where, 0))
        assert any("name ↓" in line for line in ui.screen)
        await ui.pilot.click("#jobs", offset=(5, 2))
        assert ui.cursor == ui.shown[2]
