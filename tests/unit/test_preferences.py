"""Keys and other preferences, refused by name where they are wrong."""

from typing import Any

import pytest

from fttui.config.files import ConfigError
from fttui.config.settings import Settings
from fttui.ui.commands import COMMANDS
from fttui.ui.preferences import Preferences, read


def test_nothing_set_is_the_default() -> None:
    assert read({}, "config.toml") == Preferences()


def test_a_command_has_the_keys_it_was_given() -> None:
    found = read({"keys": {"job.cancel": "f8"}}, "config.toml")
    command = next(command for command in found.commands if command.id == "job.cancel")
    assert (command.keys, command.shown) == ("f8", "f8")
    assert len(found.commands) == len(COMMANDS)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"keys": {"job.cancle": "x"}}, "did you mean job.cancel"),
        ({"keys": {"job.cancel": "q"}}, "'q' would be both"),
        ({"keys": {"job.cancel": ""}}, "must be a key"),
        ({"keys": []}, "must be a table"),
        ({"keys": {"job.cancel": "\x1b]0;x\x07"}}, "must be a key"),
        ({"theme": "\x1b]0;x\x07"}, "theme must be a name"),
        ({"notify": "loud"}, "notify must be one of bell"),
        ({"notify": ["bell", "loud"]}, "notify must be one of bell"),
        ({"notify": ["off", "bell"]}, "a list of them without off"),
        ({"notify": 5}, "notify must be one of bell"),
        ({"notify": "title", "title": False}, "title is false"),
        ({"link": "tin can"}, "link must be one of fast, slow"),
        ({"glyphs": "emoji"}, "glyphs must be one of"),
        ({"mouse": "no"}, "mouse and title true or false"),
    ],
)
def test_what_is_wrong_is_named(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read(config, "config.toml")


@pytest.mark.parametrize(
    ("given", "kinds"),
    [("bell", ("bell",)), ("off", ()), ([], ()), (["osc9", "title", "osc9"], ("osc9", "title"))],
)
def test_notify_is_a_word_or_several_and_settings_agree(given: object, kinds: tuple[str, ...]) -> None:
    assert read({"notify": given}, "config.toml").notify == kinds
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
    assert read(config, "config.toml", "far").link == link
    Settings.model_validate(config)


def test_keys_may_be_swapped() -> None:
    read({"keys": {"job.create": "c", "job.cancel": "a"}}, "config.toml")
