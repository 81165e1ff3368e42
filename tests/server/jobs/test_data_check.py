"""What is said about bad training data."""

import json
from pathlib import Path
from typing import Any

import pytest

from fttui.server.jobs.data_check import BadData, check
from tests.server.conftest import GOOD, example, jsonl

USER = {"role": "user", "content": "Hello"}
ANSWER = {"role": "assistant", "content": "Hello"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}


def pair(**members: Any) -> dict[str, Any]:
    good = {"input": {"messages": [USER]}, "preferred_completion": [ANSWER], "non_preferred_completion": [ANSWER]}
    return {name: value for name, value in {**good, **members}.items() if value is not None}


def checked(tmp_path: Path, line: Any, method: str = "supervised", param: str = "training_file") -> str:
    """What is wrong with `line` when it is the third of a good file; empty when nothing is."""
    good = [json.dumps(pair() if method == "dpo" else example()).encode()] * 11
    bad = line if isinstance(line, bytes) else json.dumps(line).encode()
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"\n".join([*good[:2], bad, *good[2:]]) + b"\n")
    try:
        count = check(str(path), method, param)
    except BadData as error:
        found = error
    else:
        assert count == 12
        return ""
    assert (found.code, found.param) == ("invalid_file_format", param)
    assert "Line 3 of the " + param.replace("_", " ") in str(found)
    return str(found)


@pytest.mark.parametrize(
    "line",
    [
        example(),
        example(tools=[{"type": "function"}], parallel_tool_calls=False),
        {"messages": [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}]},
        {
            "messages": [
                USER,
                {"role": "assistant", "tool_calls": [CALL]},
                {**USER, "role": "tool", "tool_call_id": "call_1"},
            ]
        },
        {"messages": [{**USER, "name": "ann"}, {**ANSWER, "weight": 0}, USER, {**ANSWER, "weight": 1}]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
                {"role": "assistant", "refusal": "No."},
            ]
        },
        {"messages": [USER, {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}]},
    ],
)
def test_good_lines(tmp_path: Path, line: Any) -> None:
    assert checked(tmp_path, line) == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{not json", "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"messages": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "JSON"),
        ({}, "messages is missing"),
        ({"messages": {}}, "messages is not an array"),
        ({"messages": []}, "messages is empty"),
        ({"messages": ["hi"]}, "message 1 is not an object"),
        ({"messages": [{"content": "hi"}]}, "message 1 has no role"),
        ({"messages": [USER, {"role": "robot", "content": "hi"}]}, 'message 2 has the role "robot"'),
        ({"messages": [{"role": "developer", "content": "hi"}, ANSWER]}, 'the role "developer"'),
        ({"messages": [USER, {"role": "assistant"}]}, "message 2 has no content"),
        ({"messages": [{"role": "user", "tool_calls": [CALL]}, ANSWER]}, "message 1 has no content"),
        ({"messages": [{"role": "user", "content": 4}, ANSWER]}, "neither text nor an array"),
        ({"messages": [{**USER, "mood": "good"}, ANSWER]}, '"mood"'),
        ({"messages": [USER]}, "no message is from the assistant"),
        ({"messages": [{**USER, "weight": 1}, ANSWER]}, "only assistant messages"),
        ({"messages": [USER, {**ANSWER, "weight": 2}]}, "the weight 2, not 0 or 1"),
        (example(weight=1), "weight; it belongs to assistant messages"),
        (example(extra=1), '"extra"'),
        ({"messages": [USER, {**ANSWER, "tool_calls": [{"function": {"arguments": "{"}}]}]}, "not JSON text"),
        ({"messages": [USER, ANSWER, {"role": "tool", "content": "x", "tool_call_id": "no"}]}, "answers no tool call"),
        ({"prompt": "a", "completion": "b"}, "this one needs messages"),
    ],
)
def test_bad_lines(tmp_path: Path, line: Any, words: str) -> None:
    assert words in checked(tmp_path, line)
    assert words in checked(tmp_path, line, param="validation_file")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (pair(), ""),
        (pair(non_preferred_completion=None), "non_preferred_completion is missing"),
        (pair(preferred_completion=[ANSWER, ANSWER]), "exactly one message"),
        (pair(preferred_completion=[USER]), "not from the assistant"),
        (pair(input=None), "input is missing"),
        (pair(input={"messages": []}), "input.messages is empty"),
        (pair(input=[]), "input is not an object"),
        (example(), "input is missing, and dpo needs it"),
    ],
)
def test_dpo_lines(tmp_path: Path, line: Any, words: str) -> None:
    found = checked(tmp_path, line, "dpo")
    assert words in found
    assert bool(found) == bool(words)


def test_too_few_examples(tmp_path: Path) -> None:
    path = tmp_path / "few.jsonl"
    path.write_bytes(jsonl([example()] * 3))
    with pytest.raises(BadData) as caught:
        check(str(path), "supervised", "training_file")
    assert caught.value.code == "invalid_n_examples"
    assert str(caught.value) == "Training file has 3 example(s), but must have at least 10 examples"
    assert check(str(path), "supervised", "validation_file") == 3
    path.write_bytes(b"")
    with pytest.raises(BadData, match="Validation file has 0"):
        check(str(path), "supervised", "validation_file")


def test_blank_lines_and_a_byte_order_mark_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n\n"))
    assert check(str(path), "supervised", "training_file") == 12


def test_dpo_lines_may_have_the_names_of_the_guide(tmp_path: Path) -> None:
    named = {"input": {"messages": [USER]}, "preferred_output": [ANSWER], "non_preferred_output": [ANSWER]}
    assert checked(tmp_path, named, "dpo") == ""
    del named["non_preferred_output"]
    assert "non_preferred_completion is missing" in checked(tmp_path, named, "dpo")
