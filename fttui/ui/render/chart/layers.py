"""Layers of a chart: their points by pixel column, their range, and their pixels. Standard library only."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fttui.ui.render.chart.bins import Bin, bins_of
from fttui.ui.render.chart.view import BRAILLE, Curves, Form, View

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bits of the braille dots, by column and row."""
QUADRANTS = " ▘▖▌▝▀▞▛▗▚▄▙▐▜▟█"
ASCII_ROWS = " '-\"_:=|"


class Layer(NamedTuple):
    """A line or a set of points of one role."""

    role: str
    bins: list[Bin]
    is_line: bool
    marker: str = ""


def layers_of(runs: Sequence[Curves], view: View, x0: float, x1: float, columns: int) -> list[Layer]:
    """Return the layers from the lowest to the topmost. Of several runs, the first is the topmost."""
    layers: list[Layer] = []
    several = len(runs) > 1
    ordered = reversed(list(enumerate(runs)))
    for index, run in sorted(ordered, key=lambda each: each[0] == view.front):
        if index in view.hidden:
            continue
        if several:
            series, line = run.main
            bins = bins_of(series, line, x0, x1, columns)
            if series is run.valid:
                bins = _from_base(run, bins, x0)
            layers.append(Layer(run_role(index, view), bins, True, str(index + 1)))
            continue
        if run.train_weight and view.raw:
            layers.append(Layer("raw", bins_of(run.train, run.train.values, x0, x1, columns), False))
        layers.append(Layer("train", bins_of(run.train, run.train_line, x0, x1, columns), True))
        bins = bins_of(run.valid, run.valid_line, x0, x1, columns)
        layers.append(Layer("valid", _from_base(run, bins, x0), True, "o"))
    return layers


def _from_base(run: Curves, bins: list[Bin], x0: float) -> list[Bin]:
    """Let a line begin at the base model, whose value is no part of the smoothed line."""
    if run.base is None or run.base[0] != x0:
        return bins
    value, rest = run.base[1], bins[1:]
    if bins and bins[0].column == 0:
        first = bins[0]
        return [first._replace(first=value, low=min(value, first.low), high=max(value, first.high)), *rest]
    return [Bin(0, value, value, value, value, 1, False), *(bin._replace(is_joined=True) for bin in bins[:1]), *rest]


def run_role(index: int, view: View) -> str:
    """Return the role of one of several runs: dim behind the run in front."""
    return f"run{index + 1}" if view.front in (None, index) else "raw"


# Vertical range


def needed_range(layers: Sequence[Layer], view: View, *, several: bool) -> tuple[float, float]:
    """Return the vertical range that the values need; exponents with a logarithmic axis.

    Of the lines, the highest 5 % of the columns are left out unless the rest is near. Raw points widen the range by at
    most a tenth.
    """
    lines = [layer for layer in layers if layer.is_line] or list(layers)
    low, high, lowest, highest = _range(lines, is_log=view.is_log, several=several)
    if view.is_whole:
        low, high = lowest, highest
    raw = [layer for layer in layers if not layer.is_line]
    if raw:
        _, _, raw_low, raw_high = _range(raw, is_log=view.is_log)
        room = math.inf if view.is_whole else (high - low) * 0.1
        low, high = (
            max(raw_low, low - room) if raw_low < low else low,
            min(max(raw_high, high), high + room),
        )
    return low, high


def _range(layers: Sequence[Layer], *, is_log: bool, several: bool = False) -> tuple[float, float, float, float]:
    """Return a robust range and the full one."""
    lows = [bin.low for layer in layers for bin in layer.bins]
    highs = [bin.high for layer in layers for bin in layer.bins]
    if is_log:
        lows = [math.log10(value) for value in lows if value > 0]
        highs = [math.log10(value) for value in highs if value > 0]
    if not lows or not highs:
        return 0.0, 1.0, 0.0, 1.0
    lows.sort()
    highs.sort()
    low, high = lows[len(lows) * 2 // 100], highs[len(highs) * 95 // 100]
    if several and not is_log:
        # The end of a run matters more than its start, and a diverging run must not flatten the others.
        each = sorted(
            sorted(bin.high for bin in layer.bins)[len(layer.bins) * 4 // 5] for layer in layers if layer.bins
        )
        middle = each[(len(each) - 1) // 2]
        high = min(each[-1], 3 * middle) if middle > 0 else high
    room = (high - low) or abs(high) * 0.1 or 1.0
    if len(highs) < 10 or highs[-1] <= high + 0.5 * room:
        high = highs[-1]
    if len(lows) < 10 or lows[0] >= low - 0.5 * room:
        low = lows[0]
    return low, high, lows[0], highs[-1]


# Pixels


def plot(layer: Layer, mask: list[list[int]], row_of: Callable[[float], int], form: Form, pixels: int) -> None:
    """Set the bits of a layer's pixels in `mask`, which has a number for each cell."""

    def dot(column: int, top: int, bottom: int) -> None:
        for pixel in range(max(0, top), min(pixels - 1, bottom) + 1):
            row, inner = divmod(pixel, form.down)
            mask[row][column // form.across] |= _bit(column % form.across, inner, form)

    before: Bin | None = None
    for bin in layer.bins:
        top, bottom = row_of(bin.high), row_of(bin.low)
        if layer.is_line or bin.number > 3:
            dot(bin.column, top, bottom)
        else:
            dot(bin.column, top, top)
            dot(bin.column, bottom, bottom)
        if layer.is_line and before is not None and bin.is_joined:
            _connect(before.column, row_of(before.last), bin.column, row_of(bin.first), dot)
        before = bin


def _connect(left: int, y0: int, right: int, y1: int, dot: Callable[[int, int, int], None]) -> None:
    distance = right - left
    if distance == 1:
        middle = (y0 + y1) // 2
        dot(left, min(y0, middle), max(y0, middle))
        dot(right, min(middle, y1), max(middle, y1))
        return
    previous = y0
    for offset in range(1, distance):
        y = round(y0 + (y1 - y0) * offset / distance)
        nearer = previous + (1 if y > previous else -1 if y < previous else 0)
        dot(left + offset, min(nearer, y), max(nearer, y))
        previous = y
    if abs(y1 - previous) > 1:
        dot(right, min(previous, y1), max(previous, y1))


def _bit(across: int, down: int, form: Form) -> int:
    if form.down == 4:
        return DOTS[across][down]
    if form.down == 2:
        return (1, 2)[down] << (2 * across)
    return 1 << down


def character(bits: int, form: Form, layer: Layer) -> str:
    """Return the character of a cell with these pixels."""
    if form.down == BRAILLE.down:
        return chr(0x2800 + bits)
    if form.down == 2:
        return QUADRANTS[bits]
    if layer.marker:
        return layer.marker
    return "." if layer.role == "raw" else ASCII_ROWS[bits]
