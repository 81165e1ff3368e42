"""The sample data in the package."""

import json
from importlib.resources import files

from fttui.models.auto_hyperparameters import epochs
from fttui.server.jobs.training_data import check


def read(name: str) -> list[dict]:
    text = files("fttui.server.trainers").joinpath("samples", name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_the_samples_pass_the_services_own_check() -> None:
    for name, param, least in (
        ("sample-train.jsonl", "training_file", 64),
        ("sample-valid.jsonl", "validation_file", 16),
    ):
        path = str(files("fttui.server.trainers").joinpath("samples", name))
        count = check(path, "supervised", param)
        assert count >= least
        assert len(read(name)) == count
    assert epochs(len(read("sample-train.jsonl"))) == 3


def test_every_answer_has_the_habit_and_no_two_are_the_same() -> None:
    examples = read("sample-train.jsonl") + read("sample-valid.jsonl")
    answers = [
        message["content"] for example in examples for message in example["messages"] if message["role"] == "assistant"
    ]
    assert len(set(answers)) == len(answers)
    assert len({example["messages"][1]["content"] for example in examples}) == len(examples)
    for answer in answers:
        body, habit = answer.split("\n\n")
        assert habit.startswith("Try this: ")
        assert habit.endswith(".")
        assert 20 < len(body) < 260
