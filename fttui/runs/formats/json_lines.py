"""JSON lines with a step: one object a line, as LLaMA-Factory, ms-swift, and many scripts write."""

import os
import re
from collections.abc import Sequence
from typing import Any

from fttui.runs.formats import console, peek, values
from fttui.runs.formats.base import Found, FoundLine, Source
from fttui.runs.formats.grown_file import GrownLines
from fttui.runs.formats.wandb import is_inside_run

_ENDINGS = (".jsonl", ".ndjson")
_SURE = re.compile(r"(?:metrics|progress|history|log|logs|logging|trainer_log|train(?:ing)?[_-]?log)\.(?:jsonl|ndjson)")
"""Names that an empty file is taken for a log by."""
_SEEN = 20
"""Lines at the start of which one must have a step and a number: configuration may come first."""
_TEXTS = ("message", "msg", "text", "event")
_LEVELS = {"error": "error", "critical": "error", "fatal": "error", "warning": "warn", "warn": "warn"}
_TOTALS = ("total_steps", "max_steps")
_NOT_METRICS = ("percentage", *_TOTALS)


class JsonLines:
    """Files with the endings `.jsonl` and `.ndjson` that have a step and a number in a line."""

    name = "jsonl"

    def sources(self, directory: str, names: Sequence[str]) -> list[Source]:
        if not names or is_inside_run(directory):
            return []
        return [Source(self.name, path) for path in peek.logs(directory, names, _ENDINGS, _SURE, _is_log)]

    def watched(self, source: Source) -> list[str]:
        return [source.path]

    def reader(self, source: Source) -> "JsonLinesReader":
        return JsonLinesReader(source.path)


def _is_log(lines: list[str]) -> bool:
    return any(_point(record) for line in lines[:_SEEN] if (record := values.json_object(line)))


def _point(record: dict[str, Any]) -> tuple[int, float | None, dict[str, float]] | None:
    """Return step, time and numbers of a record; None if it has no step or no number."""
    members = values.flat(record)
    counting, when = values.step_name(members), values.time_name(members)
    at = values.step(members.get(counting)) if counting else None
    if at is None:
        return None
    time = values.moment(members.get(when)) if when else None
    left_out = {counting, *_NOT_METRICS, *([when] if time is not None else [])}
    numbers = {
        name: number
        for name, value in members.items()
        if name not in left_out and (number := values.number(value)) is not None
    }
    return (at, time, numbers) if numbers.keys() - {"epoch"} else None


class JsonLinesReader:
    """Reader of one file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = GrownLines(path)
        self._total: int | None = None
        self._is_reported = False

    def read(self) -> Found:
        new = self._file.read()
        if new.restarted:
            self._total, self._is_reported = None, False
        points, lines, facts = values.Points(), list[FoundLine](), dict[str, Any]()
        broken = new.too_long
        for raw in new.lines:
            if not raw.strip():
                continue
            if (record := values.json_object(raw)) is None:
                broken += 1
                continue
            if found := _point(record):
                at, time, numbers = found
                for name, value in numbers.items():
                    points.add(at, name, value, time)
            if (line := _line(record)) is not None:
                lines.append(line)
            total = next((count for name in _TOTALS if (count := values.step(record.get(name)))), None)
            if total is not None and total != self._total:
                self._total = facts["total_steps"] = total
        problems = []
        if broken and not self._is_reported:
            self._is_reported = True
            problems.append(f"{os.path.basename(self._path)}: a line that is no JSON object was left out")
        return Found(new.restarted, points.list(), lines, facts=facts, problems=problems, more=new.more)


def _line(record: dict[str, Any]) -> FoundLine | None:
    """Return the message of a record, which structured logs have."""
    text = next((text for name in _TEXTS if isinstance(text := record.get(name), str) and text.strip()), None)
    if text is None:
        return None
    level = _LEVELS.get(str(record.get("level") or record.get("levelname") or "").lower(), "info")
    when = values.time_name(record)
    return FoundLine(values.moment(record.get(when)) if when else None, level, text[: console.LONGEST])
