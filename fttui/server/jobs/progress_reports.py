"""Progress lines of a trainer, parsed into reports (trainers/README.md). Pure functions.

Any program can be a trainer. Whatever it writes, the reports can be stored and sent as JSON.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

from fttui.server.jobs.sample_line import samples_of
from fttui.server.storage.reports import (
    Environment,
    FinalReport,
    Message,
    Phase,
    Report,
    SavedCheckpoint,
    StepMetrics,
)
from fttui.text import clean, clean_line

LONGEST_MESSAGE = 4000
LONGEST_WORD = 80
"""Characters of the name of a phase, a host, a device or a version."""
MOST_VERSIONS = 20
_LEVELS = ("info", "warn", "error")
_LABELS = (
    ("train_loss", "training loss"),
    ("valid_loss", "validation loss"),
    ("full_valid_loss", "full validation loss"),
    ("train_mean_reward", "train mean reward"),
    ("full_valid_mean_reward", "full validation mean reward"),
)


def reports_of(lines: Iterable[Any], exists: Callable[[str], bool]) -> list[Report]:
    """Return the reports in decoded lines. Lines of unknown types and incomplete lines are skipped.

    Args:
        exists: returns whether a name is an output of the trainer in the job's directory.
    """
    reports = [_report(line, exists) for line in lines if isinstance(line, dict)]
    return [report for report in reports if report is not None]


def unreadable(lines: Iterable[Any]) -> int:
    """Count the lines that are not an object with a type. Unknown types of later protocols do not count."""
    return sum(not isinstance(line, dict) or not isinstance(line.get("type"), str) for line in lines)


def _report(line: dict[str, Any], exists: Callable[[str], bool]) -> Report | None:
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
            return SavedCheckpoint(step, path, {"step": step, **_numbers(line.get("metrics"))})
        case "samples":
            step = _step(line.get("step"))
            return None if step is None else samples_of(line, step)
        case "result":
            path = line.get("path")
            result = {"checkpoint": _step(line.get("checkpoint")), "trained_tokens": _step(line.get("trained_tokens"))}
            if isinstance(path, str) and exists(path):
                result["path"] = path  # type: ignore[assignment]
            return FinalReport(result, failed=False)
        case "error":
            code, param = clean_line(str(line.get("code") or "trainer_error")), line.get("param")
            message = _message(line.get("message")) or "The trainer gave no reason."
            param = clean_line(param)[:64] if isinstance(param, str) else None
            return FinalReport({"code": code[:64], "message": message, "param": param}, failed=True)
        case "phase":
            return phase_of(line)
        case "environment":
            return _environment(line)
    return None


def _metrics(line: dict[str, Any]) -> StepMetrics | None:
    step = _step(line.get("step"))
    if step is None:
        return None
    total = _step(line.get("total_steps"))
    data = {"step": step, "total_steps": total, **_numbers(line)}
    data |= dict.fromkeys(_not_finite(line), "NaN")
    if total is None:
        del data["total_steps"]
    return StepMetrics(step, total, _sentence(step, total, data), data)


def _sentence(step: int, total: int | None, data: dict[str, Any]) -> str:
    """Return the message of a step's event in the wording of the hosted service, which has no step 0."""
    values = [f"{label}={float(data[name]):.2f}" for name, label in _LABELS if name in data]
    if step == 0 and values and "train_loss" not in data:
        return f"Step 0: {', '.join(values)} (base model)"
    where = f"Step {step}/{total}" if total is not None else f"Step {step}"
    return f"{where}: {', '.join(values)}" if values else where


def _numbers(value: object) -> dict[str, Any]:
    """Return the finite numbers of an object by name, without the counts of steps."""
    if not isinstance(value, dict):
        return {}
    found = {}
    for name, number in value.items():
        if name in ("step", "total_steps") or isinstance(number, bool) or not isinstance(number, int | float):
            continue
        if math.isfinite(number) and abs(number) < 1e300:
            found[clean_line(name)[:64]] = number
    return found


def _not_finite(line: dict[str, Any]) -> list[str]:
    """Return the names of losses that are not a number. JSON has no such number, so events have a text for it."""
    losses = (name for name, value in line.items() if name.endswith("_loss") and isinstance(value, float))
    return [clean_line(name)[:64] for name in losses if not math.isfinite(line[name])]


def phase_of(line: dict[str, Any]) -> Phase | None:
    """Return the phase in a line of a trainer or a sampler; None for a line without a name."""
    name = _word(line.get("phase"))
    if not name:
        return None
    counts = {key: value for key, value in _numbers(line).items() if key in ("done", "total") and value >= 0}
    unit = {"unit": unit} if (unit := _word(line.get("unit"))) else {}
    return Phase({"name": name, **counts, **unit})


def _environment(line: dict[str, Any]) -> Environment | None:
    words = {key: word for key in ("host", "device") if (word := _word(line.get(key)))}
    sent = line.get("versions")
    found = sent.items() if isinstance(sent, dict) else ()
    versions = {_word(name): _word(version) for name, version in found if _word(name) and _word(version)}
    kept = {"versions": dict(list(versions.items())[:MOST_VERSIONS])} if versions else {}
    return Environment({**words, **kept}) if words or kept else None


def _word(value: object) -> str:
    return clean_line(value[: 8 * LONGEST_WORD]).strip()[:LONGEST_WORD] if isinstance(value, str) else ""


def _step(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 1 << 53 else None


def _message(value: object) -> str:
    return clean(value)[:LONGEST_MESSAGE].strip() if isinstance(value, str) else ""
