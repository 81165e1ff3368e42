"""Headline: the state of the selected job in one line. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fttui.clock import duration
from fttui.models.progress import left_words, time_left
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span
from fttui.ui.render.sparkline import spark

if TYPE_CHECKING:
    from fttui.models.job import Job
    from fttui.ui.render.detail_lines import JobFacts

CURVE = 8
"""Width of the sparkline in cells."""
WINDOW = 50
"""Number of steps over which the trend of the loss is computed."""


def headline(job: Job, row: JobRow, facts: JobFacts, now: float, glyphs: Glyphs, *, ahead: int = 0) -> Line:
    """Build the headline: losses and time left of a live job, model or failure reason of an ended job, else empty.

    Args:
        ahead: number of jobs that run before a queued job.
    """
    dot = f" {glyphs.dot} "
    match row.status:
        case Status.FAILED:
            reason = (job.error.message or job.error.code) if job.error is not None else ""
            return [(f" failed: {reason or 'no reason given'}", "fail")]
        case Status.SUCCEEDED if job.fine_tuned_model:
            took = "" if None in (row.created_at, row.finished_at) else _took(row)
            return [(f" {job.fine_tuned_model}", "done"), (f"{dot}{took}" if took else "", "dim")]
        case Status.QUEUED if ahead > 0:
            return [(f" queued behind {ahead} job{'s' if ahead > 1 else ''}", "dim")]
        case _ if row.status.is_live and facts.losses:
            curve = spark(facts.losses, CURVE) if glyphs.unicode else ""
            spans: list[Span] = [(f" loss {facts.losses[-1]:.4g} {curve}".rstrip(), "run")]
            left = left_words(time_left(row, facts.last_events, now))
            valid = "" if facts.validation is None else f"valid {facts.validation:.4g}"
            spans += [(dot + words, "dim") for words in (valid, trend(facts.losses), left) if words]
            return spans
    return []


def trend(losses: Sequence[float]) -> str:
    """Describe the trend of the newest losses: `down 0.21 in 50 steps`, or `level` when the slope is within noise.

    The slope is that of a least-squares line.
    """
    window = [loss for loss in losses[-WINDOW:] if math.isfinite(loss)]
    count = len(window)
    if count < 10:
        return ""
    middle, mean = (count - 1) / 2, sum(window) / count
    spread = sum((at - middle) ** 2 for at in range(count))
    slope = sum((at - middle) * (loss - mean) for at, loss in enumerate(window)) / spread
    rest = sum((loss - mean - slope * (at - middle)) ** 2 for at, loss in enumerate(window))
    # A slope within twice its standard error occurs by chance in about 95 of 100 cases.
    if abs(slope) <= 2 * math.sqrt(rest / (count - 2) / spread):
        return f"level over {count} steps"
    change = abs(slope) * (count - 1)
    amount = f"{change:.2g}" if change < 10 else f"{change:.0f}"
    return f"{'up' if slope > 0 else 'down'} {amount} in {count} steps"


def _took(row: JobRow) -> str:
    return f"took {duration((row.finished_at or 0) - (row.created_at or 0))}"
