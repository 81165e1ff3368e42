"""The create form."""

import pytest

from fttui.models.spec import JobSpec
from fttui.ui.screens.create import FieldError, spec_of
from tests.ui.fakes import FakeStore, cockpit, job

GOOD = {
    "model": "m",
    "training_file": "file-1",
    "validation_file": "",
    "suffix": "",
    "method": "supervised",
    "n_epochs": "auto",
    "batch_size": "auto",
    "learning_rate_multiplier": "auto",
    "seed": "",
}


async def test_two_keys_start_a_sample_run() -> None:
    async with cockpit() as ui:
        await ui.press("a")
        assert ui.form["model"] == "fttui-tiny-1"
        assert ui.form["training_file"] == "sample-train.jsonl"
        await ui.press("enter")
        uploads, created = ui.store.sent[:2], ui.store.sent[2]
        assert [name for name, _ in uploads] == ["upload", "upload"]
        assert created[1].training_file == "file-1"
        assert created[1].validation_file == "file-2"
        assert ui.cursor == "ftjob-new"


async def test_elsewhere_the_form_is_empty() -> None:
    async with cockpit(local=False) as ui:
        await ui.press("a")
        assert ui.form["model"] == ""
        await ui.press("enter")
        assert any("needed" in line for line in ui.screen)
        assert ui.store.sent == []


async def test_a_refusal_keeps_every_field() -> None:
    store = FakeStore().put(job(1))
    store.refusal = "Model x is not available"
    async with cockpit(store) as ui:
        await ui.press("a", "enter")
        assert any("is not available" in line for line in ui.screen)
        assert ui.form["model"] == "fttui-tiny-1"
        assert ui.form["training_file"] == "file-1", "what was uploaded is not uploaded again"


async def test_escape_leaves_without_sending() -> None:
    async with cockpit() as ui:
        await ui.press("a", "escape")
        assert ui.store.sent == []
        assert any("No fine-tuning jobs" in line for line in ui.screen)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_every_field_is_on_the_screen(size: tuple[int, int]) -> None:
    async with cockpit(size=size) as ui:
        await ui.press("a")
        screen = "\n".join(ui.screen)
        for label in ("model", "training file", "suffix", "epochs", "seed", "enter creates"):
            assert label in screen


def test_auto_is_left_to_the_provider() -> None:
    assert spec_of(GOOD) == JobSpec(model="m", training_file="file-1", method="supervised")


def test_numbers_are_sent_as_numbers() -> None:
    spec = spec_of(GOOD | {"n_epochs": "3", "batch_size": "8", "learning_rate_multiplier": "1.8", "seed": "0"})
    assert spec.hyperparameters == {"n_epochs": 3, "batch_size": 8, "learning_rate_multiplier": 1.8}
    assert spec.seed == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", ""),
        ("training_file", ""),
        ("suffix", "s" * 65),
        ("method", "magic"),
        ("n_epochs", "0"),
        ("n_epochs", "51"),
        ("n_epochs", "3.5"),
        ("batch_size", "257"),
        ("learning_rate_multiplier", "0"),
        ("learning_rate_multiplier", "nan"),
        ("learning_rate_multiplier", "inf"),
        ("seed", "-1"),
        ("seed", "2147483648"),
    ],
)
def test_a_value_out_of_range_is_named_at_its_field(name: str, value: str) -> None:
    with pytest.raises(FieldError) as raised:
        spec_of(GOOD | {name: value})
    assert raised.value.name == name
