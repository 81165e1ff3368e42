"""Graders of reinforcement jobs: whether one has the form of its type, and which members of the data it asks for."""

import json
import re
from collections.abc import Iterator
from typing import Any

_OPERATIONS = ("eq", "ne", "like", "ilike")
_METRICS = ("cosine", "fuzzy_match", "bleu", "gleu", "meteor", *(f"rouge_{n}" for n in range(1, 6)), "rouge_l")
_NEEDED = {
    "string_check": ("name", "input", "reference", "operation"),
    "text_similarity": ("name", "input", "reference", "evaluation_metric"),
    "python": ("name", "source"),
    "score_model": ("name", "model", "input"),
    "label_model": ("name", "model", "input", "labels", "passing_labels"),
    "multi": ("name", "graders", "calculate_output"),
}
_CHOICES = {"operation": _OPERATIONS, "evaluation_metric": _METRICS}
_ITEM = re.compile(r"\{\{\s*item\.([A-Za-z_][A-Za-z0-9_]*)")


class BadGrader(ValueError):
    """A text holds no grader, in words for a person."""


def parse_grader(text: str) -> dict[str, Any]:
    """The grader that a text of JSON holds; whether it has the form of its type is for `grader_errors` to say.

    Raises:
        BadGrader: the text is no JSON object.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadGrader(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadGrader("not a JSON object")
    return found


def grader_errors(grader: dict[str, Any], where: str = "grader", *, inside: bool = False) -> Iterator[tuple[str, str]]:
    """What is wrong with a grader: member and words."""
    kind = grader.get("type")
    known = [name for name in _NEEDED if name != "label_model" or inside]
    if not isinstance(kind, str) or kind not in known:
        yield f"{where}.type", f"{json.dumps(kind)}, known are {', '.join(known)}"
        return
    for name in _NEEDED[kind]:
        if grader.get(name) in (None, ""):
            yield f"{where}.{name}", "missing"
    for name, choices in _CHOICES.items():
        value = grader.get(name)
        if name in _NEEDED[kind] and value not in (None, "") and value not in choices:
            yield f"{where}.{name}", f"{json.dumps(value)}, known are {', '.join(choices)}"
    if kind == "multi":
        for place, one in _parts(grader.get("graders"), f"{where}.graders"):
            if isinstance(one, dict):
                yield from grader_errors(one, place, inside=True)
            else:
                yield place, "not an object"


def _parts(graders: object, where: str) -> Iterator[tuple[str, object]]:
    """The graders in a `multi`, which has been published as one grader, as an array, and as a map by name."""
    if isinstance(graders, list):
        yield from ((f"{where}[{index}]", one) for index, one in enumerate(graders))
    elif isinstance(graders, dict) and isinstance(graders.get("type"), str):
        yield where, graders
    elif isinstance(graders, dict):
        yield from ((f"{where}.{name}", one) for name, one in graders.items())


def item_members(grader: dict[str, Any]) -> frozenset[str]:
    """The members of an example that a grader's templates ask for, as `{{item.NAME}}`."""
    return frozenset(_ITEM.findall(json.dumps(grader, ensure_ascii=False)))
