"""Try, with the keys of a user: prompts, answers beside each other, own prompts, settings, costs, failures."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from fttui.api.errors import ApiError, BadRequest, Conflict, Unreachable
from fttui.learning.run import run_of
from fttui.models.chat import Chunk, Question
from fttui.models.file import File
from fttui.models.run_state import Phase
from fttui.store.health import State
from fttui.ui.render.glyphs import ASCII
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.try_screen.screen import TryScreen
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import Ui, cockpit

TUNED, BASE = "ft:gpt-4.1-nano:acme:support-v4:8J6L", "gpt-4.1-nano"
HOSTED = ServiceInfo("work", "api.openai.com", False, False, "", "work", "https://api.openai.com/v1")
EXAMPLES = [
    {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": f"Where is parcel {number}?"},
            {"role": "assistant", "content": f"Parcel {number} comes today."},
        ]
    }
    for number in range(1, 6)
]


class FakeModels:
    """Models that answer with the given chunks, word by word, or wait."""

    def __init__(self, lines: list[Any] = EXAMPLES) -> None:
        self.lines = [json.dumps(line).encode() for line in lines]
        self.answers: dict[str, list[Chunk | ApiError | asyncio.Event]] = {}
        """Answer of each model; by default its words tell the model and the question."""
        self.questions: list[Question] = []
        self.closed: list[str] = []
        self.trouble: ApiError | None = None

    async def chat(self, question: Question) -> AsyncGenerator[Chunk, None]:
        self.questions.append(question)
        name = "tuned" if question.model == TUNED else "base" if question.model == BASE else question.model
        usual = [Chunk(f"{name} says "), Chunk(str(question.messages[-1]["content"])), Chunk("", (), "stop", 312, 9)]
        try:
            for chunk in self.answers.get(question.model, usual):
                if isinstance(chunk, ApiError):
                    raise chunk
                if isinstance(chunk, asyncio.Event):
                    await chunk.wait()
                else:
                    yield chunk
        finally:
            self.closed.append(question.model)

    async def get_file(self, id: str) -> File:
        if self.trouble is not None:
            raise self.trouble
        return File.read({"id": id, "filename": f"{id}.jsonl"})

    async def file_lines(self, id: str, most: int) -> list[bytes]:
        if self.trouble is not None:
            raise self.trouble
        return self.lines[:most]

    @property
    def asked(self) -> list[tuple[str, Any]]:
        return [(question.model, question.messages[-1]["content"]) for question in self.questions]


def tried(models: FakeModels | None = None, **members: Any) -> FakeStore:
    given = {"fine_tuned_model": TUNED, "model": BASE, "validation_file": "valid", "user_provided_suffix": "support-v4"}
    store = FakeStore().put(job(0, "succeeded", **{**given, **members}))
    saved = [(90, "m:90"), (180, "m:180"), (270, TUNED)]
    store.saved = {"ftjob-00000000": [checkpoint(step, model, abs(step - 180)) for step, model in saved]}
    store.runs = {"ftjob-00000000": run_of(())}
    store.model_api = models or FakeModels()
    return store


def checkpoint(step: int, model: str, loss: float) -> dict[str, Any]:
    members = {"step_number": step, "fine_tuned_model_checkpoint": model, "metrics": {"valid_loss": loss}}
    return {"id": f"c{step}", **members}


def models_of(ui: Ui) -> FakeModels:
    assert isinstance(ui.store.model_api, FakeModels)
    return ui.store.model_api


def has(ui: Ui, text: str) -> bool:
    return any(text in line for line in ui.screen)


def row(ui: Ui) -> str:
    """Text of the prompt row. The rows of a question are joined."""
    screen = ui.app.screen
    assert isinstance(screen, TryScreen)
    return " ".join(line.strip() for line in screen.prompt.text.split("\n"))


def endless(*words: str) -> list[Chunk | ApiError | asyncio.Event]:
    return [*map(Chunk, words), asyncio.Event()]


async def test_answers_of_a_machine_with_a_price_by_the_hour_are_not_called_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[local]\nprice_per_hour = 2.5\n")
    monkeypatch.setenv("FTTUI_CONFIG", str(config))
    async with cockpit(tried()) as ui:
        await ui.press("p")
        assert has(ui, "tuned says Where is parcel 1?")
        assert row(ui) == "base has ended · tuned has ended · about $0.00 a prompt"
        config.write_text("[local\n")
        await ui.press("n")
        assert has(ui, "tuned says Where is parcel 2?")


# Layout


async def test_p_shows_the_first_validation_prompt_with_both_answers_and_the_expected_one() -> None:
    async with cockpit(tried()) as ui:
        await ui.press("p")
        screen = ui.screen
        assert screen[0] == "── Try support-v4 ───────────────── prompt 1 of 5 · temperature 0 · 256 tokens ─"
        assert screen[1:3] == [" system    Be brief.".ljust(80), " user      Where is parcel 1?".ljust(80)]
        assert screen[3].startswith("── base gpt-4.1-nano ─")
        assert screen[3].endswith("─ 9 tokens · 0.0 s ─")
        assert screen[4].startswith(" base says Where is parcel 1?")
        tuned = next(at for at, line in enumerate(screen) if line.startswith("── >tuned step 270 ─"))
        assert screen[tuned + 1].startswith(" tuned says Where is parcel 1?")
        expected = next(at for at, line in enumerate(screen) if line.startswith("── expected ─"))
        assert screen[expected].endswith("─ line 1 of valid.jsonl ─")
        assert screen[expected + 1].startswith(" Parcel 1 comes today.")
        assert row(ui) == "base has ended · tuned has ended · free"
        await ui.press("q")
        assert ui.app.screen is ui.main


async def test_a_wide_terminal_has_the_answers_beside_each_other() -> None:
    async with cockpit(tried(), size=(120, 40)) as ui:
        await ui.press("p")
        title = next(line for line in ui.screen if "── base" in line)
        assert "─│── >tuned step 270 ─" in title
        assert title.index("│") == 60
        assert next(line for line in ui.screen if "base says" in line).count("says") == 2


async def test_an_expected_answer_that_just_fills_the_row_is_not_cut() -> None:
    first = " ".join(["four"] * 23) + " 12"  # 117 cells
    example = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": ""}]}
    for extra in ("", "5", "56"):
        example["messages"][1]["content"] = f"{first}{extra}\n\nTry this."
        async with cockpit(tried(FakeModels([example])), size=(120, 40)) as ui:
            await ui.press("p")
            assert has(ui, " Try this."), extra


async def test_a_small_terminal_has_one_answer_and_tab_shows_the_other() -> None:
    async with cockpit(tried(), size=(60, 20)) as ui:
        await ui.press("p")
        assert ui.screen[0].endswith("─ prompt 1 of 5 · temperature 0 ─")
        assert ui.screen[2].startswith(" user: Where is parcel 1?")
        assert ui.screen[3].startswith("── base ─ >tuned step 270 ─")
        assert not has(ui, "base says")
        assert not has(ui, "── expected")
        assert row(ui) == "base has ended · tuned has ended · free · x shows expected"
        await ui.press("tab")
        assert ui.screen[3].startswith("── >base gpt-4.1-nano ─ tuned ─")
        assert has(ui, "base says")
        await ui.press("x")
        assert has(ui, "Parcel 1 comes today.")


async def test_z_shows_one_answer_and_esc_both_again() -> None:
    async with cockpit(tried()) as ui:
        await ui.press("p", "z")
        assert not has(ui, "base says")
        await ui.press("escape")
        assert has(ui, "base says")
        await ui.press("x")
        assert not has(ui, "── expected")


async def test_an_own_width_is_kept_when_the_terminal_changes() -> None:
    async with cockpit(tried()) as ui:
        await ui.press("p")
        for width, height in ((120, 40), (60, 20), (40, 10), (80, 24)):
            await ui.pilot.resize_terminal(width, height)
            assert has(ui, "tuned says")


# Prompts


async def test_n_and_g_go_through_prompts_and_answers_are_not_asked_twice() -> None:
    async with cockpit(tried()) as ui:
        await ui.press("p", "N")
        assert row(ui) == "This is the first prompt."
        await ui.press("n")
        assert has(ui, "tuned says Where is parcel 2?")
        await ui.press("G")
        assert has(ui, "prompt 5 of 5")
        await ui.press("n")
        assert row(ui) == "This is the last prompt."
        await ui.press("g")
        assert has(ui, "tuned says Where is parcel 1?")
        assert len(models_of(ui).questions) == 6
        await ui.press("enter")
        assert row(ui).startswith("Temperature 0 gives the same answer again.")
        await ui.press("q", "p")
        assert len(models_of(ui).questions) == 6  # kept while fttui runs


async def test_slash_goes_to_the_next_prompt_with_a_text() -> None:
    async with cockpit(tried()) as ui:
        await ui.press("p", "/", *"parcel 4", "enter")
        assert has(ui, "prompt 4 of 5")
        await ui.press("/", *"nothing", "enter")
        assert row(ui) == "No other prompt has 'nothing'."


async def test_prompts_of_the_training_file_are_told_in_the_title() -> None:
    async with cockpit(tried(validation_file=None)) as ui:
        await ui.press("p")
        assert has(ui, "training prompt 1 of 5")


async def test_without_prompts_one_can_be_written() -> None:
    async with cockpit(tried(FakeModels([]))) as ui:
        await ui.press("p")
        assert has(ui, "has no prompts. No prompts. a writes one.")
        await ui.press("a", *"Hello", "ctrl+o", *"there", "enter")
        assert models_of(ui).asked == [(BASE, "Hello\nthere"), (TUNED, "Hello\nthere")]
        assert has(ui, "tuned says Hello")


async def test_a_file_that_cannot_be_read_is_told() -> None:
    models = FakeModels()
    models.trouble = BadRequest("No such File object (404)")
    async with cockpit(tried(models)) as ui:
        await ui.press("p")
        assert has(ui, "No such File object (404)")


async def test_capital_a_edits_the_question_and_keeps_the_messages_before_it() -> None:
    async with cockpit(tried()) as ui:
        await ui.press("p", "A", "backspace", *" now?")
        assert has(ui, "Where is parcel 1 now?")
        assert has(ui, "enter asks  ctrl+o new line  esc drops it")
        await ui.press("enter")
        assert models_of(ui).questions[-1].messages == [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Where is parcel 1 now?"},
        ]
        assert has(ui, "prompt 6 of 6")
        await ui.press("a", *"And parcel 2?", "enter")
        assert models_of(ui).questions[-1].messages == [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "And parcel 2?"},
        ], "the system message that the model was trained with"
        await ui.press("N", "a", *"quit? no", "escape")
        assert has(ui, "prompt 6 of 7")
        assert isinstance(ui.app.screen, TryScreen)


async def test_a_paste_goes_into_the_prompt_with_its_lines() -> None:
    async with cockpit(tried()) as ui:
        await ui.press("p", "a")
        ui.app.screen.on_paste(type("Paste", (), {"text": "one\r\ntwo\x1b[2J"})())  # type: ignore[attr-defined]
        await ui.press("enter")
        assert models_of(ui).asked[-1] == (TUNED, "one\ntwo[2J")


# Answers


async def test_an_answer_is_shown_while_it_is_written_and_c_stops_it() -> None:
    models = FakeModels()
    models.answers[TUNED] = endless("It left ", "our depot")
    async with cockpit(tried(models)) as ui:
        await ui.press("p")
        assert has(ui, " It left our depot▏")
        assert has(ui, "2 tokens · 0.0 s · writing")
        assert row(ui) == "base has ended · tuned is writing · free"
        await ui.press("enter")
        assert row(ui).startswith("The models are still writing.")
        await ui.press("c")
        assert models.closed[-1] == TUNED
        assert has(ui, " It left our depot ")
        assert has(ui, "Stopped at 2 tokens.")
        await ui.press("c")
        assert row(ui) == "No answer is being written."
        del models.answers[TUNED]
        await ui.press("enter")
        assert has(ui, "tuned says Where is parcel 1?")
        assert len(models.questions) == 3  # the base model was not asked again


async def test_an_answer_costs_its_own_lines_only() -> None:
    models, gate = FakeModels(), asyncio.Event()
    models.answers[TUNED] = [Chunk("one "), gate, Chunk("two "), asyncio.Event()]
    async with cockpit(tried(models)) as ui:
        await ui.press("p")
        screen = ui.app.screen
        assert isinstance(screen, TryScreen)
        drawn: list[str] = []
        for widget in screen.query("*"):
            if widget.id and hasattr(widget, "render_line"):
                original = widget.refresh

                def refresh(*regions: Any, widget: Any = widget, original: Any = original, **more: Any) -> Any:
                    drawn.append(f"{widget.id} {sum(region.height for region in regions) if regions else 'all'}")
                    return original(*regions, **more)

                widget.refresh = refresh  # type: ignore[method-assign]
        gate.set()
        await ui.pilot.pause()
        assert has(ui, "one two ▏")
        assert set(drawn) == {"try-second-text 1", "try-second-title all"}


async def test_leaving_a_prompt_or_the_screen_stops_its_answers() -> None:
    models = FakeModels()
    models.answers[TUNED] = endless("It left ")
    async with cockpit(tried(models)) as ui:
        await ui.press("p", "n")
        assert models.closed.count(TUNED) == 1
        await ui.press("g")
        assert models.asked.count((TUNED, "Where is parcel 1?")) == 2  # what was dropped is asked again
        await ui.press("q")
        assert models.closed.count(TUNED) == 3


async def test_loading_is_shown_in_the_place_of_the_answer() -> None:
    models = FakeModels()
    models.answers[TUNED] = [Chunk(phase=Phase("loading", 7e8, 1.2e9, "bytes")), asyncio.Event()]
    async with cockpit(tried(models)) as ui:
        await ui.press("p")
        assert has(ui, f" loading {TUNED}: 700.0 MB of 1.2 GB (58 %)")
        assert row(ui) == "base has ended · tuned is loading · free"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            Conflict("support-v5 is training on the accelerator. Try later. (409)", code="accelerator_in_use"),
            "support-v5 is training on the accelerator, so Try waits. r tries again; P in the list",
        ),
        (
            BadRequest("The trainer axolotl cannot answer prompts. Export it. (400)", code="no_sampler"),
            "Export the model: fttui models export",
        ),
        (BadRequest("4,310 tokens; the model takes 2,048.", code="context_length_exceeded"), "A shortens the prompt."),
        (BadRequest("the model is not deployed (404)"), "! the model is not deployed (404)"),
        (Unreachable("cannot reach it", kind="refused"), "! cannot reach it"),
    ],
)
async def test_a_failed_side_says_why_and_the_other_goes_on(error: ApiError, words: str) -> None:
    models = FakeModels()
    models.answers[TUNED] = [error]
    async with cockpit(tried(models)) as ui:
        await ui.press("p")
        text = " ".join(" ".join(line.split()) for line in ui.screen)
        assert words in text
        assert has(ui, "base says")
        del models.answers[TUNED]
        await ui.press("r")
        assert has(ui, "tuned says")


async def test_a_lost_connection_keeps_the_text() -> None:
    models = FakeModels()
    models.answers[TUNED] = [Chunk("It "), Chunk("left"), Unreachable("lost", kind="cut")]
    async with cockpit(tried(models)) as ui:
        await ui.press("p")
        assert has(ui, " It left ")
        assert has(ui, "Connection lost after 2 tokens. enter asks again.")


async def test_offline_nothing_is_asked_and_answers_stay() -> None:
    async with cockpit(tried()) as ui:
        await ui.press("p")
        await ui.publish(why="gone", state=State.OFFLINE, reason="timed out", unsent=True)
        await ui.press("n", "enter")
        assert row(ui).startswith("try: offline")
        await ui.press("g")
        assert has(ui, "tuned says")


async def test_hostile_answers_are_shown_without_their_codes() -> None:
    models = FakeModels()
    models.answers[TUNED] = [Chunk("[b]bold[/b] [link=x]"), Chunk("", (), "stop", 1, 1)]
    async with cockpit(tried(models), glyphs=ASCII) as ui:
        await ui.press("p")
        assert has(ui, "[b]bold[/b] [link=x]")


# Models and settings


async def test_brackets_change_the_model_of_the_active_answer() -> None:
    async with cockpit(tried()) as ui:
        await ui.press("p", "]")
        assert has(ui, "── >step 90 ─")
        assert has(ui, "m:90 says")
        await ui.press("]")
        assert has(ui, "── >step 180 ✶ ─")
        await ui.press("]")
        assert has(ui, "── >tuned step 270 ─")
        await ui.press("[")
        assert has(ui, "── >step 180 ✶ ─")


async def test_settings_are_asked_anew_and_kept() -> None:
    async with cockpit(tried()) as ui:
        await ui.press("p", ":", *"temperature 0.7", "enter")
        assert has(ui, "temperature 0.7 · 256 tokens")
        assert models_of(ui).questions[-1].temperature == 0.7
        await ui.press(":", *"max-tokens 512", "enter", ":", *"system Sing.", "enter")
        asked = models_of(ui).questions[-1]
        assert (asked.max_tokens, asked.messages[0]) == (512, {"role": "system", "content": "Sing."})
        before = len(models_of(ui).questions)
        await ui.press("enter")
        assert len(models_of(ui).questions) == before + 2  # drawn again
        await ui.press("q", "p")
        assert has(ui, "temperature 0.7 · 512 tokens")
        await ui.press(":", *"temprature 1", "enter")
        assert "Did you mean temperature?" in row(ui)


# Hosted providers


async def test_a_hosted_provider_says_the_cost_first_and_once() -> None:
    async with cockpit(tried(), place=HOSTED, size=(100, 30)) as ui:
        await ui.press("p")
        assert row(ui).startswith("Ask gpt-4.1-nano and support-v4? About $0.0004 a prompt (")
        assert row(ui).endswith("tokens in, up to 256 out). y/N")
        assert models_of(ui).questions == []
        ui.clock.advance(1)
        await ui.press("n")
        assert has(ui, "enter asks.")
        await ui.press("enter")
        ui.clock.advance(1)
        await ui.press("y")
        assert len(models_of(ui).questions) == 2
        await ui.press("n")
        assert len(models_of(ui).questions) == 2  # only enter asks
        await ui.press("enter")
        assert len(models_of(ui).questions) == 4
        assert has(ui, "$0.0003 so far")


async def test_an_unknown_price_is_told() -> None:
    place = HOSTED._replace(host="x", base_url="https://llm.example.com/v1")
    async with cockpit(tried(), place=place) as ui:
        await ui.press("p")
        assert "The price is not known." in row(ui)


# From elsewhere


async def test_two_marked_jobs_are_tried_against_each_other() -> None:
    store = tried()
    store.put(job(1, "succeeded", fine_tuned_model="ft:other", validation_file="valid", user_provided_suffix="other"))
    async with cockpit(store) as ui:
        await ui.press("space", "space", "p")
        assert has(ui, "── support-v4 step 270 ─")
        assert has(ui, "── >other ─")
        assert {model for model, _ in models_of(ui).asked} == {TUNED, "ft:other"}


async def test_a_checkpoint_is_tried_against_the_base_model() -> None:
    async with cockpit(tried(), size=(100, 30)) as ui:
        await ui.press("right_square_bracket", "right_square_bracket", "right_square_bracket", "tab")
        assert ui.pane == "checkpoints"
        await ui.press("j", "p")
        assert has(ui, "── >step 180 ✶ ─")
        assert {model for model, _ in models_of(ui).asked} == {BASE, "m:180"}


async def test_colon_try_takes_a_model_or_a_job() -> None:
    async with cockpit(tried()) as ui:
        await ui.press(":", *"try gpt-4.1-nano", "enter")
        assert has(ui, "── Try gpt-4.1-nano ─")
        assert has(ui, "No prompts. a writes one.")
        await ui.press("a", *"Hi", "enter")
        assert models_of(ui).asked == [(BASE, "Hi")]
        await ui.press("q", ":", *"try support-v4", "enter")
        assert has(ui, "── >tuned step 270 ─")
        await ui.press("q", ":", *f"try {TUNED}", "enter")
        assert has(ui, "prompt 1 of 5")
        assert not has(ui, "── base")


@pytest.mark.parametrize(
    ("members", "status", "words"),
    [
        ({"fine_tuned_model": None}, "failed", "try: support-v4 ended without a model"),
        ({"fine_tuned_model": None}, "running", "try: support-v4 has no model yet"),
    ],
)
async def test_a_job_without_a_model_says_why(members: dict[str, Any], status: str, words: str) -> None:
    store = tried(**members)
    store.raw["ftjob-00000000"]["status"] = status
    store.saved = {}
    async with cockpit(store) as ui:
        await ui.press("p")
        assert ui.prompt.startswith(words)
        assert ui.app.screen is ui.main


async def test_read_only_works() -> None:
    async with cockpit(tried(), read_only=True) as ui:
        await ui.press("p")
        assert has(ui, "tuned says")


# Copy and export


async def test_y_copies_the_answer_and_capital_y_more() -> None:
    async with cockpit(tried(), place=HOSTED._replace(is_local=True)) as ui:
        await ui.press("p")
        sent: list[str] = []
        ui.app._write = sent.append  # type: ignore[method-assign]

        def copied() -> str:
            return base64.b64decode(sent[-1].split(";")[-1].rstrip("\a\x1b\\")).decode()

        await ui.press("y")
        assert copied() == "tuned says Where is parcel 1?"
        await ui.press("Y", "p")
        assert copied() == "system: Be brief.\nuser: Where is parcel 1?"
        await ui.press("Y", "b")
        assert copied().endswith("tuned: tuned says Where is parcel 1?\nexpected: Parcel 1 comes today.")
        await ui.press("Y", "j")
        assert [answer["model"] for answer in json.loads(copied())["answers"]] == [BASE, TUNED]
        await ui.press("Y", "t")
        assert copied() == f"fttui models try {TUNED} --prompt 'Where is parcel 1?' --against {BASE}"
        await ui.press("Y", "c")
        assert copied().startswith('curl -H "Authorization: Bearer $KEY"')
        assert "/v1/chat/completions" in copied()


async def test_e_writes_all_answers_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with cockpit(tried()) as ui:
        await ui.press("p", "n", "e", "enter")
        text = (tmp_path / "support-v4-answers.md").read_text()
        assert "## Prompt 2" in text
        assert "### tuned step 270" in text
        assert "> tuned says Where is parcel 2?" in text
        await ui.press("e", *["backspace"] * 2, *"jsonl", "enter")
        lines = (tmp_path / "support-v4-answers.jsonl").read_text().splitlines()
        assert [json.loads(line)["answers"][1]["model"] for line in lines] == [TUNED, TUNED]
        await ui.press("e", *["backspace"] * 2, *"csv", "enter")
        assert (tmp_path / "support-v4-answers.csv").read_text().count("\n") > 4
