"""Fields of the create form at the keyboard: visibility, completion, paste, scrolling."""

import asyncio
import json
from pathlib import Path

import pytest
from textual import events

from fttui.models.file import File
from fttui.models.spec import JobSpec, like
from fttui.ui.create_form.fields import fields_of
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import Ui, cockpit

GRADER = {"type": "string_check", "name": "g", "input": "a", "reference": "b, c", "operation": "eq"}


def line_of(ui: Ui, label: str) -> int:
    """Return the row of a field on the screen; -1 for a field that is not visible."""
    return next((y for y, line in enumerate(ui.screen) if line.lstrip(" ").startswith(label)), -1)


@pytest.mark.parametrize(
    ("size", "method"),
    [
        ((60, 20), "reinforcement"),
        ((80, 24), "dpo"),
        ((120, 40), "supervised"),
        ((80, 12), "dpo"),
        ((60, 10), "reinforcement"),
    ],
)
async def test_every_field_is_reached_and_visible_with_its_error(size: tuple[int, int], method: str) -> None:
    async with cockpit(size=size, local=False) as ui:
        await ui.press("a", *["down"] * 4, "ctrl+u", *method)
        await ui.press(*["up"] * 4, "x", "down", *"dir/none", "down", *"dir/none", "down", *"s" * 65)
        await ui.press("pageup", "pageup", "enter", "up")
        bad = ["training_file", "validation_file", "suffix", *(["grader"] if method == "reinforcement" else [])]
        for field in fields_of(method):
            assert ui.app.screen.focused is not None
            assert ui.app.screen.focused.id == field.name
            at = line_of(ui, field.label)
            assert at >= 0
            if field.name in bad:
                assert ui.screen[at + 1].strip(), "the error is shown under the field"
            await ui.press("down")
            assert any("Not created" in line for line in ui.screen)
        assert ui.app.screen.focused.id == "model", "the first field follows the last"
        assert line_of(ui, "Create a") >= 0


async def test_change_of_method_keeps_the_texts_of_hidden_fields() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["down"] * 4, "ctrl+u", *"dpo", "down", "down", "down", "down", "ctrl+u", *"0.5")
        assert ui.form["beta"] == "0.5"
        await ui.press(*["up"] * 4, "backspace")
        assert line_of(ui, "beta") >= 0, "the fields stay while the user types a method"
        await ui.press("ctrl+u", *"reinforcement")
        assert line_of(ui, "beta") < 0
        assert line_of(ui, "reasoning effort") >= 0
        await ui.press("ctrl+u", *"supervised", "enter")
        created = ui.store.sent[-1][1]
        assert created.hyperparameters == {}
    async with cockpit() as ui:
        await ui.press("a", *["down"] * 4, "ctrl+u", *"dpo", *["down"] * 4, "ctrl+u", *"0.5")
        await ui.press(*["up"] * 4, "ctrl+n", "ctrl+p", "end")
        assert ui.form["method"] == "dpo"
        assert ui.form["beta"] == "0.5"


async def test_error_goes_when_its_field_is_corrected() -> None:
    async with cockpit(local=False) as ui:
        await ui.press("a", "enter")
        assert sum("required" in line for line in ui.screen) == 2, "all errors are shown at once"
        await ui.press("m")
        assert sum("required" in line for line in ui.screen) == 1
        await ui.press("down", *"file-1")
        assert not any("required" in line for line in ui.screen)


async def test_clone_creates_the_same_job() -> None:
    raw = job(
        1,
        seed=7,
        validation_file="file-v",
        metadata={"note": "one, two=3", "fttui_create": "t"},
        integrations=[{"type": "wandb", "wandb": {"project": "p", "entity": "e", "run_id": "r"}}],
        method={
            "type": "reinforcement",
            "reinforcement": {"grader": GRADER, "hyperparameters": {"n_epochs": 2, "eval_samples": 3, "own": True}},
        },
    )
    store = FakeStore().put(raw)
    async with cockpit(store) as ui:
        source = store.job("ftjob-00000001")
        assert source is not None
        await ui.press("A", "enter")
        assert store.sent == [("create", like(source))]


async def test_unchanged_clone_is_left_without_a_question() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("A", "escape")
        assert ui.app.screen is ui.main


class Files(FakeStore):
    async def files(self) -> list[File]:
        names = {
            "file-aaaaaaaaaaaa": "train.jsonl",
            "file-bbbbbbbbbbbb": "other.jsonl",
            "file-cccccccccccc": "train.jsonl",
        }
        return [File.read({"id": id, "filename": name}) for id, name in names.items()]


async def test_files_at_the_provider_are_suggested_by_name() -> None:
    async with cockpit(Files(), local=False) as ui:
        await ui.press("a", "down", *"OTHER")
        assert any(line.strip() == "other.jsonl" for line in ui.screen)
        await ui.press("right")
        assert ui.form["training_file"] == "file-bbbbbbbbbbbb"
        await ui.press("ctrl+u", *"train")
        assert any("train.jsonl (..aaaaaaaa) · train.jsonl (..cccccccc)" in line for line in ui.screen)


async def test_ctrl_n_puts_one_suggestion_after_the_next_into_the_field() -> None:
    async with cockpit(Files(), local=False) as ui:
        await ui.press("a", "ctrl+n")
        assert ui.form["model"] == "gpt-4.1-mini"
        await ui.press("down", *"file-", "ctrl+n", "ctrl+n")
        assert ui.form["training_file"] == "file-bbbbbbbbbbbb"
        await ui.press("ctrl+p", "ctrl+p")
        assert ui.form["training_file"] == "file-", "the typed text comes before the first suggestion"
        await ui.press("ctrl+p")
        assert ui.form["training_file"] == "file-cccccccccccc"
        await ui.press("ctrl+n")
        assert ui.form["training_file"] == "file-"
        await ui.press("down", "down", "ctrl+n")
        assert ui.form["suffix"] == "", "there are no suggestions for a suffix"


async def test_path_is_completed_part_by_part(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.jsonl").touch()
    (tmp_path / "data" / "two.jsonl").touch()
    async with cockpit(local=False, size=(120, 24)) as ui:
        await ui.press("a", "down", *f"{tmp_path}/d", "right")
        assert ui.form["training_file"] == f"{tmp_path}/data/"
        assert any(line.strip() == "one.jsonl · two.jsonl" for line in ui.screen)
        await ui.press("ctrl+n", "ctrl+n")
        assert ui.form["training_file"] == f"{tmp_path}/data/two.jsonl"


async def test_method_is_chosen_with_one_key() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["down"] * 4, "ctrl+n")
        assert ui.form["method"] == "dpo"
        assert line_of(ui, "beta") >= 0
        await ui.press("right")
        assert ui.form["method"] == "dpo", "→ does not change a complete word"


async def test_name_of_a_file_is_shown_beside_its_id() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("A")
        assert "train.jsonl, 29.9 kB" in ui.screen[line_of(ui, "training file")]
        await ui.press("down", *"x")
        assert "train.jsonl" not in ui.screen[line_of(ui, "training file")]


async def paste(ui: Ui, text: str) -> None:
    ui.app.post_message(events.Paste(text))
    await ui.pilot.pause()


async def test_paste_of_several_lines_becomes_one_line() -> None:
    async with cockpit(local=False) as ui:
        await ui.press("a")
        await paste(ui, "\n m\u202e\x1b[2J \nsecond\n")
        assert ui.form["model"] == "m[2J", "the first line with text, without control characters"
        await ui.press(*["down"] * 4, "ctrl+u", *"reinforcement", "down")
        await paste(ui, json.dumps(GRADER, indent=2))
        assert json.loads(ui.form["grader"]) == GRADER
        await ui.press(*["up"] * 4)
        await paste(ui, "file-1")
        await ui.press("up", *["up"] * 3)
        await paste(ui, "a=1\nb=2\n")
        await ui.press("enter")
        assert ui.store.sent[-1] == (
            "create",
            JobSpec(
                model="m[2J",
                training_file="file-1",
                method="reinforcement",
                grader=GRADER,
                metadata={"a": "1", "b": "2"},
            ),
        )


async def test_very_long_value_is_refused() -> None:
    async with cockpit(local=False) as ui:
        await ui.press("a", "m", "down")
        await paste(ui, "dir/" + "x" * 1_000_000)
        await ui.press("enter")
        assert any("no such file" in line for line in ui.screen)
        assert line_of(ui, "training file") >= 0


@pytest.mark.parametrize("late", [0, 3, 9])
async def test_keys_typed_ahead_reach_the_form_in_order(late: int) -> None:
    """A slow line delivers several keys at once."""
    keys = ["a", "ctrl+u", *"tiny", "tab", "ctrl+u", *"file-1", "enter"]
    async with cockpit() as ui:
        for key in keys[:late]:
            ui.app.post_message(typed(ui, key))
        await asyncio.sleep(0)
        for key in keys[late:]:
            ui.app.post_message(typed(ui, key))
        async with asyncio.timeout(60):
            while not any(sent[0] == "create" for sent in ui.store.sent):
                await ui.pilot.pause()
        created = ui.store.sent[-1][1]
        assert (created.model, created.training_file) == ("tiny", "file-1")


async def test_field_shown_by_a_key_is_focused_by_the_next_key() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["down"] * 4)
        for key in ("ctrl+n", "ctrl+n", "tab", "x", "down", "9"):
            ui.app.post_message(typed(ui, key))
        await ui.pilot.pause()
        await ui.pilot.pause()
        assert (ui.form["method"], ui.form["grader"], ui.form["n_epochs"]) == ("reinforcement", "x", "auto9")


def typed(ui: Ui, key: str) -> events.Key:
    event = events.Key(key, key if len(key) == 1 else None)
    event.set_sender(ui.app)
    return event


async def test_resize_keeps_the_question_and_wraps_errors() -> None:
    async with cockpit(local=False, size=(120, 40)) as ui:
        await ui.press("a", "enter", "m", "down", *f"dir/{'x' * 30}/{'y' * 30}", "enter")
        await ui.press("escape")
        await ui.pilot.resize_terminal(60, 20)
        await ui.pilot.pause()
        assert any("lose what was typed? y/N" in line for line in ui.screen)
        at = line_of(ui, "training file")
        assert "no such file" in ui.screen[at + 1]
        assert ui.screen[at + 3].strip().endswith("y"), "the end of the error is on its own line"


async def test_click_on_a_field_answers_no() -> None:
    async with cockpit() as ui:
        await ui.press("a", "x", "escape")
        await ui.pilot.click("#suffix")
        assert not any("y/N" in line for line in ui.screen)
        await ui.press("end", "y")
        assert ui.form["suffix"] == "sampley"
        assert ui.form["model"] == "fttui-tiny-1x"
