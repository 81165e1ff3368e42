"""Events and samples of an ended job in files of its directory: they survive the loss of the database and its copy."""

import os
from collections.abc import Iterator
from typing import Any

from fttui.server.storage import kept_lines
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.records import JobRecord

EVENTS, SAMPLES = "events.jsonl.gz", "samples.jsonl.gz"
FILENAMES = (EVENTS, SAMPLES)
_OF_EVENT = ("created_at", "level", "type", "message", "data")
_OF_SAMPLES = ("id", "step", "created_at", "samples")


def write(directory: str, database: ServiceDatabase, job: JobRecord) -> None:
    """Write all events of a job, oldest first, and its samples, if it has any."""
    events = database.events.every(job)
    kept_lines.write(os.path.join(directory, EVENTS), ([getattr(one, name) for name in _OF_EVENT] for one in events))
    samples = [[getattr(one, name) for name in _OF_SAMPLES] for one in database.samples.every(job)]
    if samples:
        kept_lines.write(os.path.join(directory, SAMPLES), samples)


def read_events(directory: str, job: int) -> Iterator[dict[str, Any]]:
    """Return rows of events for the job with this `seq`, as far as the file is readable."""
    for row in _rows(os.path.join(directory, EVENTS), _OF_EVENT):
        if not isinstance(row["data"], dict):
            return
        step = row["data"].get("step") if row["type"] == "metrics" else None
        yield {**row, "job": job, "step": step}


def read_samples(directory: str, job: int) -> Iterator[dict[str, Any]]:
    """Return rows of samples for the job with this `seq`, as far as the file is readable."""
    for row in _rows(os.path.join(directory, SAMPLES), _OF_SAMPLES):
        if not isinstance(row["step"], int) or not isinstance(row["samples"], list):
            return
        yield {**row, "job": job}


def _rows(path: str, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for values in kept_lines.read(path):
        if not isinstance(values, list) or len(values) != len(names):
            return
        yield dict(zip(names, values, strict=True))
