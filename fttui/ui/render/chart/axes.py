"""Ranges, ticks and numbers of a chart. Standard library only."""

import math
from collections.abc import Sequence

from fttui.ui.render.chart.view import Curves

DECIMAL_UNITS = (1, 2, 2.5, 5, 10)
LOG_UNITS = ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
"""Multiples of powers of ten for a logarithmic axis, the densest first."""


def nice_step(span: float, most: int) -> float:
    """Return the smallest of 1, 2, 2.5, 5 times a power of ten that makes at most `most` steps of `span`."""
    if span <= 0 or most < 1:
        return 1.0
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * unit for unit in DECIMAL_UNITS if power * unit >= rough * (1 - 1e-9))


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most about `most` round values from `low` to `high`."""
    step = nice_step(high - low, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round values of a logarithmic axis, as values and not as exponents."""
    found: list[float] = []
    for units in LOG_UNITS:
        found = [
            unit * 10.0**power
            for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            for unit in units
            if low * (1 - 1e-9) <= unit * 10.0**power <= high * (1 + 1e-9)
        ]
        if len(found) <= most:
            return found if len(found) > 1 else ticks(low, high, most)
    return found[:: math.ceil(len(found) / most)]


def number(value: float, step: float = 0.0) -> str:
    """Return a value in at most seven cells: for an axis with ticks at the distance `step`, or for a read-out."""
    size = abs(value)
    if size >= 1e6 or (0 < size < 1e-3 and (not step or step < 1e-3)):
        return f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-")
    if step:
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        if round(step * 10**places, 9) % 1:
            places += 1
        return f"{value:.{min(places, 4)}f}"
    return f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"


def x_range(runs: Sequence[Curves], zoom: tuple[float, float] | None) -> tuple[float, float]:
    """Return the horizontal range: the whole run where its length is known, else a round length with room."""
    if zoom:
        return zoom
    last = max((x for run in runs for series in (run.train, run.valid) for x in series.steps[-1:]), default=1.0)
    total = max((run.total or 0.0 for run in runs), default=0.0)
    if total >= last:
        return 0.0, float(total)
    if not any(run.is_live for run in runs):
        return 0.0, last
    step = nice_step(last * 1.1, 5)  # a fifth more, in steps, so that the chart is not drawn anew with every point
    return 0.0, step * math.ceil(last * 1.02 / step)


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
    if high - low < 1e-12:
        pad = abs(high) * 0.1 or 1.0
        low, high = low - pad, high + pad
    if is_log:
        room = (high - low) * 0.04
        return low - room, high + room
    step = nice_step(high - low, most_ticks(height)) / 2
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
