"""Ranges of hyperparameters, and hyperparameters that the API has no field for."""

from typing import Any

import pytest

from fttui.api.http import Http
from fttui.api.providers.local import Local, provider
from fttui.models.hyperparameters import LOCAL_RANGES, RANGES, SEED, Range, high_rates
from fttui.models.spec import JobSpec, pairs_error
from tests.support.clock import FakeClock


def body_of(spec: JobSpec) -> dict[str, Any]:
    """Return the request that creates a job of the embedded service."""
    return Local(Http(provider(), clock=FakeClock())).body(spec)


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


def test_embedded_service_gets_settings_without_a_field_as_metadata() -> None:
    spec = JobSpec(
        model="m", training_file="f", hyperparameters={"n_epochs": 3, "lora_r": 8, "packing": True}, metadata={"a": "b"}
    )
    body = body_of(spec)
    assert body["method"] == {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}
    assert body["metadata"] == {"a": "b", "fttui.lora_r": "8", "fttui.packing": "true"}


def test_embedded_service_gets_no_empty_hyperparameters() -> None:
    body = body_of(JobSpec(model="m", training_file="f", method="dpo", hyperparameters={"lora_r": 8}))
    assert (body["method"], body["metadata"]) == ({"type": "dpo"}, {"fttui.lora_r": "8"})


@pytest.mark.parametrize(
    ("hyperparameters", "metadata", "words"),
    [
        ({"lora_r": 8}, 15, "16 pairs of metadata and settings; 15 fit beside the create token"),
        ({"lora_r": 8}, 14, ""),
        ({}, 16, ""),
        ({"sweep": 8}, 0, "sweep is not a setting: fttui uses the metadata key fttui.sweep itself"),
        ({"x" * 59: 8}, 0, f"{'x' * 59}: a name has at most 58 characters, a value 512"),
    ],
)
def test_metadata_and_settings_of_the_embedded_service_are_counted(
    hyperparameters: dict[str, Any], metadata: int, words: str
) -> None:
    pairs = {f"k{number}": "v" for number in range(metadata)}
    spec = JobSpec(model="m", training_file="f", hyperparameters=hyperparameters, metadata=pairs)
    assert pairs_error(spec, is_local=True) == words


def test_very_high_learning_rates_are_warned_of() -> None:
    found = high_rates({"learning_rate_multiplier": [1, 1000], "learning_rate": [1e-5], "batch_size": [9999]})
    assert found == {"learning_rate_multiplier": "high: above 20 often diverges"}
