"""Rows of directories that the archive does not have yet, for the first frame. Standard library only."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from fttui.models.row import JobRow
from fttui.runs.directory import Directory
from fttui.runs.job import changed_at, first_change, job_of
from fttui.runs.log import RunLog
from fttui.runs.place import paths_of
from fttui.text import clean_line

PATIENCE = 0.1
"""Seconds that the start of the cockpit waits for rows: a disk may be slow, or not answer."""
MOST_DIRECTORIES = 500
"""Most directories in which runs are looked for. In more of them, nobody knows early which runs are the newest."""


def first_look(url: str, limit: int, now: float) -> list[JobRow]:
    """Return rows of the newest runs below the directories in a URL, newest first: those read within `PATIENCE`."""
    found: list[JobRow] = []
    end = time.monotonic() + PATIENCE
    # A thread, because a call to a disk that does not answer cannot be ended.
    look = threading.Thread(target=_look, args=(paths_of(url), limit, now, end, found), daemon=True)
    look.start()
    look.join(PATIENCE)
    return sorted(found, key=lambda row: (row.created_at or 0.0, row.id), reverse=True)


def _look(patterns: Sequence[str], limit: int, now: float, end: float, found: list[JobRow]) -> None:
    """Append rows to `found` until the time `end`. Faults are left to the list, which names them."""
    try:
        directory = Directory(patterns, most=MOST_DIRECTORIES)
        directory.refresh()
        if directory.is_cut:
            return
        marks = {id: directory.signature(run, directory.files(run)) for id, run in directory.runs.items()}
        for id in sorted(marks, key=lambda id: (changed_at(marks[id]), id), reverse=True)[:limit]:
            if time.monotonic() >= end:
                return
            run = directory.runs[id]
            log = RunLog(run, directory.readers(run))
            log.read()
            facts = {**log.facts, "seen_at": first_change(marks[id])}
            found.append(_row(job_of(run, facts, changed_at(marks[id]), now)))
    except Exception:
        return


def _row(job: dict[str, Any]) -> JobRow:
    """Return the row of a run without its losses, which are read with its log."""
    return JobRow(
        id=job["id"],
        status_text=job["status"],
        model=clean_line(str(job["model"] or "")),
        suffix=clean_line(str(job["suffix"])),
        created_at=job["created_at"],
        finished_at=job["finished_at"],
        step=job["trained_steps"],
        total_steps=job["total_steps"],
    )
