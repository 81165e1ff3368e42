"""How the job under the cursor does, in one line: what one would look for first in its detail. Pure."""

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
"""Cells of the curve."""
WINDOW = 50
"""Steps over which the loss is said to go up or down."""


def headline(job: Job, row: JobRow, told: JobFacts, now: float, glyphs: Glyphs, *, ahead: int = 0) -> Line:
    """While it trains its losses and the time left, at its end the model or the reason; else empty. `ahead` is how many
    jobs have their turn before it."""
    dot = f" {glyphs.dot} "
    match row.status:
        case Status.FAILED:
            reason = (job.error.message or job.error.code) if job.error is not None else ""
            return [(f" failed: {reason or 'no reason given'}", "fail")]
        case Status.SUCCEEDED if job.fine_tuned_model:
            took = "" if None in (row.created_at, row.finished_at) else _took(row)
            return [(f" {job.fine_tuned_model}", "done"), (f"{dot}{took}" if took else "", "dim")]
        case Status.QUEUED if ahead > 0:
            return [(f" waits for its turn: {ahead} job{'s' if ahead > 1 else ''} before it", "dim")]
        case _ if row.status.is_live and told.losses:
            curve = spark(told.losses, CURVE) if glyphs.unicode else ""
            spans: list[Span] = [(f" loss {told.losses[-1]:.4g} {curve}".rstrip(), "run")]
            left = left_words(time_left(row, told.last_events, now))
            valid = "" if told.validation is None else f"valid {told.validation:.4g}"
            spans += [(dot + words, "dim") for words in (valid, trend(told.losses), left) if words]
            return spans
    return []


def trend(losses: Sequence[float]) -> str:
    """`down 0.21 in 50 steps`: by the straight line through the newest losses; `level` where their noise is larger."""
    window = [loss for loss in losses[-WINDOW:] if math.isfinite(loss)]
    count = len(window)
    if count < 10:
        return ""
    middle, mean = (count - 1) / 2, sum(window) / count
    spread = sum((at - middle) ** 2 for at in range(count))
    slope = sum((at - middle) * (loss - mean) for at, loss in enumerate(window)) / spread
    rest = sum((loss - mean - slope * (at - middle)) ** 2 for at, loss in enumerate(window))
    # Twice the standard error of a slope is what chance alone makes one time in twenty.
    if abs(slope) <= 2 * math.sqrt(rest / (count - 2) / spread):
        return f"level over {count} steps"
    return f"{'up' if slope > 0 else 'down'} {abs(slope) * (count - 1):.2g} in {count} steps"


def _took(row: JobRow) -> str:
    return f"took {duration((row.finished_at or 0) - (row.created_at or 0))}"
