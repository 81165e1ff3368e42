"""Export of archived jobs: one directory for each, with JSON and CSV files.

File names are made from ids and escaped. A name that a server sent is never used as a path.
"""

import hashlib
import json
import os
from typing import Any
from urllib.parse import quote

from fttui import atomic
from fttui.models.job import Job
from fttui.models.metric import points_csv, result_csv
from fttui.models.raw_json import decode, encode
from fttui.models.wire import SENT, sent
from fttui.store.archive.archive import Archive
from fttui.store.archive.metrics import archived_points

MAX_NAME_LENGTH = 120
"""Most characters of an id in a file name. A longer id is shortened, with a hash."""


def export_job(archive: Archive, id: str, parent: str, *, force: bool = False) -> str:
    """Write a job into a new directory below `parent`. Returns the path of the directory.

    `job.json`, `checkpoints.json` and `files.json` have the JSON that the provider sent, `events.jsonl` one event a
    line, oldest first, `samples.jsonl` the samples of one step a line, if there are any, `metrics.csv` the metrics by
    step. Each result file is named after its id.

    Args:
        force: use an existing directory, and replace files of these names only.

    Raises:
        KeyError: the archive has no such job.
        FileExistsError: the directory exists, and `force` is not given.
        OSError: a file cannot be written.
    """
    body = archive.jobs.body(id)
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
        atomic.write(os.path.join(folder, name), content, sync=False)
    # Last, so that a directory with job.json is complete.
    atomic.write(os.path.join(folder, "job.json"), _pretty(sent(decode(body, id=id))), sync=False)
    return folder


def _contents(archive: Archive, id: str, body: str) -> dict[str, bytes]:
    job = Job.read(decode(body))
    events = archive.events.raw(id)
    found = {
        "events.jsonl": "".join(f"{_as_sent(event)}\n" for event in events).encode(),
        "checkpoints.json": _pretty([sent(decode(text)) for text in archive.jobs.checkpoints(id)]),
        "metrics.csv": points_csv(archived_points(archive, id)).encode(),
    }
    if samples := archive.samples.all(id):
        found["samples.jsonl"] = "".join(f"{one}\n" for one in samples).encode()
    named = dict.fromkeys(filter(None, (job.training_file, job.validation_file, *job.result_files)))
    files = [sent(decode(text)) for file in named if (text := archive.files.get(file)) is not None]
    found["files.json"] = _pretty(files)
    for file in job.result_files:
        content = archive.files.content(file)
        if content is None:
            continue
        name = file_name(file)
        if f"{name}.csv" in found:
            name += "~"  # the id is `metrics`
        try:
            # Most providers send the CSV as base64.
            found[f"{name}.csv"] = result_csv(content)
        except ValueError:
            found[f"{name}.bin"] = content
    return found


def _as_sent(text: str) -> str:
    return encode(sent(decode(text))) if SENT in text else text


def file_name(id: str) -> str:
    """Return an id as a file name: one path component, not hidden, of limited length, unique for the id."""
    name = quote(id, safe="", errors="replace")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name) > MAX_NAME_LENGTH or not name:
        name = f"{name[:MAX_NAME_LENGTH]}~{hashlib.sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
    return name


def _pretty(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
