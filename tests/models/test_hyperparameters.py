"""Ranges of hyperparameters."""

import pytest

from fttui.models.hyperparameters import LOCAL_RANGES, RANGES, SEED, Range


@pytest.mark.parametrize(
    ("range", "text", "value"),
    [
        (RANGES["n_epochs"], "50", 50),
        (RANGES["n_epochs"], "51", None),
        (RANGES["n_epochs"], "3.0", None),
        (RANGES["beta"], "0.1", 0.1),
        (RANGES["beta"], "0", None),
        (RANGES["learning_rate_multiplier"], "1e300", 1e300),
        (RANGES["learning_rate_multiplier"], "inf", None),
        (LOCAL_RANGES["learning_rate_multiplier"], "1e300", None),
        (RANGES["eval_samples"], "9" * 65, None),
        (SEED, "0", 0),
        (SEED, "auto", None),
    ],
)
def test_text_outside_of_the_range_has_no_value(range: Range, text: str, value: float | None) -> None:
    assert range.value(text) == value
    assert range.refuses(text) == (value is None)


def test_word_and_empty_text_are_not_refused() -> None:
    assert not RANGES["n_epochs"].refuses("auto")
    assert not RANGES["n_epochs"].refuses("")


def test_range_is_described_for_the_user() -> None:
    assert [range.allowed_values for range in (*RANGES.values(), SEED)] == [
        "auto, or 1 to 50",
        "auto, or 1 to 256",
        "auto, or above 0",
        "auto, or above 0, at most 2",
        "auto, or above 1e-05, at most 10",
        "auto, or at least 1",
        "auto, or at least 1",
        "0 to 2147483647",
    ]
