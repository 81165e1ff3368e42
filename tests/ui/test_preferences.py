"""Keys and other settings as the cockpit uses them."""

from typing import Any

import pytest

from fttui.commands import COMMANDS
from fttui.config.schema import Settings
from fttui.config.validate import faults
from fttui.ui.preferences import Preferences


def preferences(profile: str = "", **values: Any) -> Preferences:
    assert not list(faults(Settings, values))
    return Preferences(Settings(**values), profile)


def test_without_settings_commands_have_their_default_keys() -> None:
    found = Preferences()
    assert found.commands == COMMANDS
    assert (found.notify, found.slow_link, found.read_only) == (("bell",), False, False)


@pytest.mark.parametrize(
    ("given", "keys", "shown"),
    [("f8", "f8", "f8"), ("$,f8", "dollar_sign,f8", "$ f8")],
)
def test_command_has_the_keys_it_was_given(given: str, keys: str, shown: str) -> None:
    found = preferences(keys={"job.cancel": given}).commands
    command = next(command for command in found if command.id == "job.cancel")
    assert (command.keys, command.shown) == (keys, shown)
    assert len(found) == len(COMMANDS)


def test_keys_may_be_swapped() -> None:
    found = preferences(keys={"job.create": "c", "job.cancel": "a"}).commands
    assert {command.id: command.keys for command in found if command.id in ("job.create", "job.cancel")} == {
        "job.create": "c",
        "job.cancel": "a",
    }


@pytest.mark.parametrize(
    ("given", "kinds"),
    [("bell", ("bell",)), ("off", ()), ([], ()), (["osc9", "title", "osc9"], ("osc9", "title"))],
)
def test_notify_is_a_word_or_a_list(given: object, kinds: tuple[str, ...]) -> None:
    assert preferences(notify=given).notify == kinds


@pytest.mark.parametrize(
    ("values", "slow"),
    [
        ({}, False),
        ({"link": "slow"}, True),
        ({"profiles": {"far": {"link": "slow"}}}, True),
        ({"link": "slow", "profiles": {"far": {"link": "fast"}}}, False),
        ({"profiles": {"near": {"link": "slow"}}}, False),
    ],
)
def test_link_of_a_profile_replaces_the_one_at_the_top(values: dict[str, Any], slow: bool) -> None:
    assert preferences("far", **values).slow_link is slow


@pytest.mark.parametrize(
    ("values", "read_only"),
    [
        ({}, False),
        ({"read_only": True}, True),
        ({"read_only": True, "profiles": {"far": {"read_only": False}}}, True),
        ({"profiles": {"far": {"read_only": True}}}, True),
        ({"profiles": {"near": {"read_only": True}}}, False),
    ],
)
def test_read_only_in_one_place_is_read_only(values: dict[str, Any], read_only: bool) -> None:
    assert preferences("far", **values).read_only is read_only
