"""The field of settings: names, values, ranges and errors from what the trainer describes."""

from typing import Any

import pytest

from fttui.models.file import ModelAnswer
from fttui.models.trainer_settings import settings_of
from fttui.ui.create_form import model_settings
from fttui.ui.create_form.choices import choice_line
from fttui.ui.create_form.setting_choices import KnownSettings
from fttui.ui.render.glyphs import UNICODE
from tests.support.fake_store import FakeStore
from tests.support.ui_fakes import Ui, cockpit

SETTINGS = {
    "lora_r": {"type": "integer", "default": 16, "minimum": 1, "maximum": 256, "help": "rank of the adapter"},
    "max_length": {"type": "integer", "default": 1024, "minimum": 32, "maximum": 32768, "help": "longer ones are cut"},
    "packing": {"type": "boolean", "default": False, "help": "several examples in one row"},
    "quantize": {"type": "choice", "default": "none", "choices": ["none", "4bit"], "help": "4bit needs bitsandbytes"},
}
KNOWN = KnownSettings("hf", settings_of(SETTINGS))
MODEL = {"source": "cached", "size": 1_200_000_000, "trainer": "hf", "settings": SETTINGS}


def texts(text: str) -> list[str]:
    return [each.text for each in KNOWN.suggestions(text)]


def test_names_that_are_not_given_yet_are_offered_at_the_end_of_the_text() -> None:
    assert texts("") == ["lora_r=", "max_length=", "packing=", "quantize="]
    assert texts("LORA") == ["lora_r="]
    assert texts("length") == ["max_length="]
    assert texts("lora_r=8 ") == [f"lora_r=8 {name}=" for name in ("max_length", "packing", "quantize")]
    assert texts("lora_r=8, pa") == ["lora_r=8, packing="]
    assert texts("zzz") == []


def test_values_are_offered_after_the_sign() -> None:
    assert texts("packing=") == ["packing=yes", "packing=no"]
    assert texts("lora_r=8 quantize=4") == ["lora_r=8 quantize=4bit"]
    assert texts("quantize=none,") == ["quantize=none,4bit"], "a comma begins the next value of a sweep"
    assert texts("lora_r=") == ["lora_r=16"]
    assert texts("unknown=") == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", ""),
        ("lora", ""),
        ("lora_r=8,16 packing=true", ""),
        ("lora_rank=8", "lora_rank is not a setting of hf. Did you mean lora_r?"),
        ("lora_r=8,999", "lora_r: 1 to 256"),
        ("lora_r=", "lora_r: 1 to 256"),
        ("wandb.tags=[1] method.x=2", ""),
    ],
)
def test_settings_are_checked_while_they_are_typed(text: str, error: str) -> None:
    assert KNOWN.error(text) == error
    assert KnownSettings().error(text) == "", "nothing is known of other providers"


@pytest.mark.parametrize(
    ("cells", "row"),
    [
        (80, " lora_r      16    1 to 256     rank of the adapter"),
        (44, " lora_r      16    1 to 256     rank of th…"),
        (33, " lora_r      16    1 to 256"),
        (20, " lora_r      16"),
    ],
)
def test_row_has_default_range_and_help(cells: int, row: str) -> None:
    line = choice_line(KNOWN.suggestions(""), 0, cells, UNICODE, "more")
    text = "".join(part for part, _ in line)
    assert text.rstrip() == row
    assert len(text) <= cells


async def opened(ui: Ui, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_settings, "PAUSE", 0.01)
    await ui.press("a")
    ui.type(*(["backspace"] * 20), *"Qwen")
    await ui.press("right")


async def test_form_offers_and_checks_the_settings_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    store = FakeStore(described={"Qwen/Qwen3-0.6B": MODEL})
    async with cockpit(store) as ui:
        await opened(ui, monkeypatch)
        assert ui.form["model"] == "Qwen/Qwen3-0.6B"
        await ui.until(lambda: any("cached here, 1.2 GB" in line for line in ui.screen))
        await ui.press("shift+tab")
        await ui.until(lambda: any("settings of hf" in line for line in ui.screen))
        assert any("4 this trainer knows" in line for line in ui.screen)
        assert any("rank of the adapter" in line for line in ui.screen)
        await ui.press("down", "enter")
        assert ui.form["more"] == "lora_r="
        await ui.press("9", "9", "9")
        assert any("! lora_r: 1 to 256" in line for line in ui.screen)
        await ui.press("enter")
        assert store.sent == [], "nothing was uploaded"
        await ui.press("backspace", "space", "q", "u", "right", "4", "right")
        assert ui.form["more"] == "lora_r=99 quantize=4bit"
        await ui.press("enter")
        created = next(item for item in store.sent if item[0] == "create")[1]
        assert created.hyperparameters == {"lora_r": 99, "quantize": "4bit"}


async def test_settings_that_could_not_be_fetched_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = FakeStore(described={"Qwen/Qwen3-0.6B": MODEL}, answers_models=False)
    asked: list[str] = []
    answer = store.model

    async def model(id: str) -> ModelAnswer:
        asked.append(id)
        return await answer(id)

    monkeypatch.setattr(store, "model", model)
    async with cockpit(store) as ui:
        await opened(ui, monkeypatch)
        await ui.until(lambda: "Qwen/Qwen3-0.6B" in asked)
        await ui.press("shift+tab")
        assert not any("4 this trainer knows" in line for line in ui.screen)
        store.answers_models = True
        store.publish()
        await ui.until(lambda: any("4 this trainer knows" in line for line in ui.screen))
        times = len(asked)
        store.publish()
        await ui.pilot.pause(5 * model_settings.PAUSE)
        assert len(asked) == times, "the answer is kept"


async def test_model_that_is_not_listed_but_taken_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    described: dict[str, Any] = {"Qwen/Qwen3-4B": {**MODEL, "source": "hub"}}
    async with cockpit(FakeStore(described=described)) as ui:
        monkeypatch.setattr(model_settings, "PAUSE", 0.01)
        await ui.press("a")
        ui.type(*(["backspace"] * 20), *"Qwen/Qwen3-4B")
        print("\n".join(ui.screen))
        await ui.until(lambda: any("not cached: downloads about 1.2 GB" in line for line in ui.screen))
        assert not any("does not list it" in line for line in ui.screen)


async def test_provider_without_a_list_says_so() -> None:
    async with cockpit(local=False) as ui:
        await ui.press("a", "shift+tab")
        assert any("This provider does not list its settings; they are sent as typed." in line for line in ui.screen)
