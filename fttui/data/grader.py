"""Check the grader of a reinforcement job, and find the members of the data that it uses."""

import json
import re
from collections.abc import Iterator
from typing import Any

from fttui import bounded

LARGEST = bounded.MEGABYTE
"""Greatest size of a grader, in bytes."""
_OPERATIONS = ("eq", "ne", "like", "ilike")
_METRICS = ("cosine", "fuzzy_match", "bleu", "gleu", "meteor", *(f"rouge_{n}" for n in range(1, 6)), "rouge_l")
_REQUIRED = {
    "string_check": ("name", "input", "reference", "operation"),
    "text_similarity": ("name", "input", "reference", "evaluation_metric"),
    "python": ("name", "source"),
    "score_model": ("name", "model", "input"),
    "label_model": ("name", "model", "input", "labels", "passing_labels"),
    "multi": ("name", "graders", "calculate_output"),
    "lambda": ("lambda",),
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


def read_grader(path: str) -> dict[str, Any]:
    """Read a grader from a JSON file, or from a pipe such as `<(command)` in a shell.

    Raises:
        BadGrader: the file cannot be read, or holds no grader.
    """
    try:
        return parse_grader(bounded.read_file(path, LARGEST, pipes=True).decode("utf-8-sig"))
    except BadGrader as error:
        raise BadGrader(f"{path}: {error}") from None
    except OSError as error:
        raise BadGrader(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError:  # not UTF-8, or a null byte in the path
        raise BadGrader(f"{path} is not a text file") from None


def grader_errors(
    grader: dict[str, Any], where: str = "grader", *, is_nested: bool = False, functions: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield member and message of each error in a grader.

    Args:
        functions: accept the kind `lambda`, a function of the user's at Amazon. OpenAI does not have it.
    """
    kind = grader.get("type")
    known = [name for name in _REQUIRED if is_nested or name != "label_model"]
    if is_nested or not functions:
        known.remove("lambda")
    if not isinstance(kind, str) or kind not in known:
        yield f"{where}.type", f"{json.dumps(kind)} is unknown; known: {', '.join(known)}"
        return
    for name in _REQUIRED[kind]:
        if grader.get(name) in (None, ""):
            yield f"{where}.{name}", "missing"
    for name, choices in _CHOICES.items():
        value = grader.get(name)
        if name in _REQUIRED[kind] and value not in (None, "") and value not in choices:
            yield f"{where}.{name}", f"{json.dumps(value)} is unknown; known: {', '.join(choices)}"
    if kind == "lambda" and isinstance(grader.get(kind), dict) and not grader[kind].get("function"):
        yield f"{where}.lambda.function", "missing"
    if kind == "multi":
        for member, part in _nested_graders(grader.get("graders"), f"{where}.graders"):
            if isinstance(part, dict):
                yield from grader_errors(part, member, is_nested=True)
            else:
                yield member, "not an object"


def _nested_graders(graders: object, where: str) -> Iterator[tuple[str, object]]:
    """Yield the graders in a `multi`. Published forms are one grader, an array, and an object by name."""
    if isinstance(graders, list):
        yield from ((f"{where}[{index}]", part) for index, part in enumerate(graders))
    elif isinstance(graders, dict) and isinstance(graders.get("type"), str):
        yield where, graders
    elif isinstance(graders, dict):
        yield from ((f"{where}.{name}", part) for name, part in graders.items())


def item_members(grader: dict[str, Any]) -> frozenset[str]:
    """Return the members of an example that the templates of a grader use, as `{{item.NAME}}`."""
    return frozenset(_ITEM.findall(json.dumps(grader, ensure_ascii=False)))
