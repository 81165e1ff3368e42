"""Training data as TRL takes it: token ids with labels for supervised training, pairs of answers for DPO."""

import json
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pyarrow
from datasets import Dataset, Features, Json, List, Value

from fttui.models.preference import by_api
from fttui.server.trainers import protocol
from fttui.server.trainers.hf.conversations import Message, messages_of, tools_of
from fttui.server.trainers.hf.masks import IGNORED, Encoded, Masks, UnverifiedMask
from fttui.server.trainers.hf.refusal import Refusal

OnExample = Callable[[int], None]
"""Called with the number of examples that are ready."""


class Prepared(NamedTuple):
    """A data file as a data set, and facts about it."""

    rows: Dataset
    examples: int
    tokens: int
    """Tokens of one epoch, after cutting."""
    longest: int
    """Tokens of the longest example, after cutting."""
    cut: int
    """Examples longer than the limit."""
    dropped: int
    """Examples without anything to learn within the limit, which TRL leaves out."""


def prepare(
    masks: Masks, path: str, method: str, param: str, limit: int, on_example: OnExample = lambda done: None
) -> Prepared:
    """Return the data file at `path` as a data set.

    Args:
        param: `training_file` or `validation_file`.
        limit: tokens after which an example is cut.

    Raises:
        Refusal: a line cannot be used, or nothing is left to learn.
        OSError: the file cannot be read.
    """
    make = _preference if method == "dpo" else _supervised
    prepared = make(masks, path, param, limit, on_example)
    if prepared.dropped == prepared.examples:
        message = (
            f"In every example of the {param.replace('_', ' ')}, the answers begin after max_length ({limit}) tokens."
        )
        raise Refusal("nothing_to_learn", f"{message} Raise max_length, or shorten the examples.", param)
    return prepared


def _supervised(masks: Masks, path: str, param: str, limit: int, on_example: OnExample) -> Prepared:
    # One flat array for all examples: lists of Python integers would need ten times the memory.
    ids, labels, offsets = array("i"), array("i"), array("q", [0])
    longest = cut = dropped = 0
    for number, example in protocol.examples(path):
        given = example.get("messages", [])
        messages = messages_of(given, number, param)
        weights = [message.get("weight", 1) != 0 for message in given]
        with _at_line(number, param):
            encoded = masks.encode(messages, weights, tools_of(example))
        cut += len(encoded.input_ids) > limit
        kept = Encoded(encoded.input_ids[:limit], encoded.labels[:limit])
        dropped += not kept.learns
        longest = max(longest, len(kept.input_ids))
        ids.extend(kept.input_ids)
        labels.extend(kept.labels)
        offsets.append(len(ids))
        on_example(len(offsets) - 1)
    positions = pyarrow.array(offsets, pyarrow.int64())
    columns = {
        name: pyarrow.LargeListArray.from_arrays(positions, pyarrow.array(values, pyarrow.int32()))
        for name, values in (("input_ids", ids), ("labels", labels))
    }
    return Prepared(Dataset(pyarrow.table(columns)), len(offsets) - 1, len(ids), longest, cut, dropped)


def _preference(masks: Masks, path: str, param: str, limit: int, on_example: OnExample) -> Prepared:
    rows: list[dict[str, Any]] = []
    tokens = longest = cut = dropped = 0
    for number, example in protocol.examples(path):
        example = by_api(example)
        given = example.get("input", {})
        prompt = messages_of(given.get("messages", []), number, param)
        tools = tools_of(given)
        row: dict[str, Any] = {"prompt": masks.known(prompt), "tools": json.dumps(tools) if tools else None}
        lengths, starts = [], []
        for name, member in (("chosen", "preferred_completion"), ("rejected", "non_preferred_completion")):
            row[name] = messages_of(example.get(member, []), number, param)
            with _at_line(number, param):
                encoded = _answer(masks, prompt, row[name], tools)
            lengths.append(len(encoded.input_ids))
            starts.append(next(index for index, label in enumerate(encoded.labels) if label != IGNORED))
        tokens += sum(min(length, limit) for length in lengths)
        longest = max(longest, *(min(length, limit) for length in lengths))
        cut += max(lengths) > limit
        dropped += min(starts) >= limit
        rows.append(row)
        on_example(len(rows))
    # `Json` keeps the arguments of calls as they are. A struct would get the members of all rows, as null.
    messages = List(Json())
    features = Features({"prompt": messages, "chosen": messages, "rejected": messages, "tools": Value("string")})
    return Prepared(Dataset.from_list(rows, features), len(rows), tokens, longest, cut, dropped)


def _answer(masks: Masks, prompt: list[Message], answer: list[Message], tools: list[dict[str, Any]] | None) -> Encoded:
    """Return the tokens of a prompt with one of its answers. Only the answer is learned."""
    if not answer:
        raise UnverifiedMask("an answer of a pair is missing")
    return masks.encode([*prompt, *answer], [False] * len(prompt) + [True] * len(answer), tools)


@contextmanager
def _at_line(number: int, param: str) -> Iterator[None]:
    try:
        yield
    except UnverifiedMask as error:
        message = f"Line {number} of the {param.replace('_', ' ')} cannot be learned by this model: {error}."
        raise Refusal("unverified_mask", message, param) from None
