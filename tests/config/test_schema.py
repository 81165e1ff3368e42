"""One declaration of the settings: the models, the cockpit, Textual and the README say the same."""

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from textual.keys import Keys, _character_to_key

from fttui.config import keys, load, validate
from fttui.config.schema import COCKPIT, LOCAL, OWN, PROFILE, SHARED, THEMES, TOP, TRAINER, Setting
from fttui.ui.app import FttuiApp
from fttui.ui.preferences import Preferences, read
from tests.support.ui_fakes import cockpit

PAIRS = [
    (TOP, load.Settings),
    (OWN, load.Own),
    (PROFILE, load.Profile),
    (LOCAL, load.Local),
    (TRAINER, load.LocalTrainer),
]
BOTH = pytest.mark.parametrize(("declared", "model"), PAIRS, ids=[model.__name__ for _, model in PAIRS])
VALUES: list[Any] = [
    *(True, False, 0, 1, 2, -1, 2.5, 0.0, float("nan"), float("inf"), 10**400),
    *("", "x", "bell", "fast", "auto", "nord", "openai", "bearer", "dpo", "1", "\x1b"),
    *([], ["x"], ["bell"], ["dpo"], [1], [["x"]], {}, {"a": "b"}, {"a": 1}, {"a": {}}),
]


@BOTH
def test_the_models_have_the_same_settings_with_the_same_defaults(
    declared: tuple[Setting, ...], model: type[BaseModel]
) -> None:
    assert {setting.name for setting in declared} == {*model.model_fields}
    for setting in declared:
        field = model.model_fields[setting.name]
        if not field.is_required() and setting.name != "local":
            assert field.get_default(call_default_factory=True) == setting.default, setting.name


@BOTH
def test_what_the_check_lets_through_the_models_take(declared: tuple[Setting, ...], model: type[BaseModel]) -> None:
    needed = {"command": "x", "models": ["m"]} if model is load.LocalTrainer else {}
    taken = 0
    for setting, value in product(declared, VALUES):
        content = needed | {setting.name: value}
        whole = {"profiles": {"w": content}} if model is load.Profile else content
        whole = {"local": content} if model is load.Local else whole
        whole = {"local": {"trainers": {"w": content}}} if model is load.LocalTrainer else whole
        if not any(validate.faults(whole, OWN if model is load.Own else TOP)):
            taken += 1
            model.model_validate(content)
    assert taken >= len(declared)


def test_a_model_refuses_what_nobody_declared() -> None:
    with pytest.raises(ValidationError):
        load.Settings.model_validate({"thme": "nord"})


def test_the_cockpit_has_the_declared_defaults() -> None:
    nothing = Preferences()
    assert read({}) == nothing
    for setting in COCKPIT:
        found = getattr(nothing, setting.name)
        assert setting.default in (None, [*found] if isinstance(found, tuple) else found)


def test_the_usual_keys_can_be_told_apart() -> None:
    assert not list(keys.faults("keys", keys.DEFAULTS))


def test_keys_are_called_as_textual_calls_them() -> None:
    assert {*keys.NAMED} <= {key.value for key in Keys}
    for character in map(chr, range(33, 127)):
        assert keys.spelled(character) == (_character_to_key(character),) or character == ","
    assert keys.spelled("x, ctrl+@,+") == ("x", "ctrl+at", "plus")


async def test_the_themes_are_those_that_there_are() -> None:
    async with cockpit() as ui:
        app: FttuiApp = ui.app
        assert {*app.available_themes} == {*THEMES}


README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", [*COCKPIT, *SHARED, *LOCAL[:-1]], ids=lambda setting: str(setting.name))
def test_the_readme_tells_the_same(setting: Setting) -> None:
    assert re.search(rf"^{setting.name} = .+ # {re.escape(setting.meaning)}$", README, re.M)
