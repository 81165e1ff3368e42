"""Validation of requests for chat completions."""

import json
from typing import Any, NamedTuple

from fttui.server.api.body_members import checked_unicode, object_member, text_member, whole, wrong_type
from fttui.server.api.errors import invalid, missing

DEFAULT_TOKENS = 1024
"""Longest answer to a request without a length, in tokens."""
MOST_TOKENS = 1 << 20
MOST_TOOLS = 128
MOST_STOPS = 4
LONGEST_STOP = 1000
LARGEST_SEED = (1 << 63) - 1

_MEMBERS = frozenset(
    [
        "model",
        "messages",
        "tools",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "seed",
        "stop",
        "n",
        "stream",
        "stream_options",
    ]
)
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_MESSAGE_MEMBERS = frozenset(["role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal"])


class ChatRequest(NamedTuple):
    """Validated request for a chat completion."""

    model: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] | None
    max_tokens: int
    temperature: float
    top_p: float
    seed: int | None
    stop: tuple[str, ...]
    streams: bool
    with_usage: bool
    """End a stream with the numbers of tokens."""


def chat_request(body: object) -> ChatRequest:
    """Return the request in a decoded body.

    Raises:
        RequestError: 400 with the member and the reason.
    """
    if not isinstance(body, dict):
        raise invalid(None, "The body of the request is not a JSON object.", None)
    for name in body:
        if name not in _MEMBERS:
            raise invalid(name, f"This service does not know the parameter '{name}'.", "unknown_parameter")
    model = text_member(body, "model", required=True)
    assert model is not None
    if (count := body.get("n")) is not None and whole(count, "n") != 1:
        raise invalid("n", "Invalid 'n': this service gives one answer to a request.", "unsupported_value")
    streams = _boolean(body, "stream", "stream")
    return ChatRequest(
        model=model,
        messages=_messages(body),
        tools=_tools(body),
        max_tokens=_max_tokens(body),
        temperature=_number(body, "temperature", 2),
        top_p=_number(body, "top_p", 1),
        seed=_seed(body),
        stop=_stop(body.get("stop")),
        streams=streams,
        with_usage=_with_usage(body, streams),
    )


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    messages = body.get("messages")
    if messages is None:
        raise missing("messages")
    if not isinstance(messages, list):
        raise wrong_type("messages", "an array of objects", messages)
    if not messages:
        raise invalid("messages", "Invalid 'messages': it is empty.", "empty_array")
    for number, message in enumerate(messages):
        _check_message(message, f"messages[{number}]")
    checked_unicode(json.dumps(messages, ensure_ascii=False), "messages")
    return messages


def _tools(body: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the functions that the prompt describes, as in training data. The answer calls them in its text."""
    tools = body.get("tools")
    if tools is None:
        return None
    if not isinstance(tools, list):
        raise wrong_type("tools", "an array of objects", tools)
    if not 1 <= len(tools) <= MOST_TOOLS:
        code = "array_above_max_length" if tools else "empty_array"
        raise invalid("tools", f"Invalid 'tools': give 1 to {MOST_TOOLS} tools, or leave it out.", code)
    for number, tool in enumerate(tools):
        where = f"tools[{number}]"
        if not isinstance(tool, dict):
            raise wrong_type(where, "an object", tool)
        if tool.get("type") != "function":
            raise invalid(f"{where}.type", f"Invalid '{where}.type': only functions are known.", "unsupported_value")
        function = tool.get("function")
        if not isinstance(function, dict):
            raise wrong_type(f"{where}.function", "an object", function)
        if not isinstance(function.get("name"), str):
            raise wrong_type(f"{where}.function.name", "a string", function.get("name"))
    checked_unicode(json.dumps(tools, ensure_ascii=False), "tools")
    return tools


def _check_message(message: object, where: str) -> None:
    if not isinstance(message, dict):
        raise wrong_type(where, "an object", message)
    for name in message:
        if name not in _MESSAGE_MEMBERS:
            raise invalid(f"{where}.{name}", f"Unknown parameter: '{where}.{name}'.", "unknown_parameter")
    role = message.get("role")
    if role is None:
        raise missing(f"{where}.role")
    if role not in _ROLES:
        raise invalid(f"{where}.role", f"Invalid '{where}.role': it is not one of {', '.join(_ROLES)}.")
    for name in ("name", "tool_call_id", "refusal"):
        value = message.get(name)
        if value is not None and not isinstance(value, str):
            raise wrong_type(f"{where}.{name}", "a string", value)
    calls, call = message.get("tool_calls"), message.get("function_call")
    if calls is not None and not (isinstance(calls, list) and all(isinstance(each, dict) for each in calls)):
        raise wrong_type(f"{where}.tool_calls", "an array of objects", calls)
    if call is not None and not isinstance(call, dict):
        raise wrong_type(f"{where}.function_call", "an object", call)
    _check_content(message.get("content"), f"{where}.content", may_lack=role == "assistant")


def _check_content(content: object, where: str, *, may_lack: bool) -> None:
    if content is None:
        if not may_lack:
            raise missing(where)
        return
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise wrong_type(where, "a string or an array of objects", content)
    for number, part in enumerate(content):
        if not isinstance(part, dict):
            raise wrong_type(f"{where}[{number}]", "an object", part)
        kind = part.get("type")
        if kind not in ("text", "refusal"):
            param = f"{where}[{number}].type"
            raise invalid(param, f"Invalid '{param}': this service reads text only.", "unsupported_value")
        if not isinstance(part.get(kind), str):
            raise wrong_type(f"{where}[{number}].{kind}", "a string", part.get(kind))


def _max_tokens(body: dict[str, Any]) -> int:
    given = {name: value for name in ("max_tokens", "max_completion_tokens") if (value := body.get(name)) is not None}
    if len(given) == 2:
        message = "Give 'max_tokens' or 'max_completion_tokens', not both."
        raise invalid("max_tokens", message)
    for name, value in given.items():
        number = whole(value, name)
        if not 1 <= number <= MOST_TOKENS:
            raise invalid(name, f"Invalid '{name}': it is not within 1 to {MOST_TOKENS}.")
        return number
    return DEFAULT_TOKENS


def _number(body: dict[str, Any], name: str, most: int) -> float:
    value = body.get(name)
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(name, "a number", value)
    if not 0 <= value <= most:
        raise invalid(name, f"Invalid '{name}': it is not within 0 to {most}.")
    return float(value)


def _seed(body: dict[str, Any]) -> int | None:
    if (seed := body.get("seed")) is None:
        return None
    number = whole(seed, "seed")
    if not -LARGEST_SEED <= number <= LARGEST_SEED:
        raise invalid("seed", f"Invalid 'seed': it is not within {-LARGEST_SEED} to {LARGEST_SEED}.")
    return number


def _stop(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise wrong_type("stop", "a string or an array of strings", value)
    if len(texts) > MOST_STOPS or any(not 1 <= len(text) <= LONGEST_STOP for text in texts):
        raise invalid("stop", f"Invalid 'stop': give at most {MOST_STOPS} texts of 1 to {LONGEST_STOP} characters.")
    return tuple(checked_unicode(text, "stop") for text in texts)


def _with_usage(body: dict[str, Any], streams: bool) -> bool:
    options = object_member(body, "stream_options", "stream_options")
    if options and not streams:
        raise invalid("stream_options", "Invalid 'stream_options': it needs 'stream': true.")
    for name in options:
        if name != "include_usage":
            param = f"stream_options.{name}"
            raise invalid(param, f"Unknown parameter: '{param}'.", "unknown_parameter")
    return _boolean(options, "include_usage", "stream_options.include_usage")


def _boolean(parent: dict[str, Any], name: str, param: str) -> bool:
    value = parent.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise wrong_type(param, "a boolean", value)
