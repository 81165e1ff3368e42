"""Training data as the network sees it: bytes with a mark at each role, and which of them are to be learned.

An example becomes `<role> bytes <end> <role> bytes <end> …`. The service has checked the file already, so
this module reads it strictly and names the line where something is still wrong.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fttui.models.preference import by_api
from fttui.server.trainers.tiny.network import Floats, Ints

END = 260
LONGEST = 4096
"""Tokens of an example that are used; what is longer is cut at the end, as the hosted service does."""

_ROLES = {"system": 256, "developer": 256, "user": 257, "assistant": 258, "tool": 259, "function": 259}
_TOOLS = 261


class Unusable(Exception):
    """The file at `path` asks for something this trainer cannot do; the message names the line and the reason."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


class Sequence(NamedTuple):
    """Tokens in order, and the positions whose *next* token is learned."""

    tokens: NDArray[np.uint16]
    learned: NDArray[np.int32]


class Pair(NamedTuple):
    """A DPO example: the same conversation with the answer that is wanted, and with the one that is not."""

    preferred: Sequence
    rejected: Sequence


def read_supervised(path: str) -> list[Sequence]:
    """Every example of a supervised file.

    Raises:
        Unusable: a line holds what this model cannot learn.
        OSError: the file cannot be read.
    """
    with _naming(path):
        return [_sequence(example.get("messages", []), example, number) for number, example in _lines(path)]


def read_pairs(path: str) -> list[Pair]:
    """Every example of a DPO file; only the two answers are learned. Raises as `read_supervised`."""
    pairs = []
    with _naming(path):
        for number, example in _lines(path):
            example = by_api(example)
            given = example.get("input", {})
            prompt = [{**message, "weight": 0} for message in given.get("messages", [])]
            wanted, other = (
                _sequence([*prompt, *example.get(name, [])], given, number)
                for name in ("preferred_completion", "non_preferred_completion")
            )
            pairs.append(Pair(wanted, other))
    return pairs


class _Fault(Exception):
    """What is wrong with a line."""


@contextmanager
def _naming(path: str) -> Iterator[None]:
    try:
        yield
    except _Fault as fault:
        raise Unusable(path, str(fault)) from None


class Batch(NamedTuple):
    """Sequences side by side, padded at their ends, with the positions that are learned listed flat."""

    tokens: Ints
    rows: Ints
    columns: Ints
    targets: Ints


def batch_of(sequences: list[Sequence]) -> Batch:
    """The sequences as one array. There must be at least one."""
    longest = max(len(sequence.tokens) for sequence in sequences)
    tokens = np.full((len(sequences), longest), END, dtype=np.int64)
    for row, sequence in enumerate(sequences):
        tokens[row, : len(sequence.tokens)] = sequence.tokens
    rows = np.repeat(np.arange(len(sequences)), [len(sequence.learned) for sequence in sequences])
    columns = np.concatenate([sequence.learned for sequence in sequences]).astype(np.int64)
    return Batch(tokens[:, : max(1, longest - 1)], rows, columns, tokens[rows, columns + 1])


def in_portions(sequences: list[Sequence], most: int = 16_384) -> Iterator[list[Sequence]]:
    """The sequences in runs that, padded, hold at most `most` tokens each, so that memory stays bounded."""
    portion: list[Sequence] = []
    longest = 0
    for sequence in sequences:
        longest = max(longest, len(sequence.tokens))
        if portion and longest * (len(portion) + 1) > most:
            yield portion
            portion, longest = [], len(sequence.tokens)
        portion.append(sequence)
    if portion:
        yield portion


def mean(values: Floats) -> float | None:
    """The mean as a Python number, None of nothing."""
    return float(values.mean(dtype=np.float64)) if len(values) else None


def _lines(path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, json.loads(line)


def _sequence(messages: list[dict[str, Any]], example: dict[str, Any], line: int) -> Sequence:
    tokens: list[int] = []
    learned: list[int] = []
    tools = example.get("tools") or example.get("functions")
    if tools:
        tokens += [_TOOLS, *_json(tools), END]
    for message in messages:
        role = _ROLES.get(message.get("role", ""))
        if role is None:
            raise _Fault(f"line {line}: unknown role {message.get('role')!r}")
        tokens.append(role)
        start = len(tokens) - 1
        tokens += _text(message, line)
        tokens.append(END)
        if message["role"] == "assistant" and message.get("weight", 1) != 0:
            learned += range(start, len(tokens) - 1)
    tokens = tokens[:LONGEST]
    kept = [position for position in learned if position + 1 < len(tokens)]
    return Sequence(np.array(tokens, dtype=np.uint16), np.array(kept, dtype=np.int32))


def _text(message: dict[str, Any], line: int) -> bytes:
    """What a message says, with its calls of tools as JSON behind it."""
    content = message.get("content")
    said = b""
    if isinstance(content, str):
        said = content.encode("utf-8", "replace")
    elif isinstance(content, list):
        for part in content:
            if not isinstance(part, dict) or part.get("type") not in ("text", "refusal"):
                kind = part.get("type") if isinstance(part, dict) else part
                raise _Fault(f"line {line}: this model reads text only, not {kind!r}")
            said += str(part.get("text") or part.get("refusal") or "").encode("utf-8", "replace")
    said += str(message.get("refusal") or "").encode("utf-8", "replace")
    for name in ("tool_calls", "function_call"):
        if message.get(name):
            said += _json(message[name])
    return said


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8", "replace")
