"""Sample data in the package."""

import json
from importlib.resources import files

from fttui.models.auto_hyperparameters import epochs
from fttui.server.jobs.training_data import check


def read(name: str) -> list[dict]:
    text = files("fttui.server.trainers").joinpath("samples", name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_samples_are_valid_training_data() -> None:
    for name, param, least in (
        ("sample-train.jsonl", "training_file", 64),
        ("sample-valid.jsonl", "validation_file", 16),
    ):
        path = str(files("fttui.server.trainers").joinpath("samples", name))
        count = check(path, "supervised", param)
        assert count >= least
        assert len(read(name)) == count
    assert epochs(len(read("sample-train.jsonl"))) == 3


def test_answers_are_unique_and_end_with_a_suggestion() -> None:
    examples = read("sample-train.jsonl") + read("sample-valid.jsonl")
    answers = [
        message["content"] for example in examples for message in example["messages"] if message["role"] == "assistant"
    ]
    assert len(set(answers)) == len(answers)
    assert len({example["messages"][1]["content"] for example in examples}) == len(examples)
    for answer in answers:
        body, suggestion = answer.split("\n\n")
        assert suggestion.startswith("Try this: ")
        assert suggestion.endswith(".")
        assert 20 < len(body) < 260
