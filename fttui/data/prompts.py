"""Prompts in training data: the messages up to the last answer, and this answer as the expected one. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from fttui.data.shown_example import Part, message_text, parts_of
from fttui.models.preference import by_api

_MEMBERS = ("role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal")
"""Members of messages that chat completions know. Others, such as `weight`, are for the training."""


class Prompt(NamedTuple):
    """Prompt to a model."""

    messages: list[dict[str, Any]]
    """As in the file, with the members that chat completions know. Not cleaned: they are sent."""
    tools: list[Any] | None = None
    expected: str = ""
    """Clean text of the answer in the data; empty without one."""
    line: int = 0
    """Line of the file; 0 for a prompt that was typed."""

    @property
    def parts(self) -> list[Part]:
        """The messages with clean text, to be shown."""
        return parts_of({"messages": self.messages})

    @property
    def instructions(self) -> list[dict[str, Any]]:
        """The system messages at the beginning."""
        return list(takewhile(lambda message: message.get("role") in ("system", "developer"), self.messages))

    @property
    def key(self) -> str:
        """Text that is the same for equal prompts."""
        return json.dumps([self.messages, self.tools], sort_keys=True)


def typed_prompt(text: str, instructions: Sequence[dict[str, Any]] = ()) -> Prompt:
    """Return the prompt of a text that the user typed, after system messages."""
    return Prompt([*instructions, {"role": "user", "content": text}])


def prompt_of(example: object, line: int = 0) -> Prompt | None:
    """Return the prompt of an example of any kind; None when it has none."""
    if not isinstance(example, dict):
        return None
    example = by_api(example)
    given = example
    if "preferred_completion" in example and isinstance(example.get("input"), dict):
        given = example["input"]
    if isinstance(given.get("prompt"), str) and "messages" not in given:
        completion = given.get("completion")
        expected = message_text({"content": completion}) if isinstance(completion, str) else ""
        return typed_prompt(given["prompt"])._replace(expected=expected, line=line)
    messages = given.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return None
    answer = example.get("preferred_completion")
    expected = ""
    if given is not example:
        expected = "\n".join(message_text(each) for each in answer or () if isinstance(each, dict))
    else:
        last = max((at for at, message in enumerate(messages) if message.get("role") == "assistant"), default=None)
        if last is not None:
            expected, messages = message_text(messages[last]), messages[:last]
    kept = [{name: message[name] for name in _MEMBERS if name in message} for message in messages]
    return Prompt(kept, _tools(given), expected, line) if kept else None


def _tools(given: Mapping[str, Any]) -> list[Any] | None:
    """Return the tools of a prompt; functions of the older format become tools."""
    if isinstance(tools := given.get("tools"), list) and tools:
        return tools
    functions = given.get("functions")
    if not isinstance(functions, list) or not functions:
        return None
    return [{"type": "function", "function": function} for function in functions]


def prompts_in(lines: Iterable[tuple[int, bytes]], most: int) -> list[Prompt]:
    """Return the prompts of the first lines that have one, at most `most`. Other lines are skipped."""
    found: list[Prompt] = []
    for number, line in lines:
        if len(found) >= most:
            break
        try:
            example = json.loads(line.decode("utf-8-sig", "replace")) if line.strip() else None
        except (ValueError, RecursionError):
            continue
        if (prompt := prompt_of(example, number)) is not None:
            found.append(prompt)
    return found
