"""Conversations in OpenAI's format, as chat templates expect them. Standard library only."""

import json
from typing import Any

from fttui.server.trainers.hf.refusal import Refusal

Message = dict[str, Any]


def messages_of(given: list[Message], line: int | None = None, param: str = "training_file") -> list[Message]:
    """Return messages for a chat template: texts, `system` for `developer`, arguments of calls as objects.

    Raises:
        Refusal: a message has content that a language model cannot read.
    """
    return [_message(message, line, param) for message in given]


def tools_of(example: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the tools of an example; functions of the older format become tools."""
    if example.get("tools"):
        return list(example["tools"])
    functions = example.get("functions")
    return [{"type": "function", "function": function} for function in functions] if functions else None


def fold_system(messages: list[Message]) -> list[Message]:
    """Return the messages with system messages put before the next user message, for templates that know no system."""
    folded: list[Message] = []
    waiting = ""
    for message in messages:
        if message["role"] == "system":
            waiting += message["content"] + "\n\n"
        elif waiting and message["role"] == "user":
            folded.append({**message, "content": waiting + message["content"]})
            waiting = ""
        else:
            folded.append(message)
    return folded if not waiting else [*folded, {"role": "user", "content": waiting.strip()}]


def prompt_and_answer(example: dict[str, Any], method: str) -> tuple[list[Message], str]:
    """Return the messages before the last answer of an example, and the text of this answer (the preferred one)."""
    if method == "dpo":
        preferred = example.get("preferred_completion") or [{}]
        return list(example.get("input", {}).get("messages", [])), _text(preferred[-1], None, "")
    messages = example.get("messages", [])
    answers = [index for index, message in enumerate(messages) if message.get("role") == "assistant"]
    last = answers[-1] if answers else len(messages)
    return list(messages[:last]), _text(messages[last], None, "") if answers else ""


def _message(given: Message, line: int | None, param: str) -> Message:
    role = given.get("role")
    if role not in ("system", "developer", "user", "assistant", "tool", "function"):
        raise _refusal(line, param, f"unknown role {role!r}")
    message: Message = {
        "role": {"developer": "system", "function": "tool"}.get(role, role),
        "content": _text(given, line, param),
    }
    for name in ("name", "tool_call_id"):
        if given.get(name):
            message[name] = given[name]
    calls = list(given.get("tool_calls") or ())
    if given.get("function_call"):
        calls.append({"type": "function", "function": given["function_call"]})
    if calls:
        message["tool_calls"] = [_call(call) for call in calls]
    return message


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = dict(call.get("function") or {})
    if isinstance(function.get("arguments"), str):
        try:
            arguments = json.loads(function["arguments"])
        except ValueError:
            arguments = None
        if isinstance(arguments, dict):  # templates want an object
            function["arguments"] = arguments
    return {"type": "function", **call, "function": function}


def _text(message: Message, line: int | None, param: str) -> str:
    content = message.get("content")
    texts: list[str] = []
    if isinstance(content, str):
        texts.append(content)
    elif isinstance(content, list):
        for part in content:
            kind = part.get("type") if isinstance(part, dict) else None
            if kind not in ("text", "refusal"):
                raise _refusal(line, param, f"language models read text only, not {kind!r}")
            texts.append(str(part.get("text") or part.get("refusal") or ""))
    if message.get("refusal"):
        texts.append(str(message["refusal"]))
    return "".join(texts)


def _refusal(line: int | None, param: str, problem: str) -> Refusal:
    where = f"Line {line} of the {param.replace('_', ' ')}: " if line else ""
    return Refusal("invalid_file_format", f"Invalid file format. {where}{problem}.", param or None)
