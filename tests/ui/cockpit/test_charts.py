"""The big curve and the comparison, with the keys of a user."""

import base64
import json
import re
import xml.etree.ElementTree as xml
from collections.abc import Callable
from pathlib import Path

import pytest

from fttui.ui.cockpit.big_curve import BigCurve
from fttui.ui.cockpit.compare_screen import CompareScreen
from tests.support.fake_store import FakeStore, job
from tests.support.simulated_runs import with_base
from tests.support.trained import LR_1, LR_3, TEN_EPOCHS, advance, trained
from tests.support.ui_fakes import Ui, cockpit


def readout(ui: Ui) -> str:
    screen = ui.app.screen
    assert isinstance(screen, BigCurve | CompareScreen)
    return screen.readout_row.text.strip()


def note(ui: Ui) -> str:
    screen = ui.app.screen
    assert isinstance(screen, BigCurve | CompareScreen)
    return screen.prompt.text.strip()


def step(ui: Ui) -> int:
    """Step of the cross-hair."""
    found = re.match(r"step (\d+)", readout(ui))
    assert found
    return int(found[1])


def has(ui: Ui, text: str) -> bool:
    return any(text in line for line in ui.screen)


# Big curve


async def test_b_shows_the_curve_and_esc_the_cockpit_again() -> None:
    async with cockpit(trained()) as ui:
        await ui.press("b")
        assert ui.screen[0].startswith("── Curve ten-epochs loss ─")
        assert ui.screen[0].endswith("─ linear · steps 0 to 900 ─")
        assert readout(ui).startswith("step 640  epoch 8  train 1.04  valid 1.97  ")
        assert has(ui, "! Overfitting: validation rose from 1.74 (step 360)")
        await ui.press("escape")
        assert ui.app.screen is ui.main


async def test_curve_begins_at_the_base_model_and_the_gain_is_shown_everywhere() -> None:
    store = trained()
    store.runs[TEN_EPOCHS] = with_base(store.runs[TEN_EPOCHS], 5.61)
    store.publish()
    async with cockpit(store, size=(120, 40)) as ui:
        assert has(ui, "gain             +3.872, base model 5.610")
        await ui.press("b")
        assert "  gain +3.724  " in readout(ui), "the gain of the last step, not that of the best one"
        await ui.press("n", "n", "n", "n")
        assert step(ui) == 360
        assert readout(ui).endswith("gain +3.872")
        await ui.press("g")
        assert readout(ui) == "step 0  base model  valid 5.61"
        await ui.press("l")
        assert step(ui) > 0
        await ui.press("escape", "colon", *"columns name,gain", "enter", "colon", *"sort -gain", "enter")
        assert has(ui, "GAIN")
        assert has(ui, "ten-epochs +3.872")
        await ui.press("v", "j", "v", "C")
        assert has(ui, "GAIN")


async def test_best_over_the_whole_file_is_named_beside_the_values_of_the_step() -> None:
    async with cockpit(trained(), size=(120, 40)) as ui:
        await ui.press("b")
        assert readout(ui).endswith("whole file: best 1.74")
        await ui.press("full_stop")
        assert "whole file: best 0." in readout(ui)


async def test_cross_hair_keeps_its_point_on_another_axis() -> None:
    async with cockpit(trained()) as ui:
        await ui.press("b", "n", "n", "n", "n", "v", "n", "v")
        assert step(ui) == 450
        await ui.press("X")
        assert readout(ui).startswith("epoch 5.00  train")
        assert "epochs 4 to 5" in ui.screen[0]
        await ui.press("h")
        assert re.match(r"epoch 4\.\d\d  ", readout(ui))
        await ui.press("X", "X")
        assert 440 < step(ui) < 450
        assert "steps 360 to 450" in ui.screen[0]


async def test_cross_hair_moves_by_point_by_tenth_and_to_the_ends() -> None:
    async with cockpit(trained(), size=(160, 40)) as ui:
        await ui.press("b", "h")
        assert step(ui) == 640
        steps = []
        for key in ("left", "h", "right", "ctrl+u", "ctrl+d", "g", "G", "l"):
            await ui.press(key)
            steps.append(step(ui))
        assert steps[1] < steps[0] < 640
        assert steps[2] > steps[1]
        assert steps[3] == pytest.approx(steps[2] - 90, abs=1)
        assert steps[4:] == [steps[2], 1, 640, 640]


async def test_n_goes_through_checkpoints_and_y_copies_the_model_there() -> None:
    async with cockpit(trained()) as ui:
        await ui.press("b", "y")
        assert "Move the cross-hair to a checkpoint" in note(ui)
        await ui.press("n", "n")
        assert step(ui) == 180
        sent: list[str] = []
        ui.app._write = sent.append  # type: ignore[method-assign]
        await ui.press("y")
        assert note(ui) == "Sent the model of step 180 to the terminal's clipboard."
        assert base64.b64decode(sent[0].split(";")[-1].rstrip("\a\x1b\\")) == b"ft:ten-epochs:ckpt-step-180"
        await ui.press("N", "N")
        assert note(ui) == "No checkpoint before this step."
        await ui.press("right", "right", "y")
        assert note(ui) == "No checkpoint at the cross-hair. n goes to the next one."


async def test_v_shows_a_range_of_steps_and_esc_leaves_it() -> None:
    async with cockpit(trained()) as ui:
        await ui.press("b", "n", "v")
        assert note(ui).startswith("Range: move the cross-hair, then v shows the range")
        await ui.press("n", "n", "v")
        assert ui.screen[0].endswith("steps 90 to 270 ─")
        await ui.press("G")
        assert step(ui) == 270
        await ui.press("u")
        assert ui.screen[0].endswith("steps 0 to 900 ─")
        await ui.press("v", "escape", "v", "escape", "escape")
        assert ui.app.screen is ui.main


async def test_j_and_k_go_through_the_jobs_of_the_list() -> None:
    async with cockpit(trained()) as ui:
        await ui.press("b", "k")
        assert note(ui) == "This is the first job of the list."
        await ui.press("j")
        assert "Curve lr-1 loss" in ui.screen[0]
        assert ui.store.looked_at == LR_1
        await ui.press("q")
        assert (ui.app.screen, ui.cursor) == (ui.main, LR_1)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("i", "Logarithmic axis."),
        ("I", "Every value is in the range."),
        ("m", "Smoothing: 0.6"),
        ("X", "Curve by epoch"),
        ("full_stop", "Metric: mean token accuracy"),
    ],
)
async def test_settings_change_the_chart_and_stay_after_it(key: str, words: str) -> None:
    async with cockpit(trained()) as ui:
        await ui.press("b")
        before = ui.screen
        await ui.press(key)
        assert note(ui) == words
        assert ui.screen[1:20] != before[1:20]
        title, style = ui.screen[0], ui.main.model.view.current.curve
        await ui.press("q", "b")
        assert (ui.screen[0], ui.main.model.view.current.curve) == (title, style)


async def test_cross_hair_stays_while_points_come_in_and_follows_at_the_end() -> None:
    store = trained(300)
    async with cockpit(store) as ui:
        await ui.press("b", "n", "n")
        advance(store, 400)
        await ui.publish()
        assert step(ui) == 180
        await ui.press("G")
        assert step(ui) == 400
        advance(store, 420)
        await ui.publish()
        assert step(ui) == 420


@pytest.mark.parametrize(("ending", "check"), [("csv", lambda text: text.startswith("step,")), ("svg", xml.fromstring)])
async def test_e_writes_the_metrics_or_the_drawing(
    ending: str, check: Callable[[str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with cockpit(trained()) as ui:
        await ui.press("b", "e")
        assert note(ui) == "write to: ten-epochs-curve.csv"
        await ui.press(*["backspace"] * 3, *ending, "enter")
        assert note(ui).endswith(f"ten-epochs-curve.{ending}")
        assert check((tmp_path / f"ten-epochs-curve.{ending}").read_text()) is not False


async def test_queued_job_has_a_sentence_instead_of_a_curve() -> None:
    store = trained().put(job(0, "queued"))
    store.runs["ftjob-00000000"] = type(store.runs[LR_1])()
    store.publish()
    async with cockpit(store) as ui:
        await ui.press("G", "b")
        assert ui.screen[1].strip() == "The curve starts with the first step."
        await ui.press("h", "n", "v", "e", "escape", "k")
        assert "lr-40" in ui.screen[0]


async def test_help_of_the_chart_shows_its_commands_and_dims_the_others() -> None:
    async with cockpit(trained(), size=(120, 40)) as ui:
        await ui.press("b", "question_mark")
        assert ui.screen[1].strip() == "HERE: CHART"
        assert has(ui, "n N           cross-hair to the next, previous checkpoint")
        await ui.press(*"create a job")
        assert has(ui, "close the chart first")
        await ui.press("escape", "escape", "escape")
        assert ui.app.screen is ui.main


async def test_b_with_marks_shows_their_curves_together() -> None:
    async with cockpit(trained()) as ui:
        await ui.press("space", "space", "b")
        assert ui.screen[0].startswith("── Compare 2 runs validation loss")
        assert not has(ui, "What differs")
        await ui.press("z")
        assert has(ui, "What differs")


async def test_keys_in_a_pane_about_one_job_act_on_it_whatever_is_marked() -> None:
    async with cockpit(trained()) as ui:
        await ui.press("G", "k", "space", "space", "g")
        assert "c cancel 2  b curves  C compare" in ui.screen[-1]
        await ui.press("tab")
        assert ui.main.panes.active == "curve"
        await ui.press("b")
        assert ui.screen[0].startswith("── Curve ten-epochs loss ─")
        await ui.press("escape", "right_square_bracket", "c")
        assert "ten-epochs" in ui.prompt
        await ui.press("escape", "y")
        assert ui.prompt.startswith(f"Sent ..{TEN_EPOCHS[-8:]} to")
        await ui.press("C")
        assert ui.screen[0].startswith("── Compare 2 runs")


# Comparison


async def compared(ui: Ui, marks: int = 4) -> CompareScreen:
    await ui.press(*["space"] * marks, "C")
    screen = ui.app.screen
    assert isinstance(screen, CompareScreen)
    return screen


async def test_comparison_has_curves_a_table_and_the_result() -> None:
    async with cockpit(trained()) as ui:
        await compared(ui)
        assert ui.screen[0].startswith("── Compare 4 runs validation loss ─")
        assert ui.screen[0].endswith("─ linear · by step ─")
        rows = [line[1:].split() for line in ui.screen if re.match(r"[> ] +[\d*✶] ", line) and "lr-" in line]
        assert [row[:6] for row in rows[-3:]] == [
            ["1", "lr-1", "3", "1", "1.659", "270"],
            ["2", "lr-3", "3", "3", "1.664", "270"],
            ["4", "lr-40", "3", "40", "2.090", "270"],
        ]
        assert has(ui, "Same for all: fttui-tiny-1, supervised, batch size 1, seed 1, free, and 2 more")
        assert has(ui, "lr-1 and lr-3 are equal within noise (0.005 of ±")


async def test_title_leaves_out_what_is_usual_before_it_is_cut() -> None:
    async with cockpit(trained()) as ui:
        await compared(ui)
        await ui.press("I", "m")
        assert ui.screen[0].endswith("─ whole range · smoothing 0.6 · by step ─")
        await ui.press("i")
        assert ui.screen[0].endswith("─ log axis · whole range · smoothing 0.6 ─")


async def test_run_in_front_hides_and_opens() -> None:
    async with cockpit(trained()) as ui:
        screen = await compared(ui)
        assert has(ui, ">  1 lr-1")
        await ui.press("j", "j")
        assert has(ui, ">  2 lr-3")
        assert screen._view(screen.compared).front == 1  # type: ignore[arg-type]
        await ui.press("space")
        assert has(ui, "- lr-3 ")
        assert not has(ui, "2 lr-3 ")
        await ui.press("space", "escape")
        assert has(ui, "2 lr-3 ")
        assert ui.app.screen is screen
        await ui.press("enter")
        assert (ui.app.screen, ui.cursor, ui.pane) == (ui.main, LR_3, "detail")


async def test_click_brings_a_run_to_the_front_and_a_double_click_opens_it() -> None:
    async with cockpit(trained()) as ui:
        screen = await compared(ui)
        await ui.pilot.click("#runs", offset=(5, 2))
        assert screen.entries.cursor == TEN_EPOCHS
        assert screen._view(screen.compared).front == 2  # type: ignore[arg-type]
        await ui.pilot.click("#runs", offset=(5, 1), times=2)
        assert (ui.app.screen, ui.cursor) == (ui.main, LR_3)


async def test_last_visible_run_cannot_be_hidden() -> None:
    async with cockpit(trained()) as ui:
        await compared(ui, 2)
        await ui.press("space", "j", "j", "space")
        assert note(ui) == "At least one run is shown."


async def test_cross_hair_shows_the_value_of_each_run() -> None:
    async with cockpit(trained(), size=(120, 40)) as ui:
        await compared(ui)
        await ui.press("n", "n")
        assert readout(ui).startswith("step 180  1 lr-1 1.7")
        assert "3 ten-epochs 1.8" in readout(ui)


@pytest.mark.parametrize(("marks", "words"), [(0, "Mark two to nine jobs with space"), (1, "Mark two to nine jobs")])
async def test_comparison_of_fewer_than_two_jobs_says_what_to_do(marks: int, words: str) -> None:
    async with cockpit(trained()) as ui:
        await ui.press(*["space"] * marks, "C")
        assert ui.prompt.startswith(words)


async def test_comparison_of_more_than_nine_jobs_says_how_many_are_marked() -> None:
    async with cockpit(FakeStore().put(*(job(number) for number in range(12)))) as ui:
        await ui.press("asterisk", "C")
        assert ui.prompt == "Compare takes up to nine jobs; 12 are marked."


async def test_different_validation_files_are_not_compared() -> None:
    store = trained()
    store.raw[LR_3]["validation_file"] = "file-other"
    async with cockpit(store) as ui:
        await compared(ui)
        assert has(ui, "Validation files differ: losses are not comparable.")
        assert not has(ui, "is best")


async def test_comparison_follows_the_training() -> None:
    store = trained(200)
    async with cockpit(store) as ui:
        await compared(ui, 2)
        advance(store, 360)
        await ui.publish()
        assert has(ui, "lr-1 is best: validation 1.659 at step 270, 0.079 below ten-epochs.")


@pytest.mark.parametrize("ending", ["csv", "json", "svg"])
async def test_comparison_is_written_by_the_ending(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with cockpit(trained()) as ui:
        await compared(ui)
        await ui.press("e", *["backspace"] * 3, *ending, "enter")
        text = (tmp_path / f"comparison.{ending}").read_text()
        match ending:
            case "csv":
                assert text.startswith("id,name,n_epochs,learning_rate_multiplier,best,at,last")
            case "json":
                assert json.loads(text)["jobs"][0]["id"] == LR_1
            case "svg":
                assert xml.fromstring(text).tag.endswith("svg")


async def test_log_that_was_not_read_is_read_for_the_comparison() -> None:
    store = trained()
    del store.log[LR_3]
    async with cockpit(store) as ui:
        await compared(ui)
        assert store.looked_at == LR_3
        assert has(ui, "Reading the log of 1 job…")
        store.log[LR_3] = []
        await ui.publish()
        assert has(ui, "are equal within noise")
        await ui.press("q")
        assert store.looked_at == ui.cursor


async def test_small_terminal_shows_the_table_and_z_the_chart() -> None:
    async with cockpit(trained(), size=(60, 16)) as ui:
        await compared(ui)
        assert has(ui, "RUN")
        assert not has(ui, "└")
        await ui.press("z")
        assert not has(ui, "RUN")
        assert has(ui, "└")


async def test_job_that_is_gone_leaves_the_comparison() -> None:
    store = trained()
    async with cockpit(store) as ui:
        await compared(ui)
        for id in (TEN_EPOCHS, LR_3):
            del store.raw[id]
        await ui.publish()
        assert ui.screen[0].startswith("── Compare 2 runs")


async def test_comparison_on_a_sweep_is_of_its_jobs() -> None:
    store = trained()
    for id in (LR_1, LR_3):
        store.raw[id]["metadata"] = {"fttui.sweep": "a1b2c3d4 lr"}
    store.publish()
    async with cockpit(store) as ui:
        await ui.press("j")
        for key in ("C", "b"):
            await ui.press(key)
            assert ui.screen[0].startswith("── Compare 2 runs validation loss")
            await ui.press("q")


async def test_big_curve_passes_over_the_jobs_of_a_folded_sweep() -> None:
    store = trained()
    for id in (LR_1, LR_3):
        store.raw[id]["metadata"] = {"fttui.sweep": "a1b2c3d4 lr"}
    store.publish()
    async with cockpit(store) as ui:
        await ui.press("j", "enter", "k", "b", "j")
        assert "Curve lr-40 loss" in ui.screen[0]


async def test_sweep_of_more_than_nine_jobs_says_how_many_it_has() -> None:
    mark = {"fttui.sweep": "a1b2c3d4 lr"}
    async with cockpit(FakeStore().put(*(job(number, metadata=mark) for number in range(12)))) as ui:
        await ui.press("C")
        assert ui.prompt == "Compare takes up to nine jobs; 12 are in this sweep."
