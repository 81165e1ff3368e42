"""Metrics of a job by step, from its events, its result files or its checkpoints.

The store, the export and `jobs metrics` all convert with these functions.
"""

import base64
import binascii
import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fttui.models import lenient
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.text import csv_cell

# Result files have `train_accuracy` for the `train_mean_token_accuracy` of events.
_NAMES_OF_EVENTS = {"train_accuracy": "train_mean_token_accuracy", "valid_accuracy": "valid_mean_token_accuracy"}


@dataclass(frozen=True, slots=True)
class Point:
    """Metrics of one step."""

    step: int
    values: Mapping[str, float]
    """Values by name. A value that is not finite is NaN."""
    at: float | None = None
    """Time of the step in Unix seconds. Result files and checkpoints have none."""


def merge_points(points: Iterable[Point]) -> list[Point]:
    """Merge points of the same step. The values of a later point count. Return one point a step, by step."""
    by_step: dict[int, dict[str, float]] = {}
    times: dict[int, float] = {}
    for point in points:
        by_step.setdefault(point.step, {}).update(point.values)
        if point.at is not None:
            times[point.step] = point.at
    return [Point(step, values, times.get(step)) for step, values in sorted(by_step.items())]


def points_of_events(events: Iterable[Event]) -> list[Point]:
    """Return the metrics of events, oldest first."""
    return merge_points(
        Point(event.step, values, event.created_at)
        for event in events
        if event.step is not None and (values := event.metrics)
    )


def points_of_checkpoints(checkpoints: Iterable[Checkpoint]) -> list[Point]:
    """Return the metrics of checkpoints."""
    return merge_points(
        Point(item.step_number, item.metrics) for item in checkpoints if item.step_number is not None and item.metrics
    )


def points_of_result_files(contents: Iterable[bytes | None]) -> list[Point]:
    """Return the metrics of result files: CSV, or since about 2024 base64 of CSV.

    A missing content, and a file of a different kind, has no points.
    """
    return merge_points(point for content in contents if content is not None for point in _points_of_csv(content))


def points_of_run(
    *, events: Iterable[Point], results: Iterable[bytes | None], checkpoints: Iterable[Point] = ()
) -> list[Point]:
    """Return the metrics of a run from all sources, joined by step.

    The finest source counts: an event, else a result file, whose values are rounded, else a checkpoint.
    """
    return merge_points([*checkpoints, *points_of_result_files(results), *events])


def _points_of_csv(content: bytes) -> list[Point]:
    points: list[Point] = []
    try:
        rows = list(csv.DictReader(_csv_text(content).splitlines()))
    except (ValueError, csv.Error):
        return []
    for row in rows:
        step = lenient.whole(row.get("step"))
        if step is None:
            continue
        values: dict[str, float] = {}
        for name, cell in row.items():
            value = lenient.number(cell)
            if name and name != "step" and value is not None:
                name = lenient.line(name)
                values[_NAMES_OF_EVENTS.get(name, name)] = value
        if values:
            points.append(Point(step, values))
    return points


def points_csv(points: Iterable[Point]) -> str:
    """Return points as CSV with a header. A missing value is an empty cell."""
    points = list(points)
    names = list(dict.fromkeys(name for point in points for name in point.values))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", *map(csv_cell, names)])
    for point in points:
        writer.writerow([point.step, *(repr(point.values[name]) if name in point.values else "" for name in names)])
    return text.getvalue()


def result_csv(content: bytes) -> bytes:
    """Return a result file as CSV in UTF-8, decoded from base64 if necessary, without formulas (see `text.csv_cell`).

    Raises:
        ValueError: the content is neither CSV nor base64 of CSV.
    """
    text = _csv_text(content)
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise ValueError(f"the result file is not CSV: {error}") from None
    safe = [[csv_cell(cell) for cell in row] for row in rows]
    if safe == rows:
        return text.encode()
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(safe)
    return out.getvalue().encode()


def _csv_text(content: bytes) -> str:
    for candidate in (content, _base64_decoded(content)):
        if candidate is not None:
            text = candidate.decode("utf-8-sig", "replace").lstrip()
            if text.startswith("step,"):
                return text
    raise ValueError("the result file is neither CSV with a step column nor base64 of such CSV")


def _base64_decoded(content: bytes) -> bytes | None:
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
