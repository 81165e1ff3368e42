"""Hints for a new user."""

from fttui.commands import BY_ID, COMMANDS
from fttui.config.schema import Settings
from fttui.ui.cockpit.first_hints import HINTS, FirstHints
from fttui.ui.cockpit.saved_view import SavedView
from fttui.ui.preferences import Preferences
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import cockpit


def test_each_hint_lasts_until_its_key_is_used_or_three_starts() -> None:
    assert {id for id, _ in HINTS} <= BY_ID.keys()
    hints = FirstHints(COMMANDS)
    assert hints.text == "? lists all keys."
    assert not hints.used("refresh")
    assert hints.used("help")
    assert hints.text.startswith("] shows")
    hints.count_start()
    hints.count_start()
    assert (hints.step, hints.starts) == (1, 1)
    assert FirstHints(COMMANDS, 1, 3).text.startswith("space marks")
    assert FirstHints(COMMANDS, len(HINTS)).text == ""


def test_hints_name_the_key_as_bound_and_can_be_switched_off() -> None:
    commands = tuple(each._replace(shown="f2 f3") if each.id == "help" else each for each in COMMANDS)
    hints = FirstHints(commands)
    assert hints.text == "f2 lists all keys."
    hints.switch(on=False)
    assert (hints.text, hints.step) == ("", len(HINTS))
    assert FirstHints(COMMANDS, is_on=False).text == ""


async def test_hint_is_shown_when_there_is_nothing_else_to_say_and_its_state_is_saved() -> None:
    shown = Preferences(Settings())
    async with cockpit(FakeStore().put(job(1, "cancelled"), job(2, "failed")), preferences=shown) as ui:
        assert ui.prompt == "? lists all keys."
        await ui.press("question_mark", "escape")
        assert ui.prompt.startswith("] shows")
        assert (ui.app.remembered.hint_step, ui.app.remembered.hint_starts) == (1, 1)
        await ui.press("j")
        assert ui.prompt == "failed: no reason given"
        await ui.press("k", "colon", *"hints off", "enter")
        assert ui.prompt == "First-run hints are off."
        assert ui.app.remembered.hint_step == len(HINTS)
    async with cockpit(FakeStore(), preferences=shown, remembered=SavedView()) as ui:
        assert ui.prompt == ""  # an empty list says what to do
