"""Check of a grader: its members, and the members of the examples that it uses."""

import json
from pathlib import Path
from typing import Any

from fttui.data.check import check_file
from fttui.data.grader import grader_errors, item_members
from tests.data import example_files

STRING = {
    "type": "string_check",
    "name": "same",
    "input": "{{sample.output_text}}",
    "reference": "{{ item.answer }}",
    "operation": "eq",
}
SIMILAR = {
    "type": "text_similarity",
    "name": "near",
    "input": "{{sample.output_text}}",
    "reference": "{{item.difficulty.digits}}",
    "evaluation_metric": "rouge_l",
}
MULTI = {"type": "multi", "name": "both", "graders": {"a": STRING, "b": SIMILAR}, "calculate_output": "a + b"}


def test_valid_graders_have_no_errors() -> None:
    for grader in (
        STRING,
        SIMILAR,
        {"type": "python", "name": "p", "source": "def grade(sample, item): return 1"},
        {"type": "score_model", "name": "s", "model": "m", "input": [{"role": "user", "content": "{{item.answer}}"}]},
        MULTI,
        {**MULTI, "graders": [STRING]},
        {**MULTI, "graders": STRING},
    ):
        assert list(grader_errors(grader)) == []


def test_errors_name_the_member() -> None:
    graders: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "grader.type"),
        ({"type": "label_model"}, "grader.type"),
        ({"type": ["python"]}, "grader.type"),
        ({**STRING, "operation": "is"}, "grader.operation"),
        ({**STRING, "operation": ["eq"]}, "grader.operation"),
        ({**STRING, "reference": None}, "grader.reference"),
        ({**SIMILAR, "evaluation_metric": "rouge_6"}, "grader.evaluation_metric"),
        ({**MULTI, "graders": [STRING, 5]}, "grader.graders[1]"),
        ({**MULTI, "graders": {"a": {**STRING, "name": ""}}}, "grader.graders.a.name"),
    )
    for grader, member in graders:
        assert [place for place, _ in grader_errors(grader)] == [member]


def test_function_is_a_grader_only_where_the_provider_has_functions() -> None:
    grader: dict[str, Any] = {"type": "lambda", "lambda": {"function": "arn:aws:lambda:x"}}
    assert list(grader_errors(grader, functions=True)) == []
    assert [place for place, _ in grader_errors(grader)] == ["grader.type"]
    for broken, member in (
        ({"type": "lambda"}, "grader.lambda"),
        ({**grader, "lambda": {"x": 1}}, "grader.lambda.function"),
    ):
        assert [place for place, _ in grader_errors(broken, functions=True)] == [member]


def test_members_that_the_templates_use() -> None:
    assert item_members(MULTI) == {"answer", "difficulty"}
    assert item_members({"type": "python", "source": "item['x']"}) == set()


def test_example_without_a_member_that_the_grader_uses(tmp_path: Path) -> None:
    examples = [example_files.reinforcement(index) for index in range(1, 13)]
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(example) + "\n" for example in examples))
    assert check_file(str(path), method="reinforcement", grader=MULTI).groups == ()
    found = check_file(str(path), method="supervised", grader={}).groups
    assert "bad_grader" not in {group.code for group in found}, "a supervised job has no grader"
    del examples[4]["answer"]
    path.write_text("".join(json.dumps(example) + "\n" for example in examples))
    [group] = check_file(str(path), method="reinforcement", grader=MULTI).groups
    assert (group.code, group.level, group.total) == ("no_graded_member", "error", 1)
    assert (group.first[0].line, group.first[0].member) == (5, "answer")
    [group] = check_file(str(path), method="reinforcement", grader={**SIMILAR, "input": None}).groups[:1]
    assert (group.code, group.first[0].member) == ("bad_grader", "grader.input")
