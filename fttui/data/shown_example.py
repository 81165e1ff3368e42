"""One example of training data as it is learned: who says what, and which parts the model learns. Pure."""

import json
from typing import Any, NamedTuple

from fttui.models.preference import by_api
from fttui.text import clean

_LONGEST = 20_000
"""Characters of a part that are shown."""


class Part(NamedTuple):
    """One message or member of an example. The text is clean."""

    name: str
    text: str
    is_learned: bool = False


def parts_of(example: dict[str, Any]) -> list[Part]:
    """Return the parts of an example of any kind, in their order. Parts of a wrong type are shown as JSON."""
    example = by_api(example)
    if "messages" in example:
        parts = _messages(example["messages"])
    elif "preferred_completion" in example or "non_preferred_completion" in example:
        given = example.get("input")
        parts = _messages(given.get("messages") if isinstance(given, dict) else given)
        parts += _answers(example.get("preferred_completion"), "preferred", is_learned=True)
        parts += _answers(example.get("non_preferred_completion"), "rejected")
    else:
        return [Part(_name(name), _text(value), name == "completion") for name, value in example.items()]
    known = {"messages", "input", "preferred_completion", "non_preferred_completion"}
    rest = [Part(_name(name), _text(value)) for name, value in example.items() if name not in known]
    return parts + rest


def message_text(message: dict[str, Any]) -> str:
    """Return what one message says, and the functions that it calls. The text is clean."""
    return _content(message)


def _messages(messages: object) -> list[Part]:
    if not isinstance(messages, list):
        return [Part("messages", _text(messages))]
    return [_message(message) for message in messages]


def _message(message: object) -> Part:
    if not isinstance(message, dict):
        return Part("?", _text(message))
    role = message.get("role")
    is_learned = role == "assistant" and message.get("weight", 1) != 0
    return Part(_name(role if isinstance(role, str) else "?"), _content(message), is_learned)


def _answers(messages: object, name: str, *, is_learned: bool = False) -> list[Part]:
    found = messages if isinstance(messages, list) else [messages]
    return [
        Part(name, _content(message) if isinstance(message, dict) else _text(message), is_learned) for message in found
    ]


def _content(message: dict[str, Any]) -> str:
    """Return what a message says, and the functions that it calls."""
    content, texts = message.get("content"), []
    if isinstance(content, list):
        texts += [_part(part) for part in content]
    elif content is not None:
        texts.append(_text(content))
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            texts.append(f"calls {_text(function.get('name'))}({_text(function.get('arguments'))})")
    return "\n".join(texts)


def _part(part: object) -> str:
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return _text(part["text"])
    return "[image]" if isinstance(part, dict) and "image_url" in part else _text(part)


def _name(name: str) -> str:
    return " ".join(clean(name[:40]).split())


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return clean(text[:_LONGEST])
