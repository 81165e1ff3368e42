"""How the job under the cursor does, in one line: what one would look for first in its detail. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fttui.clock import duration
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.ui.glyphs import Glyphs
from fttui.ui.panes.progress import left_words, time_left
from fttui.ui.rows import Line, Span
from fttui.ui.spark import spark

if TYPE_CHECKING:
    from fttui.models.job import Job
    from fttui.ui.panes.detail import Told

CURVE = 8
"""Cells of the curve."""
WINDOW = 50
"""Steps over which the loss is said to go up or down."""


def headline(job: Job, row: JobRow, told: Told, now: float, glyphs: Glyphs) -> Line:
    """While it trains its loss and time left, at its end the model or the reason; else empty."""
    dot = f" {glyphs.dot} "
    match row.status:
        case Status.FAILED:
            reason = (job.error.message or job.error.code) if job.error is not None else ""
            return [(f" failed: {reason or 'no reason given'}", "fail")]
        case Status.SUCCEEDED if job.fine_tuned_model:
            took = "" if None in (row.created_at, row.finished_at) else _took(row)
            return [(f" {job.fine_tuned_model}", "done"), (f"{dot}{took}" if took else "", "dim")]
        case _ if row.status.is_live and told.losses:
            curve = spark(told.losses, CURVE) if glyphs.unicode else ""
            spans: list[Span] = [(f" loss {told.losses[-1]:.4g} {curve}".rstrip(), "run")]
            left = left_words(time_left(row, told.last_events, now))
            spans += [(dot + words, "dim") for words in (trend(told.losses), left) if words]
            return spans
    return []


def trend(losses: Sequence[float]) -> str:
    """`down 0.21 in 50 steps`: the mean of the last tenth of a window against that of its first."""
    window = losses[-WINDOW:]
    if len(window) < 10:
        return ""
    tenth = max(1, len(window) // 10)
    change = sum(window[-tenth:]) / tenth - sum(window[:tenth]) / tenth
    if change != change or abs(change) == float("inf"):
        return ""
    return f"{'up' if change > 0 else 'down'} {abs(change):.2g} in {len(window)} steps"


def _took(row: JobRow) -> str:
    return f"took {duration((row.finished_at or 0) - (row.created_at or 0))}"
