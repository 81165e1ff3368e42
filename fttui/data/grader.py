"""Check the grader of a reinforcement job, and find the members of the data that it uses."""

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
    """The text is not a grader. The message is for the user."""


def parse_grader(text: str) -> dict[str, Any]:
    """Parse a grader. Its members are checked by `grader_errors`.

    Raises:
        BadGrader: the text is not a JSON object.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadGrader(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadGrader("not a JSON object")
    return found


def grader_errors(grader: dict[str, Any], where: str = "grader", *, inside: bool = False) -> Iterator[tuple[str, str]]:
    """Yield member and message of each error in a grader."""
    kind = grader.get("type")
    known = [name for name in _NEEDED if name != "label_model" or inside]
    if not isinstance(kind, str) or kind not in known:
        yield f"{where}.type", f"{json.dumps(kind)} is unknown. Known: {', '.join(known)}"
        return
    for name in _NEEDED[kind]:
        if grader.get(name) in (None, ""):
            yield f"{where}.{name}", "missing"
    for name, choices in _CHOICES.items():
        value = grader.get(name)
        if name in _NEEDED[kind] and value not in (None, "") and value not in choices:
            yield f"{where}.{name}", f"{json.dumps(value)} is unknown. Known: {', '.join(choices)}"
    if kind == "multi":
        for place, one in _parts(grader.get("graders"), f"{where}.graders"):
            if isinstance(one, dict):
                yield from grader_errors(one, place, inside=True)
            else:
                yield place, "not an object"


def _parts(graders: object, where: str) -> Iterator[tuple[str, object]]:
    """Yield the graders in a `multi`. Published forms are one grader, an array, and an object by name."""
    if isinstance(graders, list):
        yield from ((f"{where}[{index}]", one) for index, one in enumerate(graders))
    elif isinstance(graders, dict) and isinstance(graders.get("type"), str):
        yield where, graders
    elif isinstance(graders, dict):
        yield from ((f"{where}.{name}", one) for name, one in graders.items())


def item_members(grader: dict[str, Any]) -> frozenset[str]:
    """Return the members of an example that the templates of a grader use, as `{{item.NAME}}`."""
    return frozenset(_ITEM.findall(json.dumps(grader, ensure_ascii=False)))
