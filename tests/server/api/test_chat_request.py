"""Validation of requests for chat completions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fttui.server.api.chat_request import DEFAULT_TOKENS, ChatRequest, chat_request
from fttui.server.api.errors import RequestError

BODY = {"model": "base-1", "messages": [{"role": "user", "content": "Hello"}]}
TOOL = {"type": "function", "function": {"name": "track", "parameters": {"type": "object"}}}


def parsed(**members: Any) -> ChatRequest:
    return chat_request({**BODY, **members})


def test_missing_members_get_the_defaults_of_the_api() -> None:
    asked = parsed()
    assert asked == ChatRequest("base-1", BODY["messages"], None, DEFAULT_TOKENS, 1.0, 1.0, None, (), False, False)  # type: ignore[arg-type]
    names = ("max_tokens", "max_completion_tokens", "tools", "temperature", "top_p", "seed", "stop", "n", "stream")
    assert parsed(**dict.fromkeys((*names, "stream_options"))) == asked


def test_every_member_is_taken() -> None:
    asked = parsed(
        max_completion_tokens=5.0, temperature=0, top_p=0.5, seed=-3, stop="END", n=1, stream=True, stream_options={}
    )
    assert asked[3:] == (5, 0.0, 0.5, -3, ("END",), True, False)
    assert parsed(max_tokens=7, stop=["a", "b"]).stop == ("a", "b")
    assert parsed(stream=True, stream_options={"include_usage": True}).with_usage
    assert parsed(tools=[TOOL]).tools == [TOOL]


def test_messages_of_every_role_are_taken() -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello"}], "name": "Ada"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {}}]},
        {"role": "tool", "content": "12", "tool_call_id": "1"},
    ]
    assert parsed(messages=messages).messages == messages


@pytest.mark.parametrize(
    ("members", "param", "code"),
    [
        ({"tools": []}, "tools", "empty_array"),
        ({"tools": {}}, "tools", "invalid_type"),
        ({"tools": [TOOL] * 129}, "tools", "array_above_max_length"),
        ({"tools": [3]}, "tools[0]", "invalid_type"),
        ({"tools": [TOOL, {"type": "web_search"}]}, "tools[1].type", "unsupported_value"),
        ({"tools": [{"type": "function"}]}, "tools[0].function", "invalid_type"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name", "invalid_type"),
        ({"tools": [{"type": "function", "function": {"name": "\ud800"}}]}, "tools", "invalid_value"),
        ({"logprobs": None}, "logprobs", "unknown_parameter"),
        ({"model": None}, "model", "missing_required_parameter"),
        ({"messages": None}, "messages", "missing_required_parameter"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": {}}, "messages", "invalid_type"),
        ({"messages": ["x"]}, "messages[0]", "invalid_type"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "missing_required_parameter"),
        ({"messages": [{"role": [], "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "missing_required_parameter"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content", "invalid_type"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content[0].type",
            "unsupported_value",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
            "invalid_type",
        ),
        ({"messages": [{"role": "user", "content": "x", "weight": 0}]}, "messages[0].weight", "unknown_parameter"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "messages", "invalid_value"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"max_tokens": 10**400}, "max_tokens", "invalid_value"),
        ({"max_completion_tokens": "5"}, "max_completion_tokens", "invalid_type"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens", "invalid_value"),
        ({"temperature": 2.1}, "temperature", "invalid_value"),
        ({"temperature": float("nan")}, "temperature", "invalid_value"),
        ({"top_p": True}, "top_p", "invalid_type"),
        ({"seed": 10**30}, "seed", "invalid_value"),
        ({"stop": ["a"] * 5}, "stop", "invalid_value"),
        ({"stop": ""}, "stop", "invalid_value"),
        ({"stop": [1]}, "stop", "invalid_type"),
        ({"n": 2}, "n", "unsupported_value"),
        ({"stream": 1}, "stream", "invalid_type"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "invalid_value"),
        ({"stream": True, "stream_options": {"x": 1}}, "stream_options.x", "unknown_parameter"),
        ({"stream": True, "stream_options": {"include_usage": 1}}, "stream_options.include_usage", "invalid_type"),
    ],
)
def test_a_refusal_names_the_member(members: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        parsed(**members)
    assert (caught.value.status, caught.value.param, caught.value.code) == (400, param, code)


values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(name=some.sampled_from(["messages", "stop", "n", "seed", "stream_options", "top_p", "model"]), value=values)
def test_any_value_is_taken_or_refused(name: str, value: Any) -> None:
    refusal = None
    try:
        chat_request({**BODY, "stream": True, name: value})
    except RequestError as error:
        refusal = error
    assert refusal is None or (refusal.status == 400 and refusal.param)
