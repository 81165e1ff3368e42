"""What a provider takes of a job: the fields of the form at each."""

import pytest

from fttui.core.offers import offer_of
from fttui.models.job import Job
from fttui.models.spec import HYPERPARAMETERS
from fttui.ui.create_form.fields import EMPTY, fields_of
from fttui.ui.create_form.reading import read_form, values_of

MULTIPLIER, OWN = "learning_rate_multiplier", "learning_rate"
ALWAYS = {"model", "training_file", "method", "more", "n_epochs"}
GOOD = EMPTY | {"model": "m", "training_file": "file-a"}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (
            "openai",
            {"validation_file", "suffix", "batch_size", MULTIPLIER, "seed", "stop_on", "metadata", "wandb_project"},
        ),
        ("bedrock", {"validation_file", "batch_size", MULTIPLIER, "seed", "stop_on", "metadata", "wandb_project"}),
        ("nebius", {"validation_file", "suffix", "batch_size", OWN, "seed", "wandb_project"}),
        ("together", {"validation_file", "suffix", "batch_size", OWN, "seed", "wandb_project"}),
        ("dashscope", {"validation_file", "suffix", "batch_size", OWN}),
        ("localai", {"batch_size", OWN, "seed"}),
        ("vertex", {"validation_file", "suffix", MULTIPLIER, "stop_on", "metadata"}),
    ],
)
def test_form_shows_the_fields_of_the_provider(name: str, fields: set[str]) -> None:
    shown = {field.name for field in fields_of("supervised", offer_of(name, is_local=False))}
    assert shown == ALWAYS | fields


def test_text_of_a_field_that_the_provider_lacks_is_not_sent() -> None:
    values = GOOD | {MULTIPLIER: "2", OWN: "1e-4", "seed": "7", "metadata": "a=b", "suffix": "s"}
    offer = offer_of("dashscope", is_local=False)
    spec = read_form(values, offer).spec
    assert spec is not None
    assert (spec.hyperparameters, spec.seed, spec.metadata, spec.suffix) == ({OWN: 1e-4}, None, {}, "s")
    assert read_form(values | {"method": "reinforcement"}, offer).errors["method"] == "one of: supervised, dpo"
    assert read_form(values | {OWN: "-1"}, offer).errors == {OWN: "auto, or above 0"}


def test_clone_fills_the_own_field_of_the_provider() -> None:
    settings = {"n_epochs": 2, OWN: 1e-5, "lora_r": 8}
    raw = {"id": "j", "model": "m", "training_file": "f", "status": "succeeded"}
    method = {"type": "supervised", "supervised": {"hyperparameters": settings}}
    offer = offer_of("together", is_local=False)
    values = values_of(Job.read(raw | {"method": method}), offer)
    assert (values[OWN], values["more"]) == ("1e-05", "lora_r=8")
    spec = read_form(values, offer).spec
    assert spec is not None
    assert spec.hyperparameters == settings


def test_embedded_service_has_the_fields_of_openai() -> None:
    assert offer_of("compatible", is_local=True).hyperparameters == HYPERPARAMETERS
