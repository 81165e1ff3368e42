"""Stages of a job, from its events. Pure."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fttui.clock import duration
from fttui.models.row import EventRow, JobRow
from fttui.models.status import Status

# Messages of OpenAI and Azure when a job changes its state.
_MARKS = (
    ("queued", re.compile(r"moving job to queued|^job enqueued", re.I)),
    ("running", re.compile(r"^(fine-tuning )?job started", re.I)),
)


_HAS_RUN = (Status.RUNNING, Status.STALLED, Status.STOPPING, Status.PAUSED, Status.SUCCEEDED)
_WAITING = (Status.VALIDATING, Status.QUEUED)


class Stage(NamedTuple):
    """Time that a job spent in a state. Times are Unix seconds. `end` is None for the current state."""

    name: str
    start: float
    end: float | None


def stages(row: JobRow, first_events: Iterable[EventRow], last_event: EventRow | None) -> list[Stage]:
    """Return the stages of a job in order.

    Args:
        first_events: the oldest events of the job.
    """
    if row.created_at is None:
        return []
    starts = [("validating", row.created_at)]
    for event in first_events:
        for name, mark in _MARKS:
            seen = [stage for stage, _ in starts]
            if event.created_at is not None and name not in seen and mark.search(event.message):
                starts.append((name, max(event.created_at, starts[-1][1])))
    names = {name for name, _ in starts}
    has_run = row.status in _HAS_RUN or (row.step is not None and row.status not in _WAITING)
    unreported = ("running" not in names and has_run) or ("queued" not in names and row.status is Status.QUEUED)
    if unreported:
        return []  # the start of the current state is unknown, so the earlier stages cannot be separated
    end: float | None = None
    if row.status.is_final:
        # A cancelled or failed job has no `finished_at`: use the time of its last event.
        end = row.finished_at or (last_event.created_at if last_event else None)
        if end is None:
            return []
    ends = [start for _, start in starts[1:]]
    return [Stage(name, start, stop) for (name, start), stop in zip(starts, [*ends, end], strict=True)]


def stage_words(found: Sequence[Stage], now: float) -> str:
    """Return stages as text: `validating 2s · queued 1s · running 3m 05s`."""
    return " · ".join(f"{stage.name} {duration((stage.end or now) - stage.start)}" for stage in found)
