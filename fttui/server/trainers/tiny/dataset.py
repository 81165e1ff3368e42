"""Read training data as tokens: bytes, with a token for each role, and the positions to learn.

An example becomes `<role> bytes <end> <role> bytes <end> …`. The service has checked the file. An error that is left
raises an exception with the number of the line.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fttui.models.preference import by_api
from fttui.server.trainers import protocol
from fttui.server.trainers.tiny.network import Ints

END = 260
MAX_TOKENS = 4096
"""Tokens. Longer examples are cut at the end, as by the hosted API."""

_ROLES = {"system": 256, "developer": 256, "user": 257, "assistant": 258, "tool": 259, "function": 259}
_TOOLS = 261


class UnusableData(Exception):
    """The file at `path` has data that this trainer cannot use. The message names line and reason."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


class Sequence(NamedTuple):
    """Tokens of a conversation. `learned` holds the positions whose *next* token is learned."""

    tokens: NDArray[np.uint16]
    learned: NDArray[np.int32]


class Pair(NamedTuple):
    """A DPO example: the same conversation with the preferred and with the rejected answer."""

    preferred: Sequence
    rejected: Sequence


def read_supervised(path: str) -> list[Sequence]:
    """Read all examples of a supervised file.

    Raises:
        UnusableData: a line has data that this model cannot learn.
        OSError: the file cannot be read.
    """
    with _with_path(path):
        return [_sequence(example.get("messages", []), example, number) for number, example in protocol.examples(path)]


def read_pairs(path: str) -> list[Pair]:
    """Read all examples of a DPO file. Only the two answers are learned. Raises as `read_supervised`."""
    pairs = []
    with _with_path(path):
        for number, example in protocol.examples(path):
            example = by_api(example)
            given = example.get("input", {})
            prompt = [{**message, "weight": 0} for message in given.get("messages", [])]
            preferred, rejected = (
                _sequence([*prompt, *example.get(name, [])], given, number)
                for name in ("preferred_completion", "non_preferred_completion")
            )
            pairs.append(Pair(preferred, rejected))
    return pairs


class _LineError(Exception):
    """Error in a line. The message names the line, if there is one."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")


@contextmanager
def _with_path(path: str) -> Iterator[None]:
    try:
        yield
    except _LineError as error:
        raise UnusableData(path, str(error)) from None


class Batch(NamedTuple):
    """Sequences as rows of one array, padded at their ends, and a flat list of the learned positions."""

    tokens: Ints
    rows: Ints
    columns: Ints
    targets: Ints


def make_batch(sequences: list[Sequence]) -> Batch:
    """Put at least one sequence into one array."""
    longest = max(len(sequence.tokens) for sequence in sequences)
    tokens = np.full((len(sequences), longest), END, dtype=np.int64)
    for row, sequence in enumerate(sequences):
        tokens[row, : len(sequence.tokens)] = sequence.tokens
    rows = np.repeat(np.arange(len(sequences)), [len(sequence.learned) for sequence in sequences])
    columns = np.concatenate([sequence.learned for sequence in sequences]).astype(np.int64)
    return Batch(tokens[:, : max(1, longest - 1)], rows, columns, tokens[rows, columns + 1])


def split_by_tokens(sequences: list[Sequence], most: int = 16_384) -> Iterator[list[Sequence]]:
    """Split sequences into groups with at most `most` tokens after padding, which bounds memory."""
    group: list[Sequence] = []
    longest = 0
    for sequence in sequences:
        longest = max(longest, len(sequence.tokens))
        if group and longest * (len(group) + 1) > most:
            yield group
            group, longest = [], len(sequence.tokens)
        group.append(sequence)
    if group:
        yield group


def prompt_tokens(messages: list[dict[str, Any]], example: Mapping[str, Any] = MappingProxyType({})) -> list[int]:
    """Return a conversation as the tokens that come before the assistant's next answer.

    Args:
        example: has the `tools` of the conversation.

    Raises:
        ValueError: a message has an unknown role, or content that this model cannot read.
    """
    try:
        return [*_encoded(messages, example)[0], _ROLES["assistant"]]
    except _LineError as error:
        raise ValueError(str(error)) from None


def _sequence(messages: list[dict[str, Any]], example: Mapping[str, Any], line: int) -> Sequence:
    tokens, learned = _encoded(messages, example, line)
    tokens = tokens[:MAX_TOKENS]
    kept = [position for position in learned if position + 1 < len(tokens)]
    return Sequence(np.array(tokens, dtype=np.uint16), np.array(kept, dtype=np.int32))


def _encoded(
    messages: list[dict[str, Any]], example: Mapping[str, Any], line: int | None = None
) -> tuple[list[int], list[int]]:
    """Return the tokens of a conversation and the learned positions."""
    tokens: list[int] = []
    learned: list[int] = []
    tools = example.get("tools") or example.get("functions")
    if tools:
        tokens += [_TOOLS, *_json(tools), END]
    for message in messages:
        role = _ROLES.get(message.get("role", ""))
        if role is None:
            raise _LineError(f"unknown role {message.get('role')!r}", line)
        tokens.append(role)
        start = len(tokens) - 1
        tokens += text_of(message, line)
        tokens.append(END)
        if message["role"] == "assistant" and message.get("weight", 1) != 0:
            learned += range(start, len(tokens) - 1)
    return tokens, learned


def text_of(message: dict[str, Any], line: int | None = None) -> bytes:
    """Return the text of a message, followed by its tool calls as JSON."""
    content = message.get("content")
    text = b""
    if isinstance(content, str):
        text = content.encode("utf-8", "replace")
    elif isinstance(content, list):
        for part in content:
            if not isinstance(part, dict) or part.get("type") not in ("text", "refusal"):
                kind = part.get("type") if isinstance(part, dict) else part
                raise _LineError(f"this model reads text only, not {kind!r}", line)
            text += str(part.get("text") or part.get("refusal") or "").encode("utf-8", "replace")
    text += str(message.get("refusal") or "").encode("utf-8", "replace")
    for name in ("tool_calls", "function_call"):
        if message.get(name):
            text += _json(message[name])
    return text


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8", "replace")
