"""The create form from opening to leaving."""

import json
from pathlib import Path

import pytest
from textual.widgets import Input

from fttui.models.file import File
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import Ui, cockpit


async def test_two_keys_create_the_sample_job() -> None:
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


async def test_form_of_a_remote_service_is_empty() -> None:
    async with cockpit(local=False) as ui:
        await ui.press("a")
        assert ui.form["model"] == ""
        await ui.press("enter")
        assert any("required" in line for line in ui.screen)
        assert ui.store.sent == []


async def test_refusal_keeps_every_field() -> None:
    store = FakeStore().put(job(1))
    store.refusal = "Model x is not available"
    async with cockpit(store) as ui:
        await ui.press("a", "enter")
        assert any("is not available" in line for line in ui.screen)
        assert ui.form["model"] == "fttui-tiny-1"
        assert ui.form["training_file"].endswith("sample-train.jsonl")
        await ui.press("enter")
        await ui.until(lambda: sum(sent[0] == "create" for sent in store.sent) == 2)
        assert [sent[0] for sent in store.sent] == ["upload", "upload", "create", "create"], "uploaded once"
        assert store.sent[-1][1].training_file == "file-1"


async def test_escape_leaves_without_a_request() -> None:
    async with cockpit() as ui:
        await ui.press("a", "escape")
        assert ui.store.sent == []
        assert any("No fine-tuning jobs" in line for line in ui.screen)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_form_counts_the_fields_that_do_not_fit(size: tuple[int, int]) -> None:
    async with cockpit(size=size) as ui:
        await ui.press("a")
        screen = "\n".join(ui.screen)
        for label in ("model", "training file", "suffix", "epochs", "enter create", ">Choices"):
            assert label in screen
        assert ("5 fields below" in screen) == (size[0] == 60)


async def test_notes_are_as_full_beside_the_pane_of_a_large_terminal_as_at_80_cells() -> None:
    async with cockpit(size=(200, 60)) as ui:
        await ui.press("a")
        assert any("optional: shows whether it overfits" in line for line in ui.screen)
        await ui.pilot.resize_terminal(120, 40)
        await ui.pilot.pause()
        assert not any("optional: shows whether it overfits" in line for line in ui.screen)
        await ui.pilot.resize_terminal(80, 24)
        await ui.pilot.pause()
        assert any("optional: shows whether it overfits" in line for line in ui.screen)


def lines(*answers: str) -> str:
    rows = [[{"role": "user", "content": "q"}, {"role": "assistant", "content": answer}] for answer in answers]
    return "".join(json.dumps({"messages": row}) + "\n" for row in rows)


async def wait_for(ui: Ui, words: str) -> None:
    await ui.until(lambda: any(words in line for line in ui.screen))


async def test_figures_of_the_data_are_shown_before_enter() -> None:
    async with cockpit() as ui:
        await ui.press("a")
        await wait_for(ui, "90 chat examples")
        await wait_for(ui, "270 steps")


async def test_data_with_errors_is_not_sent(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(lines("a", "b") + "not json\n", encoding="utf-8")
    async with cockpit() as ui:
        await ui.press("a")
        ui.app.screen.query_one("#training_file", Input).value = str(bad)
        await ui.press("enter")
        await wait_for(ui, "Not created: the data has")
        await wait_for(ui, "errors")
        assert ui.store.sent == []


async def test_models_and_files_of_the_provider_are_suggested() -> None:
    async with cockpit(local=False) as ui:
        await ui.press("a", *"gpt", "right", "tab", *"file-k", "right")
        assert ui.form["model"] == "gpt-4.1-mini"
        assert ui.form["training_file"] == "file-known"


async def test_unused_uploads_are_offered_for_deletion() -> None:
    store = FakeStore()
    store.refusal = "Fine-tuning ended at this provider (training_not_available)"
    async with cockpit(store) as ui:
        await ui.press("a", "enter")
        await wait_for(ui, "training_not_available")
        await ui.press("escape")
        assert "No job uses the 2 uploaded files. Delete them?" in ui.prompt
        await ui.press("y")
        assert ("delete_files", "file-1", "file-2") in store.sent


async def test_every_field_is_marked_while_the_user_types() -> None:
    async with cockpit() as ui:
        await ui.press("a")
        for name, text, words in (
            ("method", "xyz", "! one of: "),
            ("stop_on", "1e9", "! some of: non_finite, diverging, overfitting, plateau"),
            ("metadata", "key", "! key is not key=value"),
        ):
            ui.app.screen.query_one(f"#{name}", Input).value = text
            await wait_for(ui, words)


async def test_very_high_learning_rate_is_warned_of_and_allowed() -> None:
    async with cockpit() as ui:
        await ui.press("a")
        ui.app.screen.query_one("#learning_rate_multiplier", Input).value = "1000"
        await wait_for(ui, "~ high: above 20 often diverges")
        await ui.press("enter")
        assert ui.store.sent[-1][1].hyperparameters["learning_rate_multiplier"] == 1000


async def test_esc_closes_the_help_of_a_field_before_the_form() -> None:
    async with cockpit() as ui:
        await ui.press("a", "f1")
        assert any("On the command line" in line for line in ui.screen)
        await ui.press("escape")
        assert not any("On the command line" in line for line in ui.screen)
        assert any("esc leave" in line for line in ui.screen)
        await ui.press("escape")
        assert any("No fine-tuning jobs" in line for line in ui.screen)


async def test_f1_goes_through_a_help_that_does_not_fit() -> None:
    async with cockpit(size=(60, 20)) as ui:
        await ui.press("a")
        ui.app.screen.set_focus(ui.app.screen.query_one("#seed", Input))
        await wait_for(ui, "The same seed, data and settings")
        assert not any("--seed 7" in line for line in ui.screen)
        await ui.press("f1")
        await wait_for(ui, "--seed 7")


async def test_clone_names_its_files_under_their_ids() -> None:
    store = FakeStore().put(job(1, training_file="file-Plxhxv0GmgBPQ4CfCIYZjP"))
    store.file = lambda id: File.read({"id": id, "filename": "train.jsonl", "bytes": 29_900})  # type: ignore
    async with cockpit(store) as ui:
        await ui.press("A")
        await wait_for(ui, "file-Plxhxv0GmgBPQ4CfCIYZjP")
        assert any(line.strip().startswith("train.jsonl") for line in ui.screen)
