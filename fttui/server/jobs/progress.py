"""A trainer's progress lines, read as facts (trainers/README.md). Pure.

Trainers are programs of strangers: whatever they write, what comes out can be stored and sent as JSON.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

from fttui.server.storage.reports import FinalReport, Message, Report, SavedCheckpoint, StepMetrics
from fttui.text import clean, clean_line

LONGEST_MESSAGE = 4000
_LEVELS = ("info", "warn", "error")


def facts_of(lines: Iterable[Any], exists: Callable[[str], bool]) -> list[Report]:
    """The facts in decoded lines; a line that means nothing is passed over.

    Args:
        exists: whether a name is something in the job's directory that the trainer may point at.
    """
    facts = [_fact(line, exists) for line in lines if isinstance(line, dict)]
    return [fact for fact in facts if fact is not None]


def unreadable(lines: Iterable[Any]) -> int:
    """How many of the decoded lines are no progress at all, of whatever type. Types of later protocols are."""
    return sum(not isinstance(line, dict) or not isinstance(line.get("type"), str) for line in lines)


def _fact(line: dict[str, Any], exists: Callable[[str], bool]) -> Report | None:
    match line.get("type"):
        case "metrics":
            return _metrics(line)
        case "message":
            level = line.get("level")
            message = _message(line.get("message"))
            return Message(message, level if level in _LEVELS else "info") if message else None
        case "checkpoint":
            step, path = _step(line.get("step")), line.get("path")
            if step is None or not isinstance(path, str) or not exists(path):
                return None
            measured = _numbers(line.get("metrics"))
            return SavedCheckpoint(step, path, {"step": step, **measured})
        case "result":
            path = line.get("path")
            result = {"checkpoint": _step(line.get("checkpoint")), "trained_tokens": _step(line.get("trained_tokens"))}
            if isinstance(path, str) and exists(path):
                result["path"] = path  # type: ignore[assignment]
            return FinalReport(result, failed=False)
        case "error":
            code, param = clean_line(str(line.get("code") or "trainer_error")), line.get("param")
            error = {"code": code[:64], "message": _message(line.get("message")) or "The trainer gave no reason."}
            return FinalReport(
                {**error, "param": clean_line(param)[:64] if isinstance(param, str) else None}, failed=True
            )
    return None


def _metrics(line: dict[str, Any]) -> StepMetrics | None:
    step = _step(line.get("step"))
    if step is None:
        return None
    total = _step(line.get("total_steps"))
    data = {"step": step, "total_steps": total, **_numbers(line)}
    if total is None:
        del data["total_steps"]
    return StepMetrics(step, total, _sentence(step, total, data), data)


def _sentence(step: int, total: int | None, data: dict[str, Any]) -> str:
    """The words that the hosted service has for a step."""
    words = [f"{label}={data[name]:.2f}" for name, label in _LABELS if name in data]
    where = f"Step {step}/{total}" if total is not None else f"Step {step}"
    return f"{where}: {', '.join(words)}" if words else where


_LABELS = (
    ("train_loss", "training loss"),
    ("valid_loss", "validation loss"),
    ("full_valid_loss", "full validation loss"),
    ("train_mean_reward", "train mean reward"),
    ("full_valid_mean_reward", "full validation mean reward"),
)


def _numbers(value: object) -> dict[str, Any]:
    """The finite numbers in an object by name, except the counts of steps."""
    if not isinstance(value, dict):
        return {}
    found = {}
    for name, number in value.items():
        if name in ("step", "total_steps") or isinstance(number, bool) or not isinstance(number, int | float):
            continue
        if math.isfinite(number) and abs(number) < 1e300:
            found[clean_line(name)[:64]] = number
    return found


def _step(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 1 << 53 else None


def _message(value: object) -> str:
    return clean(value)[:LONGEST_MESSAGE].strip() if isinstance(value, str) else ""
