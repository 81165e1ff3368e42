"""The last resort: rows for the files and job directories on the disk, when the database and its copy are both lost.

The record in a job's `job.json` (`record_of`) has the rows of the job and of its files. Each content has a description
with the row of its file. A content of an older version, which has neither, gets its id as name.
"""

import itertools
import json
import os
import re
from collections.abc import Iterable
from typing import Any

from fttui.server.storage import kept_events
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.deletions import is_marked
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import FINAL, JobRecord

_FILE = re.compile(r"file-[A-Za-z0-9]{20,40}")
_LARGEST = 4 << 20
"""Bytes of the largest job.json to read."""
_MOST_ROWS = 5000
"""Rows in one transaction."""
_FRESH = ("offset", "step", "garbage", "restarts", "restart_step", "restart_offset", "phase", "life")
"""Members of a job that did not end that its progress file gives again."""
_TEXTS = ("id", "status", "model", "base", "method", "training_file")


def record_of(database: ServiceDatabase, job: JobRecord) -> dict[str, Any]:
    """Return the rows of a job for its `job.json`, without its events."""
    files = [job.training_file, job.validation_file, *job.result_files]
    found = [database.files.get(id, 0) for id in files if id is not None]
    checkpoints, _ = database.checkpoints.page(job, after=None, limit=99)
    return {
        "job": job._asdict(),
        "files": [file._asdict() for file in found if file is not None],
        "checkpoints": [one._asdict() for one in checkpoints],
        "models": [model._asdict() for model in database.models.of(job)],
    }


def salvage(paths: HomePaths, database: ServiceDatabase, now: int, roots: Iterable[str] = ()) -> list[str]:
    """Add rows to an empty database for what the disk still tells. Return messages for the user.

    Args:
        roots: more parents of directories of jobs, on disks of engines.
    """
    every = [_record(paths, name, root) for root in (None, *roots) for name in _names(root or paths.jobs)]
    records = [record for record in every if record is not None]
    records.sort(key=lambda record: (record["job"]["created_at"], record["job"].get("seq") or 0))
    described = {file["id"]: file for record in records for file in record["files"]}
    files, nameless = [], 0
    for name in sorted(os.listdir(paths.files)):
        if _FILE.fullmatch(name):
            found = os.stat(paths.file(name))
            plain = {
                "filename": name,
                "purpose": "fine-tune",
                "bytes": found.st_size,
                "created_at": int(found.st_mtime),
            }
            own = paths.descriptions.read(name)
            row = described.get(name) or (own.row if own else None)
            nameless += row is None
            files.append({**plain, **(row or {}), "id": name, "seq": None})
    files.sort(key=lambda file: file["created_at"])
    database.restore("file", files)
    with_events = [_restore_job(paths, database, record, now) for record in records]
    if not files and not records:
        return []
    lost = f" The names of {nameless} files are lost: their ids replace them." if nameless else ""
    bare = sum(not has_events for has_events in with_events)
    lost += f" The events of {bare} ended jobs are lost." if bare else ""
    return [f"{len(records)} jobs and {len(files)} files were found on the disk.{lost}"]


def _restore_job(paths: HomePaths, database: ServiceDatabase, record: dict[str, Any], now: int) -> bool:
    """Add the rows of a job. Return False if its events are lost."""
    job = {name: value for name, value in record["job"].items() if name in JobRecord._fields and name != "seq"}
    if job["status"] not in FINAL:
        job = {**{name: value for name, value in job.items() if name not in _FRESH}, "result": None, "failure": None}
        # The runner reads all progress again, and then adopts, restarts or ends the trainer.
        job["status"] = "running"
    (seq,) = database.restore("job", [job])
    metadata = job.get("metadata") or {}
    database.restore("job_metadata", [{"key": key, "value": str(value), "job": seq} for key, value in metadata.items()])
    # The events and samples of a job that did not end come from its progress file.
    is_ended = job["status"] in FINAL
    directory = paths.job(job["id"], job.get("root"))
    events = kept_events.read_events(directory, seq) if is_ended else iter(())
    added = 0
    while some := list(itertools.islice(events, _MOST_ROWS)):
        added += len(database.restore("event", some))
    samples = kept_events.read_samples(directory, seq) if is_ended else iter(())
    while some := list(itertools.islice(samples, _MOST_ROWS)):
        database.restore("samples", some)
    message = "This job was restored from its directory after the service's database was lost"
    event = {"job": seq, "created_at": now, "level": "warn", "type": "message", "message": message, "data": {}}
    database.restore("event", [event])
    names = os.listdir(directory)
    models = [model for model in record["models"] if model["path"] in names]
    members = ("id", "created", "base", "path")
    database.restore("model", [{**{name: model[name] for name in members}, "job": seq} for model in models])
    kept = ("id", "step", "created_at", "model", "metrics")
    checkpoints = [{**{name: one[name] for name in kept}, "job": seq} for one in reversed(record["checkpoints"])]
    database.restore("checkpoint", checkpoints)
    return added > 0 or not is_ended


def _names(root: str) -> list[str]:
    try:
        return sorted(os.listdir(root))
    except OSError:
        return []  # an engine without jobs, or a disk that is away


def _record(paths: HomePaths, name: str, root: str | None) -> dict[str, Any] | None:
    """Return the record in a job's directory; None when there is none that can be used."""
    if is_marked(paths, name, root):
        return None  # the user has deleted it
    try:
        with open(os.path.join(paths.job(name, root), "job.json"), "rb") as file:
            record: dict[str, Any] = json.loads(file.read(_LARGEST))["record"]
        job = record["job"]
        texts = [job[key] for key in _TEXTS]
        lists = [record[key] for key in ("files", "checkpoints", "models")]
        usable = all(isinstance(text, str) for text in texts) and all(isinstance(one, list) for one in lists)
        usable = usable and isinstance(job["created_at"], int) and job["id"] == name
        usable = usable and job.get("root") == root
        for file in record["files"]:
            usable = usable and all(isinstance(file[key], str) for key in ("id", "filename", "purpose"))
        return record if usable and all("path" in model for model in record["models"]) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
