"""What a pane shows, as the content of a file. Pure; numbers and times whole, not as fitted to the screen."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from fttui.models.row import EventRow, JobRow
from fttui.text import clean_line

if TYPE_CHECKING:
    pass

COLUMNS = (
    *("id", "status_text", "model", "suffix", "method", "fine_tuned_model", "created_at", "finished_at"),
    *("trained_tokens", "step", "total_steps", "loss", "gone"),
)


def jobs_csv(rows: Iterable[JobRow]) -> str:
    """The rows of the list as CSV; times in ISO 8601, UTC."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["status" if name == "status_text" else name for name in COLUMNS])
    for row in rows:
        writer.writerow([_cell(name, getattr(row, name)) for name in COLUMNS])
    return out.getvalue()


def log_text(events: Iterable[EventRow]) -> str:
    """Events as lines: time, level, message."""
    return "".join(f"{_time(event.created_at)}\t{event.level}\t{' '.join(event.message.split())}\n" for event in events)


def job_json(raw: object) -> str:
    """A job's JSON as sent, indented, in ASCII."""
    return json.dumps(raw, indent=2) + "\n"


def jobs_json(raws: Iterable[object]) -> str:
    """Jobs as sent, as a list in the wire's shape (`object`, `data`), in ASCII."""
    return json.dumps({"object": "list", "data": list(raws)}, indent=2) + "\n"


def curl_words(base_url: str, id: str, *, azure: bool = False) -> str:
    """The command that asks for a job. It names a variable for the key, which is never written."""
    header = "api-key: $KEY" if azure else "Authorization: Bearer $KEY"
    address = f"{base_url}/fine_tuning/jobs/{quote(id, safe='')}"
    return f'curl -H "{header}" {shlex.quote(address)}'


def shown_path(path: str) -> str:
    """Where a file is, as a person would say it: whole, with `~` for the home directory."""
    path = clean_line(os.path.abspath(path))
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if path.startswith(home + os.sep) else path


def log_jsonl(events: Iterable[EventRow]) -> str:
    """Events as JSON lines in the shape of the wire, in ASCII."""
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
    try:
        return json.loads(data) if data else None
    except ValueError:
        return data


def _cell(name: str, value: object) -> object:
    if name in ("created_at", "finished_at"):
        return _time(value)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@")):
        return "'" + value  # a spreadsheet would run it
    return "" if value is None else value


def _time(value: object) -> str:
    if not isinstance(value, int | float):
        return ""
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
