"""Rows of directories that the archive does not have yet, for the first frame. Standard library only."""

import os
import threading
import time
from collections.abc import Iterator, Sequence

from fttui.lean_typing import Any
from fttui.models.row import JobRow
from fttui.runs import names
from fttui.runs.directory import Directory
from fttui.runs.facts import joined
from fttui.runs.formats.base import Found, Reader
from fttui.runs.job import changed_at, first_change, job_of
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
            facts = _facts([_found(reader) for _, reader in directory.readers(run)])
            facts["seen_at"] = first_change(marks[id])
            found.append(_row(job_of(run, facts, changed_at(marks[id]), now)))
    except Exception:
        return


def _found(reader: Reader) -> Found:
    try:
        return reader.read()
    except Exception:  # of a reader of foreign files; the list names it
        return Found()


def _facts(found: Sequence[Found]) -> dict[str, Any]:
    """Return the facts about a run without its log, which takes longer to put together than everything else."""
    points = [point for each in found for point in each.points]
    times = sorted({point.time for point in points if point.time is not None})
    newest_first = sorted(points, key=lambda point: point.step, reverse=True)
    last_step = next((point.step for point in newest_first if names.canonical(point.values)), None)
    return joined([dict(each.facts) for each in found], times, _saved(found), last_step)


def _saved(found: Sequence[Found]) -> Iterator[float]:
    """Yield the times of the checkpoints of a run."""
    for checkpoint in (checkpoint for each in found for checkpoint in each.checkpoints):
        try:
            yield os.stat(checkpoint.path).st_mtime
        except OSError:
            continue


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
