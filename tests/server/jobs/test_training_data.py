"""Verdict of the service on the data of a job: which errors it refuses, and the error of the job."""

import json
from pathlib import Path
from typing import Any

import pytest

from fttui.data.check import check_file
from fttui.server.jobs.training_data import BadData, check
from tests.data import example_files
from tests.server.conftest import GOOD, example, jsonl

USER = {"role": "user", "content": "Hello"}
ANSWER = {"role": "assistant", "content": "Hello"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
BARE_CALL = {"function": {"arguments": "{}"}}
IMAGE = {"type": "image_url", "image_url": {"url": "photo.gif"}}


def pair(**members: Any) -> dict[str, Any]:
    good = {"input": {"messages": [USER]}, "preferred_completion": [ANSWER], "non_preferred_completion": [ANSWER]}
    return {name: value for name, value in {**good, **members}.items() if value is not None}


def verdict(path: Path, method: str, param: str = "training_file") -> BadData | int:
    try:
        return check(str(path), method, param)
    except BadData as error:
        return error


def error_of(tmp_path: Path, line: Any, method: str = "supervised", param: str = "training_file") -> str:
    """Return the error of `line` as the third line of a valid file; empty for a valid line."""
    good = [json.dumps(pair() if method == "dpo" else example()).encode()] * 11
    third = line if isinstance(line, bytes) else json.dumps(line).encode()
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"\n".join([*good[:2], third, *good[2:]]) + b"\n")
    found = verdict(path, method, param)
    if isinstance(found, int):
        assert found == 12
        return ""
    assert (found.code, found.param) == ("invalid_file_format", param)
    start = f"Invalid file format. Line 3 of the {param.replace('_', ' ')}: "
    assert str(found).startswith(start)
    assert str(found).endswith(".")
    return str(found).removeprefix(start).removesuffix(".")


def test_valid_lines_are_accepted(tmp_path: Path) -> None:
    call = {"role": "assistant", "tool_calls": [CALL]}
    conversations = [
        [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}],
        [USER, call, {**USER, "role": "tool", "tool_call_id": "call_1"}],
        [{**USER, "name": "ann"}, {**ANSWER, "weight": 0}, USER, {**ANSWER, "weight": 1}],
        [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "assistant", "refusal": "No."}],
        [USER, {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}],
    ]
    for line in (example(), *({"messages": messages} for messages in conversations)):
        assert error_of(tmp_path, line) == ""
    guide = {"input": {"messages": [USER]}, "preferred_output": [ANSWER], "non_preferred_output": [ANSWER]}
    for line in (pair(), guide):
        assert error_of(tmp_path, line, "dpo") == ""


def test_errors_of_the_hosted_api_that_local_trainers_accept(tmp_path: Path) -> None:
    conversations = [
        [{**USER, "name": 5}, ANSWER],
        [{**USER, "content": []}, ANSWER],
        [{**USER, "content": [{"type": "video", "video": "a.mp4"}, IMAGE]}, ANSWER],
        [{**USER, "content": "half \ud83d a melon"}, ANSWER],
        [USER, {**ANSWER, "content": [IMAGE] * 11}],
        [USER, {**ANSWER, "tool_calls": []}],
        [USER, {"role": "assistant", "tool_calls": [BARE_CALL]}],
    ]
    lines = [{"messages": messages} for messages in conversations]
    lines += [example(tools=[{"type": "function"}], parallel_tool_calls=False), example(tools=[], functions={})]
    for line in lines:
        assert error_of(tmp_path, line) == ""
    assert error_of(tmp_path, pair(input={"messages": [USER], "functions": []}), "dpo") == ""


def test_bad_lines_are_refused_with_member_problem_and_value(tmp_path: Path) -> None:
    roles = "system, user, assistant, tool, function"
    for line, error in (
        (b"{not json", "the line is not JSON (Expecting property name enclosed in double quotes at column 2)"),
        (b"[1, 2]", "the line is JSON, but not an object ([1, 2])"),
        (b'{"messages": "\xff"}', "the line is not UTF-8 (byte 15 is 0xff)"),
        (b'{"messages": NaN}', "the line is not JSON (NaN is not a JSON number, at column 14)"),
        ({}, "messages: the array of messages is missing"),
        ({"messages": {}}, "messages: the array of messages is missing ({})"),
        ({"messages": []}, "messages: the array of messages is empty"),
        ({"messages": ["hi"]}, 'messages[0]: the message is not an object ("hi")'),
        ({"messages": [{"content": "hi"}]}, "messages[0]: the message has no role"),
        (
            {"messages": [USER, {**ANSWER, "role": "robot"}]},
            f'messages[1].role: the role is unknown ("robot"; known roles: {roles})',
        ),
        ({"messages": [USER, {"role": "assistant"}]}, "messages[1]: the message has no content"),
        ({"messages": [{"role": "user", "tool_calls": [CALL]}, ANSWER]}, "messages[0]: the message has no content"),
        (
            {"messages": [{**USER, "content": 4}, ANSWER]},
            "messages[0].content: the content is neither a string nor an array of parts (4)",
        ),
        ({"messages": [{**USER, "mood": "good"}, ANSWER]}, "messages[0].mood: the member is unknown"),
        ({"messages": [USER]}, "messages: no message is from the assistant, so the model learns nothing"),
        (
            {"messages": [{**USER, "weight": 1}, ANSWER]},
            "messages[0].weight: a weight is only allowed in assistant messages",
        ),
        ({"messages": [USER, {**ANSWER, "weight": 2}]}, "messages[1].weight: the weight is neither 0 nor 1 (2)"),
        (example(weight=1), "weight: a weight is only allowed in assistant messages"),
        (example(extra=1), "extra: the member is unknown"),
        (
            {"messages": [USER, {**ANSWER, "tool_calls": [{"function": {"arguments": "{"}}]}]},
            'messages[1].tool_calls[0].function.arguments: the arguments are not JSON text ("{")',
        ),
        (
            {"messages": [USER, ANSWER, {"role": "tool", "content": "x", "tool_call_id": []}]},
            "messages[2].tool_call_id: the tool message answers no earlier call ([])",
        ),
        (
            {"prompt": "a", "completion": "b"},
            "the example is for a different method (found completions, expected chat)",
        ),
    ):
        assert error_of(tmp_path, line) == error
        assert error_of(tmp_path, line, param="validation_file") == error
    assert error_of(tmp_path, b"[" * 100_000).startswith("the line is not JSON (")


def test_bad_dpo_lines_are_refused(tmp_path: Path) -> None:
    one_message = "the answer is missing, or not an array of exactly one message"
    for line, error in (
        (pair(non_preferred_completion=None), f"non_preferred_completion: {one_message}"),
        (
            pair(preferred_completion=[USER]),
            'preferred_completion[0].role: the message is not from the assistant ("user")',
        ),
        (pair(input=None), "input: the input is missing or not an object"),
        (pair(input={"messages": []}), "input.messages: the array of messages is empty"),
        (example(), "the example is for a different method (found chat, expected dpo)"),
    ):
        assert error_of(tmp_path, line, "dpo") == error
    assert one_message in error_of(tmp_path, pair(preferred_completion=[ANSWER, ANSWER]), "dpo")


def test_service_refuses_every_other_error_of_the_check_and_nothing_else(tmp_path: Path) -> None:
    accepted = {"bad_tools", "many_functions", "bad_name", "not_text"}
    accepted |= {"image_format", "image_colours", "image_size", "bad_image", "many_images", "image_in_answer"}
    path = tmp_path / "train.jsonl"
    for broken in example_files.BROKEN_FILES:
        if broken.kind not in ("chat", "tools", "images", "dpo"):
            continue
        method = example_files.KINDS[broken.kind][1]
        path.write_bytes(example_files.content(broken))
        groups = check_file(str(path), method=method, provider="local").groups
        errors = {group.code for group in groups if group.level == "error"}
        is_accepted = errors <= accepted or broken.member.endswith((".id", ".type", ".name", "input.functions"))
        found = verdict(path, method)
        if isinstance(found, int):
            assert is_accepted or broken.code == "bad_content", broken
        else:
            assert not is_accepted, broken
            assert found.code == ("invalid_n_examples" if errors & {"empty_file", "too_few"} else "invalid_file_format")


def test_too_few_examples_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "few.jsonl"
    path.write_bytes(jsonl([example()] * 3))
    with pytest.raises(BadData) as caught:
        check(str(path), "supervised", "training_file")
    assert caught.value.code == "invalid_n_examples"
    assert str(caught.value) == "Training file has 3 example(s), but must have at least 10 examples"
    assert check(str(path), "supervised", "validation_file") == 3
    for empty in (b"", b"\n \n"):
        path.write_bytes(empty)
        with pytest.raises(BadData, match="Validation file has 0 example"):
            check(str(path), "supervised", "validation_file")


def test_blank_lines_and_byte_order_mark_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n\n"))
    assert check(str(path), "supervised", "training_file") == 12


def test_file_in_a_different_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(json.dumps([example()] * 12).encode())
    with pytest.raises(BadData) as caught:
        check(str(path), "supervised", "training_file")
    assert str(caught.value) == "Invalid file format. The training file: the file is one JSON array."


def test_check_ends_early_when_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(GOOD * 1000)
    assert check(str(path), "supervised", "training_file", lambda: True) < 12_000
