"""State of the create form."""

import pytest

from fttui.core.offers import offer_of
from fttui.ui.create_form.fields import page_of
from fttui.ui.create_form.form import CreateForm, Note


def form() -> CreateForm:
    return CreateForm({"model": "m", "training_file": "train.jsonl", "method": "dpo"})


def test_missing_fields_get_their_defaults() -> None:
    assert form().values["n_epochs"] == "auto"
    assert form().values["suffix"] == ""


def test_typed_text_is_a_change_until_it_is_typed_back() -> None:
    changed = form()
    assert not changed.is_changed
    changed.type("model", "m2")
    assert changed.is_changed
    changed.type("model", " m ")
    assert not changed.is_changed


def test_method_decides_the_visible_fields_once_its_name_is_complete() -> None:
    changed = form()
    names = {field.name for field in changed.visible}
    assert "beta" in names
    changed.type("method", "reinforcemen")
    assert {field.name for field in changed.visible} == names
    changed.type("method", "reinforcement")
    assert "grader" in {field.name for field in changed.visible}


def test_error_goes_with_the_text_that_caused_it() -> None:
    changed = form()
    changed.show_errors({"model": "unknown", "seed": "a number"})
    changed.type("model", "m")
    assert changed.note("model") == Note(("! unknown",), "fail")
    changed.type("model", "m2")
    assert not changed.note("model").is_alert
    assert changed.note("seed").texts == ("! a number",)
    changed.show_errors({})
    assert not changed.note("seed").is_alert


def test_error_hides_advice_and_a_new_text_drops_it() -> None:
    changed = form()
    changed.advise({"model": "old", "metadata": "full"})
    assert changed.note("model") == Note(("~ old",), "warn")
    changed.type("model", "m2")
    assert not changed.note("model").is_alert
    changed.show_errors({"metadata": "broken"})
    changed.advise({"metadata": "full"})
    assert changed.note("metadata") == Note(("! broken",), "fail")


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("n_epochs", "51", "auto, or 1 to 50"),
        ("n_epochs", "1.5", "auto, or 1 to 50"),
        ("batch_size", "aut", "auto, or 1 to 256"),
        ("learning_rate_multiplier", "0", "auto, or above 0"),
        ("seed", "-1", "0 to 2147483647"),
        ("suffix", "s" * 65, "65 characters; at most 64"),
    ],
)
def test_value_outside_its_range_is_an_error_as_typed(name: str, text: str, error: str) -> None:
    changed = form()
    changed.type(name, text)
    assert changed.note(name) == Note((f"! {error}",), "fail")
    changed.type(name, "")
    assert not changed.note(name).is_alert


def test_note_of_a_number_names_the_value_of_auto() -> None:
    numbers = form()
    numbers.automatic = {"batch_size": 8}
    assert numbers.note("batch_size").texts == ("auto (now 8), or 1 to 256", "auto, or 1 to 256")


def test_fact_about_a_text_goes_with_the_text() -> None:
    facts = form()
    facts.state_facts({"model": "in the box"})
    assert facts.note("model") == Note(("in the box",))
    facts.type("model", "m2")
    assert facts.note("model").texts == ("the model to train",)


SAMPLE = {"training_file": "sample.jsonl", "validation_file": "valid.jsonl", "suffix": "sample", "model": "m"}


def test_other_training_file_takes_the_sample_values_with_it() -> None:
    sample = CreateForm(SAMPLE, sample=SAMPLE)
    assert sample.type("training_file", "own.jsonl") == {"validation_file": "", "suffix": ""}
    assert (sample.values["validation_file"], sample.values["suffix"]) == ("", "")
    assert sample.values["model"] == "m"
    assert sample.type("training_file", "sample.jsonl") == {"validation_file": "valid.jsonl", "suffix": "sample"}


def test_own_values_stay_with_any_training_file() -> None:
    sample = CreateForm(SAMPLE, sample=SAMPLE)
    sample.type("validation_file", "")
    sample.type("suffix", "mine")
    assert sample.type("training_file", "own.jsonl") == {}
    assert sample.type("training_file", "sample.jsonl") == {}
    assert sample.values["suffix"] == "mine"


def test_draft_is_a_change_of_the_initial_texts() -> None:
    draft = CreateForm({"model": "m"}, draft={"model": "m", "seed": "7", "method": "dpo"})
    assert draft.is_changed
    assert draft.initial("seed") == ""
    assert "beta" in {field.name for field in draft.visible}


def test_range_is_that_of_the_provider() -> None:
    too_much = {"learning_rate_multiplier": "2000000", "n_epochs": "51"}
    here = CreateForm(too_much, offer=offer_of("openai", is_local=True))
    assert here.note("learning_rate_multiplier") == Note(("! auto, or above 0, at most 1,000,000",), "fail")
    there = CreateForm(too_much, offer=offer_of("openai", is_local=False))
    assert not there.note("learning_rate_multiplier").is_alert
    assert here.note("n_epochs") == there.note("n_epochs") == Note(("! auto, or 1 to 50",), "fail")
    assert any("at most 1,000,000" in text for text in page_of("learning_rate_multiplier", here.offer.ranges))
