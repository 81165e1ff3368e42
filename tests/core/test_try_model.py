"""Questions to models: the parts of an answer, failures, answers that are kept, costs."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from fttui.api.errors import ApiError, BadRequest, Conflict, Unreachable
from fttui.config.choose import Choice, choose
from fttui.config.paths import config_file
from fttui.core.pricing import Pricing
from fttui.core.try_candidates import Candidate, candidates, newest, why_no_model
from fttui.core.try_model import Answer, AnswerState, Sampling, TryModel
from fttui.data.prompts import Prompt, typed_prompt
from fttui.learning.checkpoints import Checkpoints, Saved
from fttui.models.chat import Call, Chunk, Question
from fttui.models.row import JobRow
from fttui.models.run_state import Phase
from tests.support.clock import FakeClock

HELLO = typed_prompt("Where is my parcel?")
HOSTED = "https://api.openai.com/v1"


class FakeApi:
    """Answers with the given chunks; an error among them is raised."""

    def __init__(self, *chunks: Chunk | ApiError, clock: FakeClock | None = None) -> None:
        self.chunks = chunks
        self.clock = clock
        self.questions: list[Question] = []
        self.is_closed = False

    async def chat(self, question: Question) -> AsyncGenerator[Chunk, None]:
        self.questions.append(question)
        try:
            for chunk in self.chunks:
                if self.clock is not None:
                    self.clock.advance(0.1)
                if isinstance(chunk, ApiError):
                    raise chunk
                yield chunk
            if not self.chunks:
                await asyncio.Event().wait()
        finally:
            self.is_closed = True


def trying(api: FakeApi | None, base_url: str | None = None, clock: FakeClock | None = None) -> TryModel:
    choice: Choice = choose(base_url=base_url) if base_url else choose(profile="local")
    return TryModel(lambda: api, Pricing(choice), clock or FakeClock())


async def test_an_answer_grows_and_counts_tokens_and_time() -> None:
    clock = FakeClock()
    api = FakeApi(
        Chunk(phase=Phase("loading", 1, 2, "bytes")),
        Chunk("It "),
        Chunk("left."),
        Chunk("", (), "stop", 12, 4),
        clock=clock,
    )
    seen: list[tuple[str, str, int]] = []

    def changed(answer: Answer) -> None:
        seen.append((answer.state, answer.text, answer.tokens))

    answer = await trying(api, clock=clock).ask("m", HELLO, Sampling(), changed)
    assert seen == [
        ("waiting", "", 0),
        ("loading", "", 0),
        ("writing", "It ", 1),
        ("writing", "It left.", 2),
        ("writing", "It left.", 4),
        ("ended", "It left.", 4),
    ]
    assert (answer.finish_reason, answer.prompt_tokens, round(answer.seconds, 1)) == ("stop", 12, 0.3)
    assert answer.as_json() == {
        "model": "m",
        "content": "It left.",
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 12, "completion_tokens": 4},
    }
    assert api.is_closed


async def test_the_settings_are_sent_and_a_system_text_replaces_that_of_the_prompt() -> None:
    api = FakeApi(Chunk("x", (), "stop"))
    prompt = Prompt([{"role": "system", "content": "Be brief."}, *HELLO.messages], [{"type": "function"}])
    await trying(api).ask("m", prompt, Sampling(0.7, 5, 0.9, 3, "Sing."))
    messages = [{"role": "system", "content": "Sing."}, *HELLO.messages]
    assert api.questions == [Question("m", messages, 5, 0.7, 0.9, 3, [{"type": "function"}])]


async def test_function_calls_are_joined() -> None:
    parts = (Call(1, "b", "{}"), Call(0, "track", '{"id": ')), (Call(0, "", "7731}"),)
    answer = await trying(FakeApi(*(Chunk(calls=calls) for calls in parts), Chunk(finish_reason="tool_calls"))).ask(
        "m", HELLO, Sampling()
    )
    assert answer.content == 'calls track({"id": 7731})\ncalls b({})'


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        (
            (BadRequest("4,310 tokens; the model takes 2,048 (400)", code="x"),),
            "4,310 tokens; the model takes 2,048 (400)",
        ),
        ((Chunk("a"), Chunk("b"), Unreachable("lost the connection", kind="cut")), "Connection lost after 2 tokens."),
        ((Unreachable("cannot reach x"),), "cannot reach x"),
    ],
)
async def test_a_failure_is_part_of_the_answer(chunks: tuple[Chunk | ApiError, ...], words: str) -> None:
    answer = await trying(FakeApi(*chunks)).ask("m", HELLO, Sampling())
    assert (answer.state, answer.trouble, answer.is_over) == (AnswerState.FAILED, words, True)
    assert answer.text == "ab"[: len(chunks) - 1]


async def test_a_busy_accelerator_and_a_missing_connection_are_told() -> None:
    busy = await trying(FakeApi(Conflict("support-v5 is training", code="accelerator_in_use"))).ask(
        "m", HELLO, Sampling()
    )
    assert busy.is_busy
    assert "Not connected" in (await trying(None).ask("m", HELLO, Sampling())).trouble


async def test_a_cancelled_question_keeps_its_text_and_closes_the_request() -> None:
    api = FakeApi()
    found = trying(api)
    task = asyncio.create_task(found.ask("m", HELLO, Sampling()))
    while not api.questions:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    answer = found.kept("m", HELLO, Sampling())
    assert answer is not None
    assert (answer.state, api.is_closed) == (AnswerState.STOPPED, True)


async def test_answers_are_kept_by_model_prompt_and_settings() -> None:
    found = trying(FakeApi(Chunk("x", (), "stop")))
    answer = await found.ask("m", HELLO, Sampling())
    assert found.kept("m", typed_prompt("Where is my parcel?"), Sampling()) is answer
    assert found.kept("m", HELLO, Sampling(0.5)) is None
    assert found.kept("n", HELLO, Sampling()) is None


async def test_answers_of_this_machine_cost_its_time_when_an_hour_has_a_price(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    Path(config_file()).write_text("[local]\nprice_per_hour = 3.6\n")
    clock = FakeClock()
    priced = trying(FakeApi(Chunk("a "), Chunk("b"), Chunk("", (), "stop", 12, 2), clock=clock), clock=clock)
    assert (priced.is_local, priced.is_free, priced.spent_words) == (True, False, "$0.00")
    first = priced.cost(["m", "base"], HELLO, Sampling(max_tokens=100))
    assert first.text == "about $0.0100", "20 tokens a second, as long as no answer has ended"
    answer = await priced.ask("m", HELLO, Sampling())
    assert answer.tokens == 2
    assert priced.spent == pytest.approx(0.3 / 1000)
    assert priced.cost(["m"], HELLO, Sampling(max_tokens=100)).cost == pytest.approx(100 * 0.15 / 1000)


async def test_answers_of_this_machine_are_free_and_hosted_ones_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    free = trying(FakeApi(Chunk("x", (), "stop", 10, 1)))
    assert free.cost(["fttui-tiny-1"], HELLO, Sampling()).text == "free"
    await free.ask("fttui-tiny-1", HELLO, Sampling())
    assert (free.is_free, free.spent_words) == (True, "free")

    hosted = trying(FakeApi(Chunk("x", (), "stop", 1000, 100)), HOSTED)
    cost = hosted.cost(["ft:gpt-4.1-nano-2025-04-14:acme::x", "gpt-4.1-nano"], HELLO, Sampling(max_tokens=256))
    assert cost.prompt_tokens in range(6, 12)
    assert cost.cost == pytest.approx(2 * (cost.prompt_tokens * 0.2 + 256 * 0.8) / 1e6)
    await hosted.ask("gpt-4.1-nano", HELLO, Sampling())
    assert hosted.spent == pytest.approx((1000 * 0.2 + 100 * 0.8) / 1e6)
    assert hosted.spent_words == "$0.0003"
    assert hosted.cost(["unknown-model"], HELLO, Sampling()).text == "unknown"
    await hosted.ask("unknown-model", HELLO, Sampling())
    assert hosted.spent_words == ""


# Models of a job


def saved(step: int, model: str) -> Saved:
    return Saved(f"ckpt-{step}", step, None, None, None, None, model)


def test_models_of_a_job_are_base_tuned_and_the_other_checkpoints_by_step() -> None:
    rows = [saved(90, "m:90"), saved(180, "m:180"), saved(270, "m")]
    job = JobRow("ftjob-1", "succeeded", "gpt-4.1-nano-2025-04-14", "support-v4", fine_tuned_model="m")
    found = candidates(job, Checkpoints(rows, "full_valid_loss", rows[1]))
    assert [candidate.model for candidate in found] == ["gpt-4.1-nano-2025-04-14", "m", "m:90", "m:180"]
    assert [candidate.name for candidate in found] == ["base", "tuned", "step 90", "step 180"]
    assert [candidate.title for candidate in found][:2] == ["base gpt-4.1-nano-0414", "tuned step 270"]
    assert found[3].title == "step 180 ✶"
    assert newest(found) == found[1]
    running = candidates(job._replace(fine_tuned_model=""), Checkpoints(rows[:2]))
    assert newest(running) == Candidate("m:180", "checkpoint", 180)
    assert newest(candidates(job._replace(fine_tuned_model=""), Checkpoints())) is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (JobRow("j", "failed", suffix="s"), "s ended without a model"),
        (JobRow("j", "queued", suffix="s"), "s has no model yet"),
        (
            JobRow("j", "running", suffix="s", total_steps=270, epochs="3"),
            "s has no model yet; its first checkpoint comes at step 90",
        ),
    ],
)
def test_a_job_without_a_model_says_why(row: JobRow, words: str) -> None:
    assert why_no_model(row) == words
