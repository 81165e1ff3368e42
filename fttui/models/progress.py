"""Time left and stages of a job, computed from its events. Pure."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fttui.clock import duration
from fttui.models.row import EventRow, JobRow
from fttui.models.status import Status

RECENT = 20
"""Number of latest intervals between steps that count for the pace."""

# Messages of OpenAI and Azure when a job changes its state.
_MARKS = (
    ("queued", re.compile(r"moving job to queued|^job enqueued", re.I)),
    ("running", re.compile(r"^(fine-tuning )?job started", re.I)),
)


_HAS_RUN = (Status.RUNNING, Status.STOPPING, Status.PAUSED, Status.SUCCEEDED)


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
    unreported = ("running" not in names and row.status in _HAS_RUN) or (
        "queued" not in names and row.status is Status.QUEUED
    )
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


def time_left(row: JobRow, events: Sequence[EventRow], now: float) -> tuple[float, float] | None:
    """Return the least and the most seconds until the last step, from the pace of the latest steps.

    None for a job that is not running, and for one with an unknown length or too few steps.
    """
    if row.status is not Status.RUNNING or not row.total_steps:
        return None
    paces: list[float] = []
    previous: tuple[int, float] | None = None
    for event in events:
        step = step_of(event)
        if step is None or event.created_at is None:
            continue
        if previous is not None and step > previous[0] and event.created_at >= previous[1]:
            paces.append((event.created_at - previous[1]) / (step - previous[0]))
        previous = (step, event.created_at)
    if len(paces) < 3 or previous is None:
        return None
    recent = sorted(paces[-RECENT:])
    mean = sum(recent) / len(recent)
    # Times of events are whole seconds, so single paces are coarse: use at least 10 % around their mean.
    low = min(mean * 0.9, max(recent[len(recent) // 4], mean * 0.5))
    high = max(mean * 1.1, min(recent[len(recent) * 3 // 4], mean * 2.0))
    remaining = row.total_steps - previous[0]
    passed = max(0.0, now - previous[1])
    if remaining > 0 and passed >= remaining * high:
        return None  # the job should have ended: the pace has changed, or no more events arrive
    return max(0.0, remaining * low - passed), max(0.0, remaining * high - passed)


def left_words(left: tuple[float, float] | None) -> str:
    """Return the time left as text: `20s to 26s left`, or an empty string."""
    if left is None:
        return ""
    low, high = duration(left[0]), duration(left[1])
    return f"{low} left" if low == high else f"{low} to {high} left"


def step_of(event: EventRow) -> int | None:
    """Return the step of a metrics event, or None for a different event."""
    if event.type != "metrics" or not event.data:
        return None
    try:
        step = json.loads(event.data).get("step")
    except (ValueError, AttributeError):
        return None
    return int(step) if isinstance(step, int | float) and not isinstance(step, bool) and step == step else None
