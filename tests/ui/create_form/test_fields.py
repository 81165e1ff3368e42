"""Fields of the create form at the keyboard: visibility, completion, paste, scrolling."""

import asyncio
import json
from pathlib import Path

import pytest
from textual import events

from fttui.learning.alarms import stop_kinds
from fttui.models.file import File, Model
from fttui.models.spec import JobSpec, like
from fttui.store.health import State
from fttui.ui.create_form.choices import ChoicesPane
from fttui.ui.create_form.fields import fields_of, page_of
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import Ui, cockpit

GRADER = {"type": "string_check", "name": "g", "input": "a", "reference": "b, c", "operation": "eq"}


def line_of(ui: Ui, label: str) -> int:
    """Return the row of a field on the screen; -1 for a field that is not visible."""
    return next((y for y, line in enumerate(ui.screen) if line.lstrip(" ▌").startswith(label)), -1)


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
        await ui.press("a", *["tab"] * 4, "ctrl+u", *method)
        await ui.press(*["shift+tab"] * 4, "x", "tab", *"dir/none", "tab", *"dir/none", "tab", *"s" * 65)
        await ui.press("pageup", "pageup", "enter", "shift+tab")
        bad = ["training_file", "validation_file", "suffix", *(["grader"] if method == "reinforcement" else [])]
        for field in fields_of(method):
            assert ui.app.screen.focused is not None
            assert ui.app.screen.focused.id == field.name
            at = line_of(ui, field.label)
            assert at >= 0
            if field.name in bad:
                assert any("!" in line for line in ui.screen[at : at + 2]), "the error is beside or under the field"
            await ui.press("tab")
            assert any("Not created" in line for line in ui.screen)
        assert ui.app.screen.focused.id == "model", "the first field follows the last"


async def test_change_of_method_keeps_the_texts_of_hidden_fields() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["tab"] * 4, "ctrl+u", *"dpo", "tab", "tab", "tab", "tab", "ctrl+u", *"0.5")
        assert ui.form["beta"] == "0.5"
        await ui.press(*["shift+tab"] * 4, "end", "backspace")
        assert line_of(ui, "beta") >= 0, "the fields stay while the user types a method"
        await ui.press("ctrl+u", *"reinforcement")
        assert line_of(ui, "beta") < 0
        assert line_of(ui, "reasoning effort") >= 0
        await ui.press("ctrl+u", *"supervised", "enter")
        created = ui.store.sent[-1][1]
        assert created.hyperparameters == {}
    async with cockpit() as ui:
        await ui.press("a", *["tab"] * 4, "ctrl+u", *"dpo", *["tab"] * 4, "ctrl+u", *"0.5")
        await ui.press(*["shift+tab"] * 4, "down", "escape", "end")
        assert ui.form["method"] == "dpo"
        assert ui.form["beta"] == "0.5"


async def test_error_goes_when_its_field_is_corrected() -> None:
    async with cockpit(local=False) as ui:
        await ui.press("a", "enter")
        assert sum("required" in line for line in ui.screen) == 2, "all errors are shown at once"
        await ui.press("m")
        assert sum("required" in line for line in ui.screen) == 1
        await ui.press("tab", *"file-1")
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


def focused(ui: Ui) -> str:
    entry = ui.app.screen.focused
    return (entry.id or "") if entry is not None else ""


def choices(ui: Ui) -> list[str]:
    """Return the names in the list of suggestions."""
    return [each.shown for each in ui.app.screen.query_one(ChoicesPane).found]


class Files(FakeStore):
    async def files(self) -> list[File]:
        names = {
            "file-aaaaaaaaaaaa": "train.jsonl",
            "file-bbbbbbbbbbbb": "other.jsonl",
            "file-cccccccccccc": "train.jsonl",
        }
        return [File.read({"id": id, "filename": name}) for id, name in names.items()]


async def test_files_at_the_provider_are_listed_by_name() -> None:
    async with cockpit(Files(), local=False) as ui:
        await ui.press("a", "tab")
        assert choices(ui) == ["train.jsonl", "other.jsonl", "train.jsonl"], "the list is there before any key"
        await ui.press(*"OTHER")
        assert choices(ui) == ["other.jsonl"]
        await ui.press("right")
        assert ui.form["training_file"] == "file-bbbbbbbbbbbb"
        assert "other.jsonl" in ui.screen[line_of(ui, "training file")]


async def test_enter_takes_the_highlighted_row_and_goes_to_the_next_field() -> None:
    async with cockpit(Files(), local=False) as ui:
        await ui.press("a", "tab", *"file-", "down", "down")
        assert ui.form["training_file"] == "file-", "nothing is chosen until enter"
        await ui.press("enter")
        assert ui.form["training_file"] == "file-bbbbbbbbbbbb"
        assert focused(ui) == "validation_file"
        assert ui.store.sent == []


async def test_escape_in_the_list_returns_to_the_typed_text() -> None:
    async with cockpit(Files(), local=False) as ui:
        await ui.press("a", "tab", *"tra", "ctrl+n", "escape")
        assert ui.form["training_file"] == "tra"
        await ui.press("i")
        assert ui.form["training_file"] == "trai"
        await ui.press("down", "up", "up")
        assert focused(ui) == "model", "above the first row is the field, and above it the field before"


async def test_arrows_move_between_fields_without_a_list() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["tab"] * 5, "down", "down")
        assert focused(ui) == "learning_rate_multiplier"
        await ui.press("up")
        assert focused(ui) == "batch_size"


async def test_folder_is_taken_with_its_slash_and_opens(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.jsonl").touch()
    (tmp_path / "data" / "two.jsonl").touch()
    async with cockpit(local=False, size=(120, 24)) as ui:
        await ui.press("a", "tab", *f"{tmp_path}/d", "down", "enter")
        assert ui.form["training_file"] == f"{tmp_path}/data/"
        assert focused(ui) == "training_file"
        await ui.until(lambda: len(choices(ui)) == 2)
        await ui.press("down", "down", "tab")
        assert ui.form["training_file"] == f"{tmp_path}/data/two.jsonl"


async def test_method_is_chosen_from_the_list() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["tab"] * 4, "down", "down", "enter")
        assert ui.form["method"] == "dpo"
        assert line_of(ui, "beta") >= 0
        await ui.press("shift+tab", "end", "right")
        assert ui.form["method"] == "dpo", "→ does not change a complete word"


async def test_digit_replaces_auto_and_backspace_empties_it() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["tab"] * 5, "end", "5")
        assert ui.form["n_epochs"] == "5"
        await ui.press("tab", "right", "backspace")
        assert ui.form["batch_size"] == ""
        await ui.press("tab", "left", ".", "5")
        assert ui.form["learning_rate_multiplier"] == ".5"


async def test_field_reached_by_tab_is_selected() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["tab"] * 3, "x", "y")
        assert ui.form["suffix"] == "xy"
        await ui.press("shift+tab", "right", "z")
        assert ui.form["validation_file"] == "sample-valid.jsonlz", "→ keeps the text"


async def test_value_outside_its_range_is_marked_as_typed() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["tab"] * 5, *"99999")
        assert "! auto, or 1 to 50" in ui.screen[line_of(ui, "epochs")]
        await ui.press("ctrl+u")
        assert "!" not in ui.screen[line_of(ui, "epochs")]


async def test_names_typed_in_one_burst_stay_when_those_of_the_sample_go() -> None:
    async with cockpit() as ui:
        await ui.press("a", "tab")
        ui.type(*"t.jsonl", "tab", *"v.jsonl", "tab", *"mine")
        await ui.until(lambda: ui.form["suffix"] == "mine")
        assert (ui.form["training_file"], ui.form["validation_file"]) == ("t.jsonl", "v.jsonl")
        assert any("mine" in line for line in ui.screen)


async def test_other_training_file_removes_what_belongs_to_the_sample() -> None:
    async with cockpit() as ui:
        await ui.press("a", "tab", *"own.jsonl")
        assert (ui.form["validation_file"], ui.form["suffix"]) == ("", "")
        assert any("Removed the sample's validation file and suffix" in line for line in ui.screen)


async def test_f1_shows_the_help_of_a_field() -> None:
    async with cockpit() as ui:
        await ui.press("a", "f1")
        assert any("Base model, or a tuned model to train further." in line for line in ui.screen)
        await ui.press("f1")
        assert choices(ui) == ["gpt-4.1-mini", "fttui-tiny-1"]


async def test_draft_is_kept_and_ctrl_r_starts_again() -> None:
    async with cockpit() as ui:
        await ui.press("a", *"x", "tab", "escape")
        assert ui.app.screen is ui.main
        await ui.press("a")
        assert ui.form["model"] == "fttui-tiny-1x"
        assert any("Your draft of" in line for line in ui.screen)
        await ui.press("ctrl+r", "n")
        assert ui.form["model"] == "fttui-tiny-1x"
        await ui.press("ctrl+r", "y")
        assert ui.form["model"] == "fttui-tiny-1"
        assert "in the box" in ui.screen[line_of(ui, "model")]
        await ui.press("escape", "a")
        assert not any("Your draft of" in line for line in ui.screen)


async def test_draft_ends_with_the_created_job() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["tab"] * 3, "x", "escape", "a", "enter")
        assert ui.store.sent[-1][0] == "create"
        await ui.press("a")
        assert ui.form["suffix"] == "sample"


async def test_unknown_model_gets_the_nearest_name() -> None:
    async with cockpit(Files(), local=False) as ui:
        await ui.press("a", *"gpt-4.1-mimi")
        await ui.until(lambda: any("Did you mean gpt-4.1-mini?" in line for line in ui.screen))


async def test_name_of_a_file_is_shown_beside_its_id() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("A")
        assert "train.jsonl, 29.9 kB" in ui.screen[line_of(ui, "training file")]
        await ui.press("tab", "end", *"x")
        assert "train.jsonl" not in ui.screen[line_of(ui, "training file")]


async def paste(ui: Ui, text: str) -> None:
    ui.app.post_message(events.Paste(text))
    await ui.pilot.pause()


async def test_paste_of_several_lines_becomes_one_line() -> None:
    async with cockpit(local=False) as ui:
        await ui.press("a")
        await paste(ui, "\n m\u202e\x1b[2J \nsecond\n")
        assert ui.form["model"] == "m[2J", "the first line with text, without control characters"
        await ui.press(*["tab"] * 4, "ctrl+u", *"reinforcement", "tab")
        await paste(ui, json.dumps(GRADER, indent=2))
        assert json.loads(ui.form["grader"]) == GRADER
        await ui.press(*["shift+tab"] * 4)
        await paste(ui, "file-1")
        await ui.press("shift+tab", *["shift+tab"] * 3)
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
        await ui.press("a", "m", "tab")
        await paste(ui, "dir/" + "x" * 1_000_000)
        await ui.press("enter")
        assert any("no such file" in line for line in ui.screen)
        assert line_of(ui, "training file") >= 0


@pytest.mark.parametrize("late", [0, 3, 9])
async def test_keys_typed_ahead_reach_the_form_in_order(late: int) -> None:
    """A slow line delivers several keys at once."""
    keys = ["a", "ctrl+u", *"tiny", "tab", "ctrl+u", *"file-1", "enter"]
    async with cockpit() as ui:
        ui.type(*keys[:late])
        await asyncio.sleep(0)
        ui.type(*keys[late:])
        await ui.until(lambda: any(sent[0] == "create" for sent in ui.store.sent))
        created = ui.store.sent[-1][1]
        assert (created.model, created.training_file) == ("tiny", "file-1")


async def test_field_shown_by_a_key_is_focused_by_the_next_key() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["tab"] * 4)
        ui.type(*["down"] * 3, "enter", "x", "tab", "9")
        await ui.pilot.pause()
        assert (ui.form["method"], ui.form["grader"], ui.form["n_epochs"]) == ("reinforcement", "x", "9")


async def test_resize_keeps_the_question_and_wraps_errors() -> None:
    async with cockpit(local=False, size=(120, 40)) as ui:
        await ui.press("a", "enter", "m", "tab", *f"dir/{'x' * 30}/{'y' * 30}", "enter")
        await ui.press("ctrl+r")
        await ui.pilot.resize_terminal(60, 20)
        await ui.pilot.pause()
        assert any("drop your changes? y/N" in line for line in ui.screen)
        assert ui.screen[-1].strip() == "y yes  any other key no"
        at = line_of(ui, "training file")
        assert "! no such file" in ui.screen[at + 1]
        assert ui.screen[at + 3].strip().endswith("y"), "the end of the error is on its own line"


async def test_click_on_a_field_answers_no() -> None:
    async with cockpit() as ui:
        await ui.press("a", *["tab"] * 5, "9", "ctrl+r")
        await ui.pilot.click("#suffix")
        assert not any("y/N" in line for line in ui.screen)
        assert ui.screen[-1].startswith(" enter create")
        await ui.press("end", "y")
        assert ui.form["suffix"] == "sampley"
        assert ui.form["n_epochs"] == "9"


class NoModels(Files):
    async def models(self) -> list[Model]:
        return []


async def test_list_that_failed_is_named_with_its_reason() -> None:
    async with cockpit(NoModels(faults={"models": "403, this key may not list models"}), local=False) as ui:
        await ui.press("a")
        assert any("! models: 403, this key may not list models. Type the name." in line for line in ui.screen)


async def test_title_shows_the_state_of_the_connection() -> None:
    ready = asyncio.Event()
    async with cockpit(connects=ready) as ui:
        await ui.press("a")
        assert ui.screen[0].rstrip(" ─").endswith("local ▸ connecting")
        ready.set()
        async with asyncio.timeout(60):
            while "this machine" not in ui.screen[0]:
                await ui.pilot.pause()
        await ui.publish(state=State.OFFLINE, why="cannot reach host", as_of=0, reason="no route", unsent=True)
        assert "OFFLINE since " in ui.screen[0]


def test_help_of_stop_rules_has_a_kind_as_example() -> None:
    example = next(text for text in page_of("stop_on", {}) if text.startswith("For example: "))
    assert stop_kinds(example.removeprefix("For example: "))
