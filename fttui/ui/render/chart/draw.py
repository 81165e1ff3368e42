"""Drawing of a chart into lines of spans. Pure, standard library only."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fttui.learning.ticks import fitted_number, number
from fttui.text import pad
from fttui.ui.render.chart import labels
from fttui.ui.render.chart.axes import tick_values, x_range, y_axis
from fttui.ui.render.chart.layers import Layer, character, layers_of, needed_range, plot
from fttui.ui.render.chart.view import Curves, Form, Picture, Span, View

KEEP = 0.5
"""Part of a range that its values must use for the range to stay."""
ROOM = 0.15
"""Part of the values' range that is added at a side that moves."""
ARROWS_APART = 7
"""Cells between two groups of values outside the range; nearer ones share a label."""

Cells = dict[tuple[int, int], Span]
"""Characters by row and column."""


class Frame(NamedTuple):
    """Geometry of the plot. Sizes are in cells."""

    form: Form
    width: int
    height: int
    x0: float
    x1: float
    low: float
    high: float
    is_log: bool

    @property
    def pixels(self) -> int:
        """Height in pixels."""
        return self.height * self.form.down

    def row_of(self, value: float) -> int:
        """Return the pixel row of a value, from the top. It may lie outside."""
        if self.is_log:
            value = math.log10(value) if value > 0 else self.low
        return round((self.high - value) / ((self.high - self.low) or 1.0) * (self.pixels - 1))

    def column_of(self, x: float) -> int:
        """Return the cell column of a position, limited to the plot."""
        share = (x - self.x0) / ((self.x1 - self.x0) or 1.0)
        return min(self.width - 1, max(0, round(share * (self.width * self.form.across - 1)) // self.form.across))


def draw(runs: Sequence[Curves], view: View) -> Picture:
    """Draw runs into exactly `view.rows` lines of `view.cells` cells."""
    x0, x1 = x_range(runs, view.zoom)
    right = labels.margin(runs, view)
    axis = 2 if view.rows >= 5 else 0
    left = 7 if view.cells >= 34 else 6
    width, height = max(2, view.cells - left - right), max(1, view.rows - axis)
    layers = layers_of(runs, view, x0, x1, width * view.form.across)
    low, high = _kept_range(*needed_range(layers, view, several=len(runs) > 1), height, view)
    frame = Frame(view.form, width, height, x0, x1, low, high, view.is_log)

    masks = [[[0] * width for _ in range(height)] for _ in layers]
    for layer, mask in zip(layers, masks, strict=True):
        plot(layer, mask, frame.row_of, frame.form, frame.pixels)
    ticks = tick_values(low, high, height, is_log=view.is_log)
    tick_rows = {
        min(height - 1, max(0, frame.row_of(10**at if view.is_log else at) // view.form.down)): at for at in ticks
    }
    base = _base(runs, frame, list(tick_rows))
    overlay = _overlay(runs, layers, frame)
    if view.cursor is not None and x0 <= view.cursor <= x1:
        column = frame.column_of(view.cursor)
        for row in range(height):
            if not any(mask[row][column] for mask in masks):
                overlay.setdefault((row, column), (view.form.side, "cross"))

    names = labels.end_labels(runs, view, frame.row_of, view.form, height) if right else {}
    lines: list[list[Span]] = []
    for row in range(height):
        tick = tick_rows.get(row)
        label = "" if tick is None else _tick_label(tick, ticks, left - 1, is_log=view.is_log)
        spans: list[Span] = [
            (f"{label:>{left - 1}}", "dim"),
            (view.form.side if tick is None else view.form.tick_y, "rule"),
            *(_cell(row, column, layers, masks, base, overlay, view.form) for column in range(width)),
        ]
        if right:
            text, role = names.get(row, ("", ""))
            spans.append((" " + pad(text, right - 1), role))
        lines.append(labels.merge(spans))
    if axis:
        lines += labels.x_axis(runs, view, x0, x1, width, left, right, frame.column_of)
    return Picture(lines, (low, high), (x0, x1), _notes(runs, layers, is_log=view.is_log))


def _kept_range(low: float, high: float, height: int, view: View) -> tuple[float, float]:
    """Return the range of the last drawing while the values fit and fill it, else a new one with room to grow."""
    old = view.y_range
    if old is None:
        return y_axis(low, high, height, is_log=view.is_log)
    if old[0] <= low and high <= old[1] and high - low > KEEP * (old[1] - old[0]):
        return old
    room = (high - low) * ROOM
    return y_axis(low - room * (old[0] > low), high + room * (old[1] < high), height, is_log=view.is_log)


def _tick_label(tick: float, ticks: Sequence[float], cells: int, *, is_log: bool) -> str:
    if is_log:
        return f"{10**tick:.3g}".replace("e+0", "e").replace("e-0", "e-")[:cells]
    return fitted_number(tick, cells, ticks[1] - ticks[0] if len(ticks) > 1 else 0.0)


def _cell(
    row: int, column: int, layers: list[Layer], masks: list[list[list[int]]], base: Cells, overlay: Cells, form: Form
) -> Span:
    if (found := overlay.get((row, column))) is not None:
        return found
    for layer, mask in zip(reversed(layers), reversed(masks), strict=True):
        if bits := mask[row][column]:
            return character(bits, form, layer), layer.role
    return base.get((row, column), (" ", ""))


def _base(runs: Sequence[Curves], frame: Frame, tick_rows: list[int]) -> Cells:
    """Return what lies under the lines: grid and ends of epochs."""
    base: Cells = {}
    form, width = frame.form, frame.width
    if form.rule != "-":  # in ASCII a grid looks like points
        for row in tick_rows:
            for column in range(0, width, 4):
                base[row, column] = (form.grid, "grid")
    epochs = [end for end in runs[0].epochs if frame.x0 < end < frame.x1] if len(runs) == 1 else []
    if len(epochs) * 4 > width:
        return base
    for index, end in enumerate(epochs):
        column = frame.column_of(end)
        for row in range(frame.height):
            base[row, column] = (form.epoch, "grid")
        if width < 40:
            continue
        # The first number says what the numbers are, if there is room.
        has_room = not index and (len(epochs) == 1 or frame.column_of(epochs[1]) - column > 9)
        for offset, letter in enumerate(f"epoch {index + 2}" if has_room else str(index + 2), 1):
            if column + offset < width:
                base[0, column + offset] = (letter, "dim")
    return base


def _overlay(runs: Sequence[Curves], layers: list[Layer], frame: Frame) -> Cells:
    """Return what lies over the lines: markers, arrows to values outside the range, and the best point."""
    overlay: Cells = {}
    several = len(runs) > 1
    if frame.form.rule != "-":  # in ASCII the whole line consists of markers
        for index, layer in enumerate(layers):
            if layer.marker:
                overlay |= _markers(layer, index, max(8, frame.width // (6 if several else 9)), frame)
    above = _outside(layers, frame, lambda bin: bin.high, lambda row: row < 0)
    below = _outside(layers, frame, lambda bin: bin.low, lambda row: row > frame.pixels - 1)
    for outside, sign, row, pick in ((above, frame.form.up, 0, max), (below, frame.form.below, frame.height - 1, min)):
        for start, stop, value, role in _stretches(outside, pick):
            text = f"{sign}{number(value)}"
            start = min(start, frame.width - len(text))
            for offset, letter in enumerate(text.ljust(stop - start + 1, sign)):
                if 0 <= start + offset < frame.width:
                    overlay[row, start + offset] = (letter, "dim" if role == "raw" else role)
    if not several and runs and (best := runs[0].best) is not None and runs[0].valid.steps:
        step, value = best
        if frame.x0 <= step <= frame.x1 and 0 <= frame.row_of(value) < frame.pixels:
            overlay[frame.row_of(value) // frame.form.down, frame.column_of(step)] = (frame.form.best, "best")
    return overlay


def _markers(layer: Layer, index: int, distance: int, frame: Frame) -> Cells:
    """Return a line's marker every `distance` cells, at places that do not depend on the end of the line."""
    found: Cells = {}
    offset = 4 + index * 3
    wanted = -1
    for bin in layer.bins:
        cell = bin.column // frame.form.across
        slot = (cell + distance - 2 - offset) // distance
        row = frame.row_of(bin.last)
        if (slot > wanted >= 0 or (wanted < 0 and cell >= offset) or len(layer.bins) == 1) and 0 <= row < frame.pixels:
            found[row // frame.form.down, cell] = (layer.marker, layer.role)
        wanted = max(wanted, slot)
    return found


def _outside(
    layers: Sequence[Layer], frame: Frame, value_of: Callable[..., float], is_outside: Callable[[int], bool]
) -> list[tuple[int, float, str]]:
    """Return column, value and role of the columns outside the range."""
    return sorted(
        (bin.column // frame.form.across, value_of(bin), layer.role)
        for layer in layers
        for bin in layer.bins
        if is_outside(frame.row_of(value_of(bin)))
    )


def _stretches(
    outside: Sequence[tuple[int, float, str]], pick: Callable[[float, float], float]
) -> list[tuple[int, int, float, str]]:
    """Gather columns whose labels would meet: first and last column, farthest value, its role."""
    found: list[tuple[int, int, float, str]] = []
    for column, value, role in outside:
        if found and column - found[-1][1] <= ARROWS_APART:
            start, _, other, before = found[-1]
            farthest = pick(other, value)
            found[-1] = (start, column, farthest, role if farthest == value and role != "raw" else before)
        else:
            found.append((column, column, value, role))
    return found


def _notes(runs: Sequence[Curves], layers: Sequence[Layer], *, is_log: bool) -> list[str]:
    notes = []
    for run in runs:
        lost = sorted({*run.train.not_finite, *run.valid.not_finite})
        if lost:
            what = "1 value is" if len(lost) == 1 else f"{len(lost)} values are"
            name = f"{run.name}: " if len(runs) > 1 else ""
            notes.append(f"{name}{what} not finite, the first at step {lost[0]:g}")
    if is_log and any(bin.low <= 0 for layer in layers for bin in layer.bins):
        notes.append("Values of 0 and below are not shown on a log axis.")
    return notes
