"""Lines of a training log as events: dictionaries of a trainer become metrics, all others messages."""

import ast
import re
from collections.abc import Iterable
from typing import Any

from fttui.models import lenient

LOGGING_STEPS = 5
"""Steps between two lines with a loss, unless the job says otherwise."""
LONGEST_DICTIONARY = 2000
"""Characters of a line up to which it is read as a dictionary."""
_STAMPED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:[,.]\d+)? - ([A-Za-z]+) - (.*)", re.DOTALL)
_NOT_FINITE = re.compile(r"(?<=[:\s])(-?)(nan|inf)(?=\s*[,}])")
_LEVELS = {"warning": "warn", "warn": "warn", "error": "error", "critical": "error", "fatal": "error"}
_NAMES = {"loss": "train_loss", "eval_loss": "valid_loss"}
_WHOLE_RUN = "train_runtime"
"""Member of the last dictionary, whose loss is the mean of the whole run."""


def events(lines: Iterable[str], *, logging_steps: int = LOGGING_STEPS) -> list[tuple[dict[str, Any], str]]:
    """Return each line as an event, with the line, in their order.

    The lines have no step: a line with a loss comes every `logging_steps`. A line without a time gets that of the line
    before it.
    """
    found: list[tuple[dict[str, Any], str]] = []
    losses, time = 0, None
    for number, line in enumerate(lines):
        stamped = _STAMPED.match(line)
        level, text = "info", line
        if stamped is not None:
            time, text = beijing(stamped[1]), stamped[3]
            level = _LEVELS.get(stamped[2].lower(), "info")
        event: dict[str, Any] = {
            "object": "fine_tuning.job.event",
            "id": f"line-{number:06}",
            "created_at": time,
            "level": level,
            "type": "message",
            "message": text,
            "data": {},
        }
        values = _dictionary(text.strip())
        if values and _WHOLE_RUN not in values and values.keys() & _NAMES.keys():
            losses += "loss" in values
            step = losses * logging_steps
            named = {_NAMES.get(name, name.replace("eval_", "valid_", 1)): value for name, value in values.items()}
            event |= {"type": "metrics", "data": {"step": step, **named}}
        found.append((event, line))
    return found


def beijing(value: Any) -> Any:
    """Return a time without a zone as a time of Beijing, where the service is."""
    text = lenient.line(value)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?", text):
        return value
    return f"{text.replace(' ', 'T')}+08:00"


def _dictionary(text: str) -> dict[str, Any]:
    """Return a dictionary in Python's notation with numbers as values; empty for any other text."""
    if not text.startswith("{") or not text.endswith("}") or len(text) > LONGEST_DICTIONARY:
        return {}
    try:
        value = ast.literal_eval(_NOT_FINITE.sub(r"'\1\2'", text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {
        name: number
        for name, number in value.items()
        if isinstance(name, str) and (isinstance(number, int | float) or number in ("nan", "inf", "-inf"))
    }
