"""The declaration of the settings, and the documents that are made from it."""

import re
import tomllib
from typing import Any

import pytest
from textual.keys import Keys, _character_to_key

from fttui.config import key_bindings
from fttui.config.reference import example, template
from fttui.config.schema import THEMES, Local, Profile, ProfilesFile, Settings, Table, Trainer
from fttui.config.validate import KEY_SOURCES, faults
from fttui.ui.app import FttuiApp
from tests.support.ui_fakes import cockpit

TABLES: tuple[type[Table], ...] = (Settings, Profile, Local, Trainer, ProfilesFile)
REQUIRED: dict[type[Table], dict[str, Any]] = {Trainer: {"command": "x", "models": ["m"]}}


def test_examples_and_defaults_are_valid() -> None:
    for table in TABLES:
        for name, setting in table.settings().items():
            given = tomllib.loads(f"x = {example(setting)}")["x"]
            values = [given] if setting.required or setting.default is None else [given, setting.default]
            for value in values:
                content = REQUIRED.get(table, {}) | {name: value}
                assert not list(faults(table, content)), (table, name, value)


def test_a_setting_without_a_value_reads_as_its_default() -> None:
    for table in TABLES:
        for name, setting in table.settings().items():
            if setting.table is None:
                assert getattr(table(), name) == setting.default


def test_a_table_refuses_an_undeclared_setting() -> None:
    with pytest.raises(TypeError, match="Settings has no setting thme"):
        Settings(thme="nord")


def test_template_sets_nothing_and_is_valid_when_uncommented() -> None:
    assert tomllib.loads(template()) == {}
    alternatives = "|".join(KEY_SOURCES[1:])
    lines = [line for line in template().splitlines() if not re.match(f"# ({alternatives}) = ", line)]
    text = re.sub(r'^# (?=\[|\w+ = |")', "", "\n".join(lines), flags=re.M)
    content = tomllib.loads(text)
    assert not list(faults(Settings, content))
    assert content["keys"] == {"job.cancel": "f8"}
    assert content["profiles"]["work"].keys() == Profile.settings().keys() - {*KEY_SOURCES[1:]}
    assert content["local"]["trainers"]["lora"].keys() == Trainer.settings().keys()


def test_default_keys_are_unique() -> None:
    assert not list(key_bindings.faults(("keys",), key_bindings.DEFAULTS))


def test_keys_have_the_names_that_textual_gives_them() -> None:
    assert {*key_bindings.NAMED} <= {key.value for key in Keys}
    for character in map(chr, range(33, 127)):
        assert key_bindings.textual_names(character) == (_character_to_key(character),) or character == ","
    assert key_bindings.textual_names("x, ctrl+@,+") == ("x", "ctrl+at", "plus")


async def test_every_theme_of_the_cockpit_can_be_set() -> None:
    async with cockpit() as ui:
        app: FttuiApp = ui.app
        assert {*app.available_themes} == {*THEMES}
