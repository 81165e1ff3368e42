"""Values under the cross-hair of a chart, in one line. Standard library only."""

from collections.abc import Sequence

from fttui.clock import duration
from fttui.learning.figures import LOST
from fttui.learning.ticks import number
from fttui.ui.render.chart.view import Curves, Span, View


def position_words(at: float, unit: str) -> str:
    """Return a position on the horizontal axis in words: `step 452`, `epoch 9.71`, `time 3 s`."""
    if unit == "time":
        return f"time {duration(at)}"
    return f"{unit} {at:.2f}" if unit == "epoch" else f"{unit} {at:.0f}"


def readout(runs: Sequence[Curves], view: View) -> list[Span]:
    """Return the values at the cross-hair; without a cross-hair, the last values."""
    at = view.cursor
    if at is None:
        at = max((run.last for run in runs), default=0.0)
    spans: list[Span] = [(f" {position_words(at, view.unit)}", "cross" if view.cursor is not None else "dim")]
    if len(runs) == 1:
        return [*spans, *_one(runs[0], at, view.unit)]
    for index, run in enumerate(runs):
        value = run.value_at(at)
        spans.append((f"  {index + 1} {run.name} {'-' if value is None else number(value)}", f"run{index + 1}"))
    return spans


def _one(run: Curves, at: float, unit: str) -> list[Span]:
    if run.base is not None and at == run.base[0]:
        return [("  base model", "dim"), (f"  valid {number(run.base[1])}", "valid")]
    spans: list[Span] = []
    if run.epochs and unit == "step":
        spans.append((f"  epoch {min(len(run.epochs), 1 + sum(end < at for end in run.epochs))}", "dim"))
    for series, line, role, weight in (
        (run.train, run.train_line, "train", run.train_weight),
        (run.valid, run.valid_line, "valid", run.valid_weight),
    ):
        if (near := series.index_near(at)) is None:
            continue
        if series.is_lost and at > series.steps[-1]:
            spans.append((f"  {role} {LOST}", "warn"))
            continue
        spans.append((f"  {role} {number(series.values[near])}", role))
        if weight:
            spans.append((f" (smoothed {number(line[near])})", "dim"))
    return spans
