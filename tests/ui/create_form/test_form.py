"""State of the create form."""

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
    assert changed.note("model") == Note("unknown", "fail")
    changed.type("model", "m2")
    assert changed.note("model") == Note()
    assert changed.note("seed").text == "a number"
    changed.show_errors({})
    assert changed.note("seed") == Note()


def test_error_hides_advice_and_a_new_text_drops_it() -> None:
    changed = form()
    changed.advise({"model": "old", "metadata": "full"})
    assert changed.note("model") == Note("old", "warn")
    changed.type("model", "m2")
    assert changed.note("model") == Note()
    changed.show_errors({"metadata": "broken"})
    changed.advise({"metadata": "full"})
    assert changed.note("metadata") == Note("broken", "fail")


def test_id_of_an_uploaded_file_is_no_change_by_the_user() -> None:
    sent = form()
    sent.replace_file("training_file", "file-1")
    assert (sent.values["training_file"], sent.is_changed) == ("file-1", False)
    typed = form()
    typed.type("training_file", "other.jsonl")
    typed.replace_file("training_file", "file-1")
    assert typed.is_changed
