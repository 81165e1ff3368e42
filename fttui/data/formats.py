"""Formats that are not training data: recognize them by bytes or members, and convert where nothing is guessed."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from fttui.data.provider_forms import GEMINI, from_form

GZIP_START, PARQUET_START = b"\x1f\x8b", b"PAR1"
ALPACA, SHAREGPT, CHOSEN_REJECTED, EVALS = "alpaca", "sharegpt", "chosen_rejected", "evals"
FOREIGN = frozenset((ALPACA, SHAREGPT, CHOSEN_REJECTED, EVALS, GEMINI))
"""Formats by the members of an example. Each is the code of its rule."""

_COLUMNS = frozenset(
    ("prompt", "completion", "messages", "instruction", "input", "output", "question", "answer", "text", "response")
)
"""Columns by which a file without the ending .csv is recognized."""
_LABELS = frozenset(("id", "text", "source", "category", "score_chosen", "score_rejected"))
"""Members beside the data, which a conversion leaves out. Examples with other members are not converted."""
_ROLES = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "assistant": "assistant",
}
Example = dict[str, Any]


def foreign_format(example: Example) -> str:
    """Return the format that the members of an example show; empty for training data."""
    if "instruction" in example and "output" in example:
        return ALPACA
    if "conversations" in example:
        return SHAREGPT
    if "chosen" in example and "rejected" in example:
        return CHOSEN_REJECTED
    if "contents" in example:
        return GEMINI
    if "ideal" in example and "input" in example:
        return EVALS
    return ""


def csv_columns(path: str, head: bytes) -> list[str]:
    """Return the columns of a CSV file by its first line; empty for any other file."""
    line = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    if not line or line[0] in "{[":
        return []
    try:
        columns = next(csv.reader([line], delimiter=_delimiter(line)), [])
    except csv.Error:
        return []
    is_known = not _COLUMNS.isdisjoint(column.strip().lower() for column in columns)
    return columns if len(columns) > 1 and (is_known or path.lower().endswith((".csv", ".tsv"))) else []


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def csv_examples(path: str) -> Iterator[bytes]:
    """Yield the rows of a CSV file with the columns prompt and completion as examples.

    Raises:
        ValueError: a row has other cells than the first line, or the file is not UTF-8.
    """
    with open(path, encoding="utf-8-sig", newline="") as file:
        header = file.readline()
        rows = csv.reader(file, delimiter=_delimiter(header))
        names = [name.strip().lower() for name in next(csv.reader([header.strip()], delimiter=_delimiter(header)))]
        try:
            for row in rows:
                if not row:
                    continue
                if len(row) != len(names):
                    raise ValueError(f"line {rows.line_num + 1} has {len(row)} cells, not {len(names)}")
                yield json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False).encode()
        except csv.Error as error:
            raise ValueError(f"line {rows.line_num + 1}: {error}") from None


def converted(example: Example) -> Example | None:
    """Return an example as training data; None for training data, and where something would be guessed."""
    match foreign_format(example):
        case "alpaca":
            return _from_alpaca(example)
        case "sharegpt":
            return _from_sharegpt(example)
        case "chosen_rejected":
            return _from_pair(example)
        case "gemini":
            return from_form(example, GEMINI)
        case _:
            return None


def _message(role: str, content: object) -> Example:
    return {"role": role, "content": content}


def _from_alpaca(example: Example) -> Example | None:
    instruction, given, answer = example["instruction"], example.get("input") or "", example["output"]
    system = example.get("system") or ""
    if not all(isinstance(text, str) for text in (instruction, given, answer, system)):
        return None
    if not example.keys() <= {"instruction", "input", "output", "system"} | _LABELS:
        return None
    messages = [_message("system", system)] if system else []
    question = f"{instruction}\n\n{given}" if given else instruction
    return {"messages": [*messages, _message("user", question), _message("assistant", answer)]}


def _from_sharegpt(example: Example) -> Example | None:
    turns, system = example["conversations"], example.get("system") or ""
    if not isinstance(turns, list) or not isinstance(system, str):
        return None
    if not example.keys() <= {"conversations", "system"} | _LABELS:
        return None
    messages = [_message("system", system)] if system else []
    for turn in turns:
        if not isinstance(turn, dict) or turn.keys() != {"from", "value"} or not isinstance(turn["value"], str):
            return None
        role = _ROLES.get(turn["from"]) if isinstance(turn["from"], str) else None
        if role is None:
            return None
        messages.append(_message(role, turn["value"]))
    return {"messages": messages}


def _from_pair(example: Example) -> Example | None:
    prompt, chosen, rejected = example.get("prompt"), example["chosen"], example["rejected"]
    if not example.keys() <= {"prompt", "chosen", "rejected"} | _LABELS:
        return None
    if isinstance(chosen, str) and isinstance(rejected, str):
        chosen, rejected = [_message("assistant", chosen)], [_message("assistant", rejected)]
    elif not (isinstance(chosen, list) and isinstance(rejected, list) and chosen and rejected):
        return None
    before = chosen[:-1]
    asked = [_message("user", prompt)] if isinstance(prompt, str) else prompt if isinstance(prompt, list) else []
    if before != rejected[:-1] or (before and asked and before != asked) or not (before or asked):
        return None
    return {
        "input": {"messages": before or asked},
        "preferred_completion": chosen[-1:],
        "non_preferred_completion": rejected[-1:],
    }
