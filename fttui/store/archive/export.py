"""Taking jobs out of the archive: a directory for each, in files that any program can read.

Every name is made from an id and cleaned; no name that a server sent is ever a path.
"""

import csv
import hashlib
import io
import json
import os
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from fttui import atomic
from fttui.models.checkpoint import Checkpoint
from fttui.models.job import Job
from fttui.models.metric import Point, csv_text, points_of_checkpoints, points_of_result_file
from fttui.store.archive.archive import Archive

LONGEST = 120
"""Characters of an id in the name of a file; a longer one is told apart by a hash."""


def export_job(archive: Archive, id: str, parent: str, *, force: bool = False) -> str:
    """Write all that is known of a job into a directory of its own below `parent`; returns its path.

    `job.json`, `checkpoints.json` and `files.json` hold what the provider sent, `events.jsonl` one event a line, oldest
    first, `metrics.csv` what was measured by step; each result file is there under its id.

    Args:
        force: replace files of these names; others in the directory are left alone.

    Raises:
        KeyError: the archive has no such job.
        FileExistsError: the directory is there already, and `force` is not given.
        OSError: it could not be written.
    """
    body = archive.body(id)
    if body is None:
        raise KeyError(id)
    folder = os.path.join(parent, file_name(id))
    os.makedirs(parent, exist_ok=True)
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        if not force or not os.path.isdir(folder):
            raise
    for name, content in _contents(archive, id, body).items():
        atomic.write(os.path.join(folder, name), content, follow_link=False, sync=False)
    # Last: where this is, the rest is whole.
    atomic.write(os.path.join(folder, "job.json"), _pretty(json.loads(body)), follow_link=False, sync=False)
    return folder


def _contents(archive: Archive, id: str, body: str) -> dict[str, bytes]:
    job = Job.read(json.loads(body))
    events = archive.raw_events(id)
    found = {
        "events.jsonl": "".join(f"{event}\n" for event in events).encode(),
        "checkpoints.json": _pretty([json.loads(text) for text in archive.checkpoints(id)]),
        "metrics.csv": csv_of(points_of(archive, id)).encode(),
    }
    named = dict.fromkeys(filter(None, (job.training_file, job.validation_file, *job.result_files)))
    files = [json.loads(text) for file in named if (text := archive.file(file)) is not None]
    found["files.json"] = _pretty(files)
    for file in job.result_files:
        content = archive.content(file)
        if content is None:
            continue
        name = file_name(file)
        if f"{name}.csv" in found:
            name += "~"  # an id may be the word `metrics`
        try:
            # Most providers send it as base64; whoever opens the file wants the table.
            found[f"{name}.csv"] = csv_text(content).encode()
        except ValueError:
            found[f"{name}.bin"] = content
    return found


def points_of(archive: Archive, id: str) -> list[Point]:
    """What was measured, by step: the result file's rows, and over them what the events told, which do not round.

    Where neither tells anything, what the checkpoints hold.
    """
    body = archive.body(id)
    by_step: dict[int, dict[str, float]] = {}
    for file in Job.read(json.loads(body)).result_files if body is not None else ():
        content = archive.content(file)
        with suppress(ValueError):
            for point in points_of_result_file(content) if content is not None else ():
                by_step.setdefault(point.step, {}).update(point.values)
    for step, values in archive.points(id):
        by_step.setdefault(step, {}).update(values)
    if not by_step:
        return points_of_checkpoints(Checkpoint.read(json.loads(text)) for text in archive.checkpoints(id))
    return [Point(step, values) for step, values in sorted(by_step.items())]


def csv_of(points: list[Point]) -> str:
    """Points as CSV with a heading; an empty cell where nothing was measured."""
    names = list(dict.fromkeys(name for point in points for name in point.values))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", *names])
    for point in points:
        writer.writerow([point.step, *(repr(point.values[name]) if name in point.values else "" for name in names)])
    return text.getvalue()


def file_name(id: str) -> str:
    """An id as the name of a file or directory: one part of a path, never hidden, never too long.

    Different ids have different names.
    """
    name = quote(id, safe="", errors="replace")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name) > LONGEST or not name:
        name = f"{name[:LONGEST]}~{hashlib.sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
    return name


def _pretty(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
