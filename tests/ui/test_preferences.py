"""Keys and other preferences, as a checked `config.toml` has them."""

from typing import Any

import pytest

from fttui.commands import COMMANDS
from fttui.config import validate
from fttui.config.load import Settings
from fttui.ui.preferences import Preferences, read


def test_nothing_set_is_the_default() -> None:
    assert read({}) == Preferences()


def test_a_command_has_the_keys_it_was_given() -> None:
    found = read({"keys": {"job.cancel": "f8"}})
    command = next(command for command in found.commands if command.id == "job.cancel")
    assert (command.keys, command.shown) == ("f8", "f8")
    assert len(found.commands) == len(COMMANDS)


@pytest.mark.parametrize(
    ("given", "kinds"),
    [("bell", ("bell",)), ("off", ()), ([], ()), (["osc9", "title", "osc9"], ("osc9", "title"))],
)
def test_notify_is_a_word_or_several_and_settings_agree(given: object, kinds: tuple[str, ...]) -> None:
    assert read({"notify": given}).notify == kinds
    assert {*Settings.model_validate({"notify": given}).notify} - {"off"} == {*kinds}


@pytest.mark.parametrize(
    ("config", "link"),
    [
        ({}, "fast"),
        ({"link": "slow"}, "slow"),
        ({"profiles": {"far": {"link": "slow"}}}, "slow"),
        ({"link": "slow", "profiles": {"far": {"link": "fast"}}}, "fast"),
        ({"profiles": {"near": {"link": "slow"}}}, "fast"),
    ],
)
def test_a_profile_may_have_a_link_of_its_own(config: dict[str, Any], link: str) -> None:
    assert read(config, "far").link == link
    Settings.model_validate(config)


def test_keys_may_be_swapped() -> None:
    swapped = {"keys": {"job.create": "c", "job.cancel": "a"}}
    assert not list(validate.faults(swapped))
    assert {command.keys for command in read(swapped).commands if command.id == "job.cancel"} == {"a"}


def test_punctuation_may_be_written_as_it_is() -> None:
    found = read({"keys": {"job.cancel": "$,f8"}})
    command = next(command for command in found.commands if command.id == "job.cancel")
    assert (command.keys, command.shown) == ("dollar_sign,f8", "$ f8")


@pytest.mark.parametrize(
    ("config", "read_only"),
    [
        ({}, False),
        ({"read_only": True}, True),
        ({"read_only": True, "profiles": {"far": {"read_only": False}}}, True),
        ({"profiles": {"far": {"read_only": True}}}, True),
        ({"profiles": {"near": {"read_only": True}}}, False),
    ],
)
def test_read_only_anywhere_is_read_only(config: dict[str, Any], read_only: bool) -> None:
    assert read(config, "far").read_only is read_only
