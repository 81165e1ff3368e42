"""The answers during the training, with the keys of a user."""

from typing import Any

import pytest

from fttui.text import width
from fttui.ui.cockpit.samples_screen import SamplesScreen
from fttui.ui.render.sample_lines import sample_lines
from tests.support.fake_store import FakeStore, job
from tests.support.simulated_runs import with_base
from tests.support.trained import TEN_EPOCHS, advance, trained
from tests.support.ui_fakes import Ui, cockpit

OPEN = ("tab", "]", "]", "]", "j", "j", "j", "p")
"""Keys that show the answers of the checkpoint of step 360."""
QUESTIONS = ("Where is my parcel?", "When do you open?")


def answers(step: int, *texts: str) -> dict[str, Any]:
    found = [
        {
            "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": question}],
            "expected": f"Expected {number}.",
            "answer": text,
            "finish_reason": "length" if step == 0 else "stop",
        }
        for number, (question, text) in enumerate(zip(QUESTIONS, texts, strict=True), 1)
    ]
    return {"id": f"ftsmpl-{step}", "step_number": step, "samples": found}


def sampled() -> FakeStore:
    store = trained()
    store.sampled[TEN_EPOCHS] = [
        answers(0, "zzzz", "qqqq"),
        answers(90, "It is on its way.", "We open."),
        answers(360, "It left our depot.", "We open at nine."),
    ]
    return store


def shown(ui: Ui) -> list[str]:
    return [line.rstrip() for line in ui.screen if line.strip()]


def is_open(ui: Ui) -> bool:
    return isinstance(ui.app.screen, SamplesScreen)


async def test_p_on_a_checkpoint_shows_its_answers_beside_those_of_the_base_model() -> None:
    async with cockpit(sampled()) as ui:
        await ui.press(*OPEN)
        assert shown(ui)[:-1] == [
            "── Samples ten-epochs ────────────────────── prompt 1 of 2 · step 360 (3 of 3) ─",
            " system    Be brief.",
            " user      Where is my parcel?",
            "── base model ───────────────────────────────────── cut at its longest length ─",
            " zzzz",
            "── step 360, the best ─────────────────────────────────────────────────────────",
            " It left our depot.",
            "── expected ───────────────────────────────────────────────────────────────────",
            " Expected 1.",
        ]
        await ui.press("x")
        assert "Expected 1." not in "".join(ui.screen)
        await ui.press("y")
        assert "Sent the answer to the terminal's clipboard." in "".join(ui.screen)
        await ui.press("escape")
        assert ui.app.screen is ui.main


async def test_n_walks_through_the_training_and_brackets_through_prompts() -> None:
    async with cockpit(sampled()) as ui:
        await ui.press(*OPEN, "]")
        assert "We open at nine." in "".join(ui.screen)
        await ui.press("]")
        assert "This is the last prompt." in "".join(ui.screen)
        await ui.press("N")
        assert "We open." in "".join(ui.screen)
        assert "step 90 (2 of 3)" in ui.screen[0]
        await ui.press("N")
        assert "qqqq" in "".join(ui.screen)
        assert sum("base model" in line for line in ui.screen) == 1, "nothing to compare the base model with"
        await ui.press("N")
        assert "This is the first step with answers." in "".join(ui.screen)
        await ui.press("n", "[")
        assert "It is on its way." in "".join(ui.screen)
        await ui.press("[")
        assert "This is the first prompt." in "".join(ui.screen)


async def test_footer_names_what_p_shows_at_the_checkpoint() -> None:
    async with cockpit(sampled()) as ui:
        await ui.press(*OPEN[:5])
        assert "p try " in ui.screen[-1]
        await ui.press("j", "j")
        assert "p samples " in ui.screen[-1]
        await ui.press("p")
        assert ui.screen[-1].strip().startswith("n step  ] prompt  p try  x expected")


async def test_wide_terminal_has_both_answers_beside_each_other() -> None:
    async with cockpit(sampled(), size=(120, 40)) as ui:
        await ui.press(*OPEN)
        (line,) = [line for line in ui.screen if "zzzz" in line]
        assert line.index("│") == 59
        assert line.index("It left our depot.") == 61


async def test_p_on_a_checkpoint_without_answers_tries_its_model_and_p_on_answers_too() -> None:
    async with cockpit(sampled()) as ui:
        await ui.press(*OPEN[:5], "p")
        assert ui.main.side.checkpoints.row is not None
        assert ui.main.side.checkpoints.row.step == 540
        assert "── >step 540 ─" in "".join(ui.screen)
        await ui.press("q", "j", "j", "p")
        assert "step 360 (3 of 3)" in ui.screen[0]
        await ui.press("p")
        assert "── >step 360 ✶ ─" in "".join(ui.screen)
        await ui.press("q")
        assert is_open(ui)
        await ui.press("N", "N", "p")
        assert "No model of step 0 is kept." in "".join(ui.screen)


async def test_p_at_the_cross_hair_shows_the_answers_of_that_checkpoint() -> None:
    async with cockpit(sampled()) as ui:
        await ui.press("b", "n", "p")
        assert "step 90 (2 of 3)" in ui.screen[0]
        await ui.press("q", "right", "right", "right", "right", "p")
        assert not is_open(ui)
        assert "No checkpoint at the cross-hair. n goes to the next one." in "".join(ui.screen)


async def test_p_at_the_left_end_of_the_curve_shows_the_base_model() -> None:
    store = sampled()
    store.runs[TEN_EPOCHS] = with_base(store.runs[TEN_EPOCHS], 5.61)
    store.publish()
    async with cockpit(store) as ui:
        await ui.press("b", "p")
        assert "── >step 630 ─" in "".join(ui.screen), "without a cross-hair, the newest model"
        await ui.press("q", "g", "p")
        assert "step 0 (1 of 3)" in ui.screen[0]


async def test_a_job_without_a_model_shows_the_answers_of_the_base_model() -> None:
    store = FakeStore().put(job(0, "running"))
    store.sampled["ftjob-00000000"] = [answers(0, "zzzz", "qqqq")]
    async with cockpit(store) as ui:
        await ui.press("p")
        assert is_open(ui)
        assert "zzzz" in "".join(ui.screen)


async def test_job_without_model_and_answers_says_so() -> None:
    async with cockpit(FakeStore().put(job(0, "running"))) as ui:
        await ui.press("p")
        assert (is_open(ui), ui.prompt) == (False, "try: run-0 has no model yet")


async def test_new_answers_arrive_while_the_screen_is_open_and_the_step_stays() -> None:
    store = sampled()
    async with cockpit(store) as ui:
        await ui.press(*OPEN)
        store.sampled[TEN_EPOCHS].append(answers(640, "New.", "New too."))
        advance(store, 641)
        store.publish()
        await ui.pilot.pause()
        assert "step 360 (3 of 4)" in ui.screen[0]
        await ui.press("n")
        assert "New." in "".join(ui.screen)


async def test_help_has_the_keys_of_the_screen() -> None:
    async with cockpit(sampled()) as ui:
        await ui.press(*OPEN, "question_mark")
        assert ui.screen[1].strip() == "HERE: SAMPLES"
        assert any("next, previous step of the training" in line for line in ui.screen)


@pytest.mark.parametrize("cells", [38, 60, 99, 100, 160])
def test_lines_never_exceed_their_width(cells: int) -> None:
    from fttui.models.samples import Sample
    from fttui.ui.render.glyphs import ASCII, UNICODE

    sample = Sample((("a role that is long", "word " * 80), ("user", "")), "漢字" * 100, "x" * 300, "length")
    for glyphs in (ASCII, UNICODE):
        for base in (None, sample._replace(answer="")):
            lines = sample_lines(sample, "step 9", base, cells, glyphs, with_expected=True)
            assert all(sum(width(text) for text, _ in line) <= cells for line in lines)
