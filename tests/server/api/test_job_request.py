"""Validation of requests to create a job."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fttui.models.auto_hyperparameters import epochs, resolve
from fttui.server.api.errors import RequestError
from fttui.server.api.job_request import new_job
from fttui.server.jobs.base_models import ChosenModel, NoModel
from fttui.server.storage.records import NewJob
from tests.server.conftest import FAKE

BODY = {"model": "base-1", "training_file": "file-1"}


def parsed(**members: Any) -> NewJob:
    def choose(model: str) -> ChosenModel:
        if model not in ("base-1", "ft:base-1"):
            raise NoModel(f"Model {model} is not available for fine-tuning or does not exist.")
        return ChosenModel(model, "base-1", FAKE, None)

    return new_job({**BODY, **members}, choose)


def test_missing_members_get_defaults() -> None:
    job = parsed()
    assert (job.model, job.base, job.training_file, job.validation_file) == ("base-1", "base-1", "file-1", None)
    assert (job.method, job.suffix, job.metadata) == ("supervised", None, None)
    assert job.hyperparameters == dict.fromkeys(("n_epochs", "batch_size", "learning_rate_multiplier"), "auto")
    assert 0 <= job.seed <= 2_147_483_647
    assert len({parsed().seed for _ in range(5)}) > 1


def test_null_means_not_given() -> None:
    names = ("validation_file", "suffix", "seed", "method", "hyperparameters", "integrations", "metadata")
    assert parsed(**dict.fromkeys(names))._replace(seed=0) == parsed()._replace(seed=0)
    assert parsed(hyperparameters={"n_epochs": None}).hyperparameters["n_epochs"] == "auto"


def test_hyperparameters_are_accepted_in_both_places() -> None:
    old = parsed(hyperparameters={"n_epochs": 4, "learning_rate_multiplier": 0.5})
    new = parsed(
        method={
            "type": "supervised",
            "supervised": {"hyperparameters": {"n_epochs": 4.0, "learning_rate_multiplier": 0.5}},
        }
    )
    assert (
        old.hyperparameters
        == new.hyperparameters
        == {"n_epochs": 4, "batch_size": "auto", "learning_rate_multiplier": 0.5}
    )
    both = parsed(
        hyperparameters={"n_epochs": 4, "batch_size": 2},
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 5}}},
    )
    assert both.hyperparameters == {"n_epochs": 5, "batch_size": 2, "learning_rate_multiplier": "auto"}


def test_dpo_jobs_have_beta() -> None:
    job = parsed(method={"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2}}}, model="ft:base-1")
    assert (job.method, job.model, job.base) == ("dpo", "ft:base-1", "base-1")
    assert job.hyperparameters["beta"] == 0.2
    assert parsed(method={"type": "dpo"}).hyperparameters["beta"] == "auto"


@pytest.mark.parametrize(
    ("members", "param", "code", "words"),
    [
        ({"model": None}, "model", "missing_required_parameter", "'model'"),
        ({"training_file": None}, "training_file", "missing_required_parameter", "'training_file'"),
        ({"training_file": 4}, "training_file", "invalid_type", "expected a string, but got a number"),
        (
            {"model": "gpt-9"},
            None,
            "model_not_available",
            "Model gpt-9 is not available for fine-tuning or does not exist.",
        ),
        ({"n_epochs": 3}, "n_epochs", "unknown_parameter", "'n_epochs'"),
        ({"suffix": ""}, "suffix", "invalid_value", "1 to 64"),
        ({"suffix": "x" * 65}, "suffix", "invalid_value", "not 65"),
        ({"suffix": "a\ud800"}, "suffix", "invalid_value", "surrogate"),
        ({"seed": -1}, "seed", "invalid_value", "-1"),
        ({"seed": 2**31}, "seed", "invalid_value", "2147483648"),
        ({"seed": "7"}, "seed", "invalid_type", "an integer"),
        ({"seed": True}, "seed", "invalid_type", "a boolean"),
        ({"metadata": []}, "metadata", "invalid_type", "an object"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata", "invalid_value", "17 pairs"),
        ({"metadata": {"k" * 65: "v"}}, "metadata", "invalid_value", "64"),
        ({"metadata": {"k": "v" * 513}}, "metadata.k", "invalid_value", "512"),
        (
            {"metadata": {"fttui.stop_on": "stalled"}},
            "metadata.fttui.stop_on",
            "invalid_value",
            "stalled cannot stop a job",
        ),
        ({"metadata": {"k": 1}}, "metadata.k", "invalid_type", "a string"),
        ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs", "invalid_value", "1 to 50"),
        ({"hyperparameters": {"n_epochs": 51}}, "hyperparameters.n_epochs", "invalid_value", "1 to 50"),
        ({"hyperparameters": {"n_epochs": 1.5}}, "hyperparameters.n_epochs", "invalid_type", "an integer"),
        ({"hyperparameters": {"batch_size": 257}}, "hyperparameters.batch_size", "invalid_value", "1 to 256"),
        (
            {"hyperparameters": {"learning_rate_multiplier": 0}},
            "hyperparameters.learning_rate_multiplier",
            "invalid_value",
            "",
        ),
        (
            {"hyperparameters": {"learning_rate_multiplier": float("nan")}},
            "hyperparameters.learning_rate_multiplier",
            None,
            "",
        ),
        ({"hyperparameters": {"beta": 0.1}}, "hyperparameters.beta", "unknown_parameter", "beta"),
        ({"hyperparameters": 3}, "hyperparameters", "invalid_type", "an object"),
        ({"method": "dpo"}, "method", "invalid_type", "an object"),
        ({"method": {}}, "method.type", "missing_required_parameter", "method.type"),
        ({"method": {"type": "magic"}}, "method.type", "invalid_value", "magic"),
        ({"method": {"type": "dpo", "dpo": {"beta": 1}}}, "method.dpo.beta", "unknown_parameter", "method.dpo.beta"),
        (
            {"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 3}}}},
            "method.dpo.hyperparameters.beta",
            "invalid_value",
            "at most 2",
        ),
        (
            {"method": {"type": "dpo"}, "hyperparameters": {"n_epochs": 1}},
            "hyperparameters",
            "invalid_value",
            "supervised jobs only",
        ),
        ({"method": {"type": "reinforcement"}}, "method", "unsupported_method", "reinforcement"),
        (
            {"integrations": [{"type": "wandb", "wandb": {"project": "p"}}]},
            "integrations",
            "unsupported_value",
            "integrations",
        ),
    ],
)
def test_invalid_bodies_are_refused_with_the_member(
    members: dict[str, Any], param: str | None, code: str | None, words: str
) -> None:
    with pytest.raises(RequestError) as caught:
        parsed(**members)
    assert caught.value.status == 400
    assert caught.value.param == param
    assert code is None or caught.value.code == code
    assert words in caught.value.message


json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    some.dictionaries(
        some.sampled_from(["suffix", "seed", "method", "hyperparameters", "integrations", "metadata", "x"]), json_values
    )
)
def test_any_body_gives_a_job_or_a_400(members: dict[str, Any]) -> None:
    try:
        assert parsed(**members).model == "base-1"
    except RequestError as refused:
        status = refused.status
    else:
        return
    assert status == 400


def test_a_body_that_is_not_an_object_is_refused() -> None:
    with pytest.raises(RequestError):
        new_job([1], lambda model: None)


def test_auto_is_resolved_by_the_documented_rules() -> None:
    assert [epochs(count) for count in (10, 14, 33, 34, 101, 8333, 8334, 30_000)] == [10, 7, 3, 3, 3, 3, 2, 1]
    assert epochs(3) == 25
    auto = dict.fromkeys(("n_epochs", "batch_size", "learning_rate_multiplier", "beta"), "auto")
    assert resolve(auto, 90) == {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 1.0, "beta": 0.1}
    assert resolve({"batch_size": "auto", "n_epochs": 7}, 5000) == {"batch_size": 10, "n_epochs": 7}
