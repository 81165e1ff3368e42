"""The `:` line."""

import pytest

from fttui.ui.commandline import Order, OrderError, completions, parse, sort_of
from fttui.ui.commands import COMMANDS
from tests.ui.fakes import FakeStore, cockpit, job


def store() -> FakeStore:
    return FakeStore().put(job(1), job(2, "failed"), job(3, "succeeded"))


def test_every_command_of_the_table_can_be_typed() -> None:
    for command in COMMANDS:
        assert parse(command.id) == Order(id=command.id)
        assert command.id in [line.strip() for line in completions(command.id[:-1], ())]


def test_a_word_that_is_none_is_named_with_the_nearest() -> None:
    with pytest.raises(OrderError, match=r"did you mean job\.cancel"):
        parse("job.c x".replace(" x", "an"))


def test_completion_knows_columns_and_jobs() -> None:
    assert completions("sort l", ()) == ["sort loss"]
    assert completions("goto 8", ["ftjob-18", "ftjob-19"]) == ["goto ftjob-18"]
    assert completions("theme fttui", (), ["fttui-dark", "nord"]) == ["theme fttui-dark"]


def test_a_sort_has_a_direction() -> None:
    assert sort_of("loss desc") == ("loss", True)
    for wrong in ("", "weight", "loss up"):
        with pytest.raises(OrderError):
            sort_of(wrong)


async def test_lines_do_what_keys_do() -> None:
    async with cockpit(store()) as ui:
        await ui.press("colon", *"filter status:failed", "enter")
        assert ui.shown == ["ftjob-00000002"]
        await ui.press("colon", *"filter", "enter")
        await ui.press("colon", *"goto 00000003", "enter")
        assert ui.cursor == "ftjob-00000003"
        await ui.press("colon", *"sort age desc", "enter")
        assert ui.shown[0] == "ftjob-00000003"
        await ui.press("colon", *"nonsense", "enter")
        assert "no command is called 'nonsense'" in ui.prompt
        await ui.press("colon", *"theme ansi-dark", "enter")
        assert ui.app.theme == "ansi-dark"
        await ui.press("colon", "q", "enter")
        assert ui.app._exit


async def test_tab_completes_and_arrows_go_through_what_was_typed() -> None:
    async with cockpit(store()) as ui:
        await ui.press("colon", *"fil", "tab")
        assert ui.prompt == ":filter"
        await ui.press(*"x", "enter")
        await ui.press("colon", *"goto 3", "enter", "colon", "up", "up")
        assert ui.prompt == ":filter x"
        await ui.press("down")
        assert ui.prompt == ":goto 3"
        await ui.press("escape")
        assert ui.cursor is None or ui.prompt != ":goto 3"
