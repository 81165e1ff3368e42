"""Chat completions: the question to a model, and the items of its answer. Text of answers is cleaned."""

import json
from typing import Any, NamedTuple

from fttui.models import lenient
from fttui.models.job import phase_of
from fttui.models.run_state import Phase

MOST_CALLS = 64
"""Greatest number of functions that an answer calls."""
LONGEST_ARGUMENTS = 20_000
"""Characters of the arguments of a call that are kept."""


class Question(NamedTuple):
    """Question to one model. None leaves a member to the provider."""

    model: str
    messages: list[dict[str, Any]]
    """As sent."""
    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    tools: list[Any] | None = None

    def body(self, *, length: str) -> dict[str, Any]:
        """Return the JSON of a request that streams.

        Args:
            length: name of the member with the longest length.
        """
        given = {"temperature": self.temperature, "top_p": self.top_p, "seed": self.seed, "tools": self.tools}
        present = {name: value for name, value in given.items() if value is not None}
        stream = {"stream": True, "stream_options": {"include_usage": True}}
        return {"model": self.model, "messages": self.messages, length: self.max_tokens, **present, **stream}


class Call(NamedTuple):
    """Part of a function call in a stream. Name and arguments may come in pieces."""

    place: int
    """Number of the call in the answer."""
    name: str
    arguments: str


class Chunk(NamedTuple):
    """Part of an answer. Members without a value are empty or None."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    phase: Phase | None = None
    """Work of the embedded service before the first token."""


def chunk_of(raw: object) -> Chunk:
    """Return the chunk in a JSON value: a chunk of a stream, or a whole completion. Never fails."""
    sent = lenient.mapping(raw)
    choice = lenient.mapping(next(iter(lenient.items(sent.get("choices"))), None))
    delta = lenient.mapping(choice.get("delta") or choice.get("message"))
    text = lenient.paragraph(_joined(delta.get("content"))) + lenient.paragraph(delta.get("refusal"))
    calls = [_call(place, call) for place, call in enumerate(lenient.items(delta.get("tool_calls"))[:MOST_CALLS])]
    usage = lenient.mapping(sent.get("usage"))
    prompt, completion = (lenient.whole(usage.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    return Chunk(text, tuple(calls), lenient.line(choice.get("finish_reason")), prompt, completion)


def phase_chunk(comment: str) -> Chunk | None:
    """Return the chunk in a comment of the embedded service, None for any other comment."""
    try:
        sent = json.loads(comment)
    except (ValueError, RecursionError):
        return None
    phase = phase_of(lenient.mapping(sent).get("phase"))
    return Chunk(phase=phase) if phase is not None else None


def _joined(content: object) -> object:
    """Return content as a string, also where a server sends a list of parts."""
    if isinstance(content, list):
        return "".join(text for part in content if isinstance(text := lenient.mapping(part).get("text"), str))
    return content


def _call(place: int, call: object) -> Call:
    sent = lenient.mapping(call)
    function = lenient.mapping(sent.get("function"))
    index = lenient.whole(sent.get("index"))
    at = place if index is None or not 0 <= index < MOST_CALLS else index
    return Call(at, lenient.line(function.get("name")), lenient.paragraph(function.get("arguments")))


def joined_calls(calls: dict[int, list[Call]]) -> tuple[str, ...]:
    """Return function calls as texts: `track({"id": 7731})`."""
    found = []
    for _, parts in sorted(calls.items()):
        arguments = "".join(part.arguments for part in parts)[:LONGEST_ARGUMENTS]
        found.append(f"{''.join(part.name for part in parts)}({arguments})")
    return tuple(found)
