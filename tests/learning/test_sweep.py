"""Values, combinations, suffixes and words of a sweep."""

import pytest

from fttui.learning.sweep import (
    Axis,
    SweepError,
    axes_of,
    axes_words,
    combinations,
    json_value,
    settings_words,
    split_values,
    suffix_of,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3", ["3"]),
        ("1,3,10", ["1", "3", "10"]),
        (" 1 , 3 ", ["1", "3"]),
        ('"a,b",c', ['"a,b"', "c"]),
        ('["q,k","v"],["q"]', ['["q,k","v"]', '["q"]']),
        (r'"a\",b",c', [r'"a\",b"', "c"]),
        ("", [""]),
    ],
)
def test_comma_outside_quotes_and_brackets_separates_values(text: str, values: list[str]) -> None:
    assert split_values(text) == values


@pytest.mark.parametrize("text", ["1,", ",1", "1,,3"])
def test_missing_value_is_refused(text: str) -> None:
    with pytest.raises(SweepError, match="a value is missing"):
        split_values(text)


def test_value_is_json_where_it_parses() -> None:
    assert [json_value(text) for text in ("8", "0.5", "true", '"8"', "none", "NaN")] == [
        8,
        0.5,
        True,
        "8",
        "none",
        "NaN",
    ]


def test_settings_with_one_value_are_no_axes() -> None:
    assert axes_of({"n_epochs": [1, 3], "beta": [0.1]}) == (Axis("n_epochs", (1, 3)),)


def test_last_setting_changes_fastest() -> None:
    axes = axes_of({"n_epochs": [1, 3], "learning_rate_multiplier": [0.5, 1]})
    assert [tuple(settings.values()) for settings in combinations(axes)] == [(1, 0.5), (1, 1), (3, 0.5), (3, 1)]


def test_fifty_jobs_are_allowed_and_more_are_counted() -> None:
    assert len(combinations(axes_of({"seed": range(50)}))) == 50
    with pytest.raises(SweepError, match=r"^120 jobs; a sweep makes at most 50$"):
        axes_of({"seed": range(12), "n_epochs": range(1, 11)})


def test_value_given_twice_is_refused() -> None:
    with pytest.raises(SweepError, match="epochs: 3 is there twice"):
        axes_of({"n_epochs": [3, 1, 3]})


def test_suffix_gets_the_values() -> None:
    assert suffix_of("support-v4", {"n_epochs": 1, "learning_rate_multiplier": 0.5}) == "support-v4-e1-lr0.5"
    assert suffix_of("s", {"lora_r": 8, "quantize": "4 bit", "batch_size": "auto", "seed": 2}) == (
        "s-lora_r8-quantize4-bit-bsauto-s2"
    )
    assert suffix_of("", {"n_epochs": 1}) == ""


def test_suffix_longer_than_the_limit_is_refused() -> None:
    with pytest.raises(SweepError, match="has 66 characters; a suffix has at most 64"):
        suffix_of("x" * 62, {"n_epochs": 10})


def test_words_name_settings_and_values() -> None:
    axes = axes_of({"n_epochs": [1, 3], "learning_rate_multiplier": [0.5, 1.0, 2]})
    assert axes_words(axes) == "epochs 1, 3 × learning rate 0.5, 1, 2"
    assert settings_words({"n_epochs": 1, "learning_rate_multiplier": 0.5}) == "epochs 1, learning rate 0.5"
