"""Content of the files that panes are exported to. Pure. Numbers and times are exact, not fitted to the screen."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING
from urllib.parse import quote

from fttui.learning.checkpoints import Checkpoints
from fttui.models.row import EventRow, JobRow
from fttui.text import clean_line, csv_cell

if TYPE_CHECKING:
    from fttui.models.checkpoint import Checkpoint

COLUMNS = (
    *("id", "status_text", "model", "suffix", "method", "fine_tuned_model", "created_at", "finished_at"),
    *("trained_tokens", "step", "total_steps", "loss", "gone"),
    *("summary.metric", "summary.last", "summary.best", "summary.best_step", "summary.train", "summary.gap"),
    *("summary.noise", "epochs", "rate", "batch", "seed", "alarms", "profile", "summary.gain"),
)
"""Columns of the CSV: members of `JobRow` and of its summary. New ones are added at the end."""
_TITLES = {"status_text": "status", "rate": "learning_rate", "batch": "batch_size"}


def jobs_csv(rows: Iterable[JobRow]) -> str:
    """Return rows of the list as CSV, with times in ISO 8601 and UTC."""
    import csv  # late, like `json`: exporting is rare, and the cockpit starts without them

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_TITLES.get(name, name.removeprefix("summary.")) for name in COLUMNS])
    for row in rows:
        writer.writerow([_cell(name, attrgetter(name)(row)) for name in COLUMNS])
    return out.getvalue()


def log_text(events: Iterable[EventRow]) -> str:
    """Return events as lines of time, level and message, separated by tabs."""
    return "".join(f"{_time(event.created_at)}\t{event.level}\t{' '.join(event.message.split())}\n" for event in events)


def job_json(raw: object) -> str:
    """Return the JSON of a job as sent, indented, in ASCII."""
    import json

    return json.dumps(raw, indent=2) + "\n"


def jobs_json(raws: Iterable[object]) -> str:
    """Return jobs as sent, in a list of the API's shape (`object`, `data`), in ASCII."""
    import json

    return json.dumps({"object": "list", "data": list(raws)}, indent=2) + "\n"


def checkpoints_csv(judged: Checkpoints) -> str:
    """Return the checkpoints of a job as CSV, by step, with times in ISO 8601 and UTC."""
    import csv

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "step", "epoch", judged.metric or "valid_loss", "train_loss", "created_at", "model", "best"])
    for row in judged.rows:
        numbers = ["" if value is None else value for value in (row.step, row.epoch, row.valid, row.train)]
        is_best = "best" if row == judged.best else "equal" if judged.is_equal(row) else ""
        writer.writerow([csv_cell(row.id), *numbers, _time(row.at), csv_cell(row.model), is_best])
    return out.getvalue()


def checkpoints_json(checkpoints: Iterable[Checkpoint]) -> str:
    """Return checkpoints as sent, in a list of the API's shape (`object`, `data`), in ASCII."""
    return jobs_json(each.sent for each in checkpoints)


def curl_command(base_url: str, id: str, *, azure: bool = False) -> str:
    """Return the curl command that fetches a job. It refers to the key by the variable `KEY`."""
    import shlex

    header = "api-key: $KEY" if azure else "Authorization: Bearer $KEY"
    address = f"{base_url}/fine_tuning/jobs/{quote(id, safe='')}"
    return f'curl -H "{header}" {shlex.quote(address)}'


def shown_path(path: str) -> str:
    """Return the absolute path of a file, with `~` for the home directory."""
    path = clean_line(os.path.abspath(path))
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if path.startswith(home + os.sep) else path


def log_jsonl(events: Iterable[EventRow]) -> str:
    """Return events as JSON lines in the shape of the API, in ASCII."""
    import json

    return "".join(
        json.dumps(
            {
                "object": "fine_tuning.job.event",
                "id": event.id,
                "created_at": event.created_at,
                "level": event.level,
                "type": event.type,
                "message": event.message,
                "data": _decoded(event.data),
            }
        )
        + "\n"
        for event in events
    )


def _decoded(data: str) -> object:
    import json

    try:
        return json.loads(data) if data else None
    except ValueError:
        return data


def _cell(name: str, value: object) -> object:
    if name in ("created_at", "finished_at"):
        return _time(value)
    if isinstance(value, str):
        return csv_cell(value)
    return "" if value is None else value


def _time(value: object) -> str:
    if not isinstance(value, int | float):
        return ""
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
