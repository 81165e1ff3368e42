"""`models try` at a hosted provider: prompts, answers, forms of output, costs, failures."""

import json
from pathlib import Path
from typing import Any

import pytest

from fttui.cli.output import Output
from tests.cli.conftest import Fttui
from tests.support.fault_server import Request, Step, answer, refuse
from tests.support.service import Service, job

TUNED = "ft:gpt-4.1-nano-2025-04-14:acme:support-v4:8J6LXhXG"
VALID = [
    {
        "messages": [
            {"role": "user", "content": f"Question {number}"},
            {"role": "assistant", "content": f"Answer {number}"},
        ]
    }
    for number in range(1, 8)
]


def lines(examples: list[Any]) -> bytes:
    return "".join(json.dumps(example) + "\n" for example in examples).encode()


def says(text: str) -> Step:
    chunks = [
        {"choices": [{"delta": {"content": text}}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 312, "completion_tokens": 34}},
    ]
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return answer(200, body, content_type="text/event-stream")


@pytest.fixture(autouse=True)
def known(service: Service) -> None:
    service.jobs = [job(1, user_provided_suffix="support-v4", fine_tuned_model=TUNED, validation_file="file-valid")]
    service.models = [{"id": "gpt-4.1-nano"}]
    service.files = {"file-valid": {"id": "file-valid", "filename": "valid.jsonl"}}
    service.contents = {"file-valid": lines(VALID)}


def answers(service: Service, *steps: Step) -> None:
    service.faults["POST /chat/completions"] = list(steps)


def asked(service: Service) -> list[Request]:
    return [request for request in service.server.requests if request.path.endswith("/chat/completions")]


def test_a_job_stands_for_its_model_and_its_validation_file_for_the_prompts(
    fttui: Fttui, service: Service, home: Path
) -> None:
    (home / "config").mkdir()
    (home / "config" / "prices.toml").write_text('[models."gpt-4.1-nano-2025-04-14"]\ninput = 0.2\noutput = 0.8\n')
    answers(service, *(says(f"Answer {number}") for number in range(1, 6)))
    found = fttui("models", "try", "support-v4", "--json")
    assert found.code == 0, found.err
    data = found.json["data"]
    assert (found.json["object"], len(data)) == ("list", 5)
    usage = {"prompt_tokens": 312, "completion_tokens": 34}
    assert data[1] == {
        "prompt": [{"role": "user", "content": "Question 2"}],
        "answers": [{"model": TUNED, "content": "Answer 2", "finish_reason": "stop", "usage": usage}],
    }
    assert [request.json()["model"] for request in asked(service)] == [TUNED] * 5
    assert "Asking 5 prompts costs about $0.0010 or less." in found.err
    assert found.err.splitlines()[-1] == "5 answers, 1,560 tokens in, 170 out, $0.0004."


def test_one_prompt_is_one_object_and_reads_no_jobs(fttui: Fttui, service: Service) -> None:
    answers(service, says("Good day"), says("Hello"))
    found = fttui("models", "try", TUNED, "--prompt", "Hi", "--against", "gpt-4.1-nano", "--json")
    assert [each["model"] for each in found.json["answers"]] == [TUNED, "gpt-4.1-nano"]
    assert [each["content"] for each in found.json["answers"]] == ["Good day", "Hello"]
    assert not [line for line in service.lines if "fine_tuning" in line]


def test_a_file_and_a_limit_give_the_prompts(fttui: Fttui, service: Service, home: Path) -> None:
    (home / "own.jsonl").write_bytes(b"\n" + lines(VALID))
    answers(service, says("a\tb\nc\x1b[2J"), says("b"))
    found = fttui("models", "try", TUNED, "--file", "own.jsonl", "--limit", "2")
    assert found.cells == [["1", TUNED, "stop", "a b c[2J"], ["2", TUNED, "stop", "b"]]
    answers(service, says("a"), says("b"))
    found = fttui("models", "try", TUNED, "--file", "own.jsonl", "--limit", "2", "--jsonl")
    assert [json.loads(line)["answers"][0]["content"] for line in found.lines] == ["a", "b"]


def test_a_terminal_shows_prompt_answers_and_the_expected_one(
    fttui: Fttui, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Output, "is_terminal", property(lambda _: True))
    monkeypatch.setattr(Output, "cells", property(lambda _: 60))
    answers(service, says("Answer 1"), says("I need some more information: the sender, the date of shipping."))
    found = fttui("models", "try", "support-v4", "--limit", "1", "--against", "gpt-4.1-nano")
    assert found.out.splitlines() == [
        "── 1 of 1 ──────────────────────────── line 1, valid.jsonl ─",
        "user      Question 1",
        "base      I need some more information: the sender, the date",
        "          of shipping.",
        "tuned     Answer 1",
        "expected  Answer 1",
    ]


def test_prompts_come_from_the_training_file_if_nothing_else_has_any(fttui: Fttui, service: Service) -> None:
    service.contents = {"file-train": lines(VALID[:1])}
    service.files = {"file-train": {"id": "file-train", "filename": "train.jsonl"}}
    answers(service, says("x"))
    found = fttui("models", "try", "support-v4", "--jsonl")
    assert (found.code, len(found.lines)) == (0, 1)
    assert "training file train.jsonl" in found.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["gpt-4.1-nano"], 2, "no job of gpt-4.1-nano is known"),
        (["support-v4", "--file", "none.jsonl"], 2, "cannot read none.jsonl"),
        (["support-v4", "--prompt", "x", "--limit", "2"], 2, "Give --prompt, or"),
        (["unfinished"], 2, "unfinished has no model yet"),
        (["..nothing"], 2, "no known job ends with nothing"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_a_question(
    fttui: Fttui, service: Service, arguments: list[str], code: int, words: str
) -> None:
    service.jobs.insert(0, job(2, "running", user_provided_suffix="unfinished"))
    found = fttui("models", "try", *arguments)
    assert (found.code, found.out) == (code, "")
    assert words in found.err
    assert not asked(service)


def test_a_checkpoint_finds_the_prompts_of_its_job(fttui: Fttui, service: Service) -> None:
    model = "ft:gpt-4.1-nano:acme:support-v4:9aaaaaaa:ckpt-step-90"
    service.checkpoints = {"ftjob-001": [{"id": "c", "step_number": 90, "fine_tuned_model_checkpoint": model}]}
    answers(service, says("x"))
    found = fttui("models", "try", model, "--limit", "1", "--jsonl")
    assert found.code == 0, found.err
    assert json.loads(found.out)["prompt"] == VALID[0]["messages"][:1]


def test_a_failed_answer_is_told_and_the_others_are_printed(fttui: Fttui, service: Service) -> None:
    answers(service, refuse(409, "support-v5 is training on the accelerator", "accelerator_in_use"), says("fine"))
    found = fttui("models", "try", "support-v4", "--limit", "2", "--jsonl")
    assert found.code == 1
    assert [json.loads(line)["answers"][0]["content"] for line in found.lines] == ["", "fine"]
    assert "support-v5 is training on the accelerator" in found.err
    answers(service, refuse(401))
    assert fttui("models", "try", TUNED, "--prompt", "x").code == 4
