"""Samples of the built-in trainer: which prompts, how much of a run's time, equal numbers after an interruption."""

import json
from pathlib import Path

import pytest

from fttui.server.trainers.tiny import train
from fttui.server.trainers.tiny.samples import FORWARD, OF_ANSWER, OF_STEP, SHARE, Plan, plan, read_prompts
from tests.server.conftest import example, jsonl
from tests.server.trainers.test_tiny_trainer import data, pairs, progress_of, run_training, write_job


def write(path: Path, examples: list[dict]) -> str:
    path.write_bytes(jsonl(examples))
    return str(path)


def test_prompts_are_the_first_examples_up_to_their_last_answer(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    examples = [
        {"messages": [{"role": "user", "content": "no answer"}]},
        {
            "messages": [
                {"role": "user", "content": "one"},
                {"role": "assistant", "content": "1"},
                {"role": "user", "content": [{"type": "text", "text": "two"}]},
                {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "content": "left out"},
            ]
        },
        *[example(f"{number}") for number in range(9)],
    ]
    found = read_prompts(write(tmp_path / "x.jsonl", examples), "supervised")
    assert len(found) == 5
    assert found[0].messages == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "two"},
    ]
    assert json.loads(found[0].expected) == [call]
    assert [prompt.expected for prompt in found[1:]] == ["0", "1", "2", "3"]


def test_prompts_of_pairs_expect_the_preferred_answer(tmp_path: Path) -> None:
    found = read_prompts(str(tmp_path / pairs(tmp_path)), "dpo")
    assert [(prompt.messages, prompt.expected) for prompt in found[:2]] == [
        ([{"role": "user", "content": "Question 0"}], "Gladly."),
        ([{"role": "user", "content": "Question 1"}], "Gladly."),
    ]


def test_long_prompt_is_cut_in_the_line_and_read_whole(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": f"{number}" + "x" * 9000} for number in range(30)]
    messages.append({"role": "assistant", "content": "y" * 9000})
    (prompt,) = read_prompts(write(tmp_path / "x.jsonl", [{"messages": messages}]), "supervised")
    assert [len(message["content"]) for message in prompt.messages] == [4000] * 20
    assert len(prompt.expected) == 4000
    assert len(prompt.tokens) > 30 * 9000


@pytest.mark.parametrize("work", [100, 2_000, 5_000, 20_000, 100_000, 10**9])
@pytest.mark.parametrize("checkpoints", [1, 3, 50])
@pytest.mark.parametrize("lengths", [[128] * 5, [10, 128, 30], []])
def test_plan_takes_at_most_its_share_of_the_run(work: int, checkpoints: int, lengths: list[int]) -> None:
    found = plan(work, checkpoints, lengths)
    if found is None:
        assert work <= 20_000 or not lengths
        return
    points = checkpoints + 1 if found.everywhere else 2
    once = FORWARD * sum(lengths[: found.prompts]) + found.max_tokens * (OF_STEP + OF_ANSWER * found.prompts)
    assert points * once <= SHARE * work
    assert 16 <= found.max_tokens <= 64


def test_longer_run_has_longer_answers_then_more_prompts_then_answers_everywhere() -> None:
    plans = [plan(work, 3, [128] * 5) for work in (1_000, 10_000, 20_000, 60_000, 10**6)]
    assert plans == [None, Plan(1, 28, False), Plan(1, 28, True), Plan(5, 21, True), Plan(5, 64, True)]


def long_run(directory: Path, **members: object) -> train.RunSettings:
    """Return the settings of a run that has the time for samples."""
    answers = ["A rather long answer, which takes its time.", "Another one, as long as the first."]
    return write_job(directory, training_file=data(directory, "long.jsonl", 60, answers), **members)


def test_samples_come_before_the_first_step_and_before_each_checkpoint(tmp_path: Path) -> None:
    settings = long_run(tmp_path)._replace(batch_size=6)
    lines = run_training(tmp_path, settings)
    places = [index for index, line in enumerate(lines) if line["type"] == "samples"]
    assert [lines[index]["step"] for index in places] == [0, 10, 20, 30, 40]
    assert lines[0]["step"] == 0
    assert places[0] == 1
    assert [lines[index + 1]["type"] for index in places[1:]] == ["checkpoint"] * 4
    for index in places:
        for sample in lines[index]["samples"]:
            assert sample.keys() == {"prompt", "expected", "answer", "finish_reason"}
            assert sample["prompt"][-1]["role"] == "user"
    assert lines[places[0]]["samples"] != lines[places[-1]]["samples"]
    prompts = [[sample["prompt"] for sample in lines[index]["samples"]] for index in places]
    assert all(prompt == prompts[0] for prompt in prompts)
    expected = [sample["expected"] for sample in lines[places[0]]["samples"]]
    assert (
        expected
        == [f"{answer} {number}" for number, answer in enumerate(["Yes.", "No.", "Maybe so."])][: len(expected)]
    )


def test_run_without_validation_data_answers_prompts_of_the_training_data(tmp_path: Path) -> None:
    lines = run_training(tmp_path, long_run(tmp_path, validation_file=None)._replace(batch_size=6))
    assert (lines[0]["type"], lines[0]["step"]) == ("samples", 0)
    assert lines[0]["samples"][0]["expected"] == "A rather long answer, which takes its time. 0"


def test_interrupted_run_writes_equal_samples(tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for directory in (whole, broken):
        directory.mkdir()
    settings = [long_run(directory)._replace(batch_size=6) for directory in (whole, broken)]
    expected = {line["step"]: line for line in run_training(whole, settings[0]) if line["type"] == "samples"}
    for allowed in (0, 14, 15, 9):
        calls = 0

        def check_stop(allowed: int = allowed) -> None:
            nonlocal calls
            calls += 1
            if calls > allowed:
                raise Interrupted

        with pytest.raises(Interrupted):
            run_training(broken, settings[1], check_stop=check_stop)
        if allowed == 14:
            (broken / "state.bin").unlink()  # the run begins again
    run_training(broken, settings[1])
    found = [line for line in progress_of(broken) if line["type"] == "samples"]
    assert len(found) > len(expected), "a run that begins again repeats them"
    assert all(line == expected[line["step"]] for line in found)
    assert {line["step"] for line in found} == expected.keys()
