"""Ranges and ticks of a chart. Standard library only."""

import math
from collections.abc import Sequence

from fttui.learning.ticks import log_ticks, nice_step, ticks
from fttui.ui.render.chart.view import Curves


def x_range(runs: Sequence[Curves], zoom: tuple[float, float] | None) -> tuple[float, float]:
    """Return the horizontal range: the whole run where its length is known, else a round length with room."""
    if zoom:
        return zoom
    last = max((x for run in runs for series in (run.train, run.valid) for x in series.steps[-1:]), default=1.0)
    total = max((run.total or 0.0 for run in runs), default=0.0)
    if total >= last:
        return 0.0, float(total)
    if not any(run.is_live for run in runs):
        return 0.0, max(last, 1.0)
    last = max(last, 1.0)  # times of a server may go backwards
    step = nice_step(last * 1.1, 5)  # a fifth more, in steps, so that the chart is not drawn anew with every point
    return 0.0, step * math.ceil(last * 1.02 / step)


def axis_figure(at: float) -> str:
    """Return a step or an epoch: a step whole, an epoch with at most two places."""
    return f"{at:.2f}".rstrip("0").rstrip(".")


def most_ticks(height: int) -> int:
    """Return the number of ticks for a plot of `height` rows: one in two or three rows."""
    return height // 3 if height >= 15 else height // 2 + 1


def tick_values(low: float, high: float, height: int, *, is_log: bool) -> list[float]:
    """Return the ticks of the vertical axis; exponents with a logarithmic axis."""
    if is_log:
        return [math.log10(value) for value in log_ticks(10**low, 10**high, most_ticks(height))]
    return ticks(low, high, most_ticks(height))


def y_axis(low: float, high: float, height: int, *, is_log: bool) -> tuple[float, float]:
    """Return a range around the values that begins and ends at half a tick."""
    if high - low <= 1e-9 * abs(high):
        pad = abs(high) * 0.1 or 1.0
        low, high = low - pad, high + pad
    if is_log:
        room = (high - low) * 0.04
        return low - room, high + room
    step = nice_step(high - low, most_ticks(height)) / 2
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
