"""Settings that a trainer describes."""

import pytest

from fttui.models.trainer_settings import TrainerSetting, setting_error, settings_of

SENT = {
    "lora_r": {"type": "integer", "default": 16, "minimum": 1, "maximum": 256, "help": "rank\x1b of the adapter"},
    "dropout": {"type": "number", "default": 0.05, "minimum": 0, "maximum": 0.9},
    "rate": {"type": "number", "default": None, "minimum": 1e-9},
    "packing": {"type": "boolean", "default": False},
    "quantize": {"type": "choice", "default": "none", "choices": ["none", "4bit", 3]},
    "targets": {"type": "text"},
    "bad\x1b": {"type": "text"},
    "odd": {"type": "file"},
    "list": [1],
}
KNOWN = settings_of(SENT)


def test_description_is_cleaned_and_what_is_not_valid_left_out() -> None:
    assert [*KNOWN] == ["lora_r", "dropout", "rate", "packing", "quantize", "targets"]
    assert KNOWN["lora_r"] == TrainerSetting("lora_r", "integer", "16", 1, 256, (), "rank of the adapter")
    assert (KNOWN["packing"].default, KNOWN["rate"].default) == ("false", "")
    assert KNOWN["quantize"].choices == ("none", "4bit")
    assert settings_of([1]) == settings_of(None) == {}
    assert len(settings_of({f"s{number}": {"type": "text"} for number in range(999)})) == 200


@pytest.mark.parametrize(
    ("name", "good", "bad", "allowed"),
    [
        ("lora_r", ["1", "256", " 8 "], ["0", "257", "8.5", "auto", ""], "1 to 256"),
        ("dropout", ["0", "0.9", "5e-2"], ["nan", "inf", "1"], "0 to 0.9"),
        ("rate", ["1e-9", "2e-4"], ["0", "x"], "at least 1e-09"),
        ("packing", ["true", "False", "yes", "No"], ["1", ""], "yes, no"),
        ("quantize", ["none", "4bit"], ["4BIT", "8bit", ""], "none, 4bit"),
        ("targets", ["q_proj,v_proj"], ["", "  "], "a text"),
    ],
)
def test_values_are_checked(name: str, good: list[str], bad: list[str], allowed: str) -> None:
    assert [setting_error(name, text, KNOWN, "hf") for text in good] == [""] * len(good)
    assert {setting_error(name, text, KNOWN, "hf") for text in bad} == {f"{name}: {allowed}"}


def test_unknown_setting_gets_the_nearest_name() -> None:
    assert setting_error("lora_rank", "8", KNOWN, "hf") == "lora_rank is not a setting of hf. Did you mean lora_r?"
    assert setting_error("zzz", "8", KNOWN, "hf") == "zzz is not a setting of hf"
