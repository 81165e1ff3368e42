"""Events of an ended job in a file of its directory: they survive the loss of the database and its copy."""

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

from fttui import atomic
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.records import JobRecord

FILENAME = "events.jsonl.gz"
_MEMBERS = ("created_at", "level", "type", "message", "data")
_LONGEST_LINE = 4 << 20


def write(path: str, database: ServiceDatabase, job: JobRecord) -> None:
    """Write all events of a job, oldest first."""
    with atomic.writing(path, overwrite=True) as plain, gzip.open(plain, "wb", compresslevel=1) as file:
        for event in database.events.every(job):
            file.write(json.dumps([getattr(event, name) for name in _MEMBERS]).encode() + b"\n")


def read(path: str, job: int) -> Iterator[dict[str, Any]]:
    """Return rows of events for the job with this `seq`, as far as the file is readable."""
    try:
        with gzip.open(path, "rb") as file:
            while line := file.readline(_LONGEST_LINE):
                row = dict(zip(_MEMBERS, json.loads(line), strict=True))
                step = row["data"].get("step") if row["type"] == "metrics" else None
                yield {**row, "job": job, "step": step}
    except (OSError, EOFError, ValueError, TypeError, AttributeError, zlib.error):
        return
