"""Text around a plot: names at the ends of lines, the horizontal axis, the legend. Standard library only."""

from collections.abc import Callable, Sequence

from fttui.clock import duration
from fttui.learning.figures import LOST
from fttui.learning.series import Series
from fttui.learning.ticks import number, ticks
from fttui.text import pad, width
from fttui.ui.render.chart.layers import run_role
from fttui.ui.render.chart.view import Curves, Form, Span, View

NAME = 16
"""Most cells of a run's name at the end of its line."""
NAMES_FROM = 60
"""Least width of a chart in cells with names at the ends of lines."""


def margin(runs: Sequence[Curves], view: View) -> int:
    """Return the cells at the right side for the names of the lines, 0 in a narrow chart."""
    if view.cells < NAMES_FROM or view.rows < 6:
        return 0
    return 15 if len(runs) == 1 else 10 + min(NAME, max(width(run.name) for run in runs))


def end_labels(
    runs: Sequence[Curves], view: View, row_of: Callable[[float], int], form: Form, height: int
) -> dict[int, Span]:
    """Return names and last values by row, beside the ends of their lines, moved apart where they would meet.

    Without a row for each, the first runs are named and the others counted in the last row.
    """
    ends = _ends(runs, view, form)
    taken: dict[int, Span] = {}
    if len(ends) > height:
        height -= 1
        taken[height] = (f"  {len(ends) - height} more", "dim")
        ends = ends[:height]
    wanted = sorted((row_of(value) / form.down, text, role) for value, text, role in ends)
    row = -1
    for index, (y, text, role) in enumerate(wanted):
        row = max(row + 1, min(int(max(0, y)), height - (len(wanted) - index)))
        taken[row] = (text, role)
    return taken


def _ends(runs: Sequence[Curves], view: View, form: Form) -> list[tuple[float, str, str]]:
    """Return value, text and role of each label, the most important first."""
    found: list[tuple[float, str, str]] = []
    if len(runs) == 1:
        (run,) = runs
        for series, line, role, name in (
            (run.valid, run.valid_line, "valid", "o valid"),
            (run.train, run.train_line, "train", f"{form.line} train"),
        ):
            if line:
                found.append((line[-1], f"{name:<8} {_last(series, line):>5}", role))
        if run.best and run.valid.steps:
            found.append((run.best[1], f"{form.best + ' best':<8} {number(run.best[1]):>5}", "best"))
        return found
    cells = margin(runs, view) - 9
    order = sorted(range(len(runs)), key=lambda index: index != view.front)
    for index in order:
        run = runs[index]
        series, line = run.main
        if line and index not in view.hidden:
            name = pad(run.name, cells, ellipsis="~" if form.rule == "-" else "…")
            found.append((line[-1], f"{index + 1} {name}{_last(series, line):>6}", run_role(index, view)))
    return found


def _last(series: Series, line: Sequence[float]) -> str:
    return LOST if series.is_lost else number(line[-1])


def x_axis(
    runs: Sequence[Curves], view: View, x0: float, x1: float, plot: int, left: int, right: int,
    column_of: Callable[[float], int],
) -> list[list[Span]]:  # fmt: skip
    """Return the two lines of the horizontal axis: rule with marks, and numbers."""
    form = view.form
    rule: list[Span] = [(form.rule, "rule")] * plot
    names = [" "] * (plot + right)
    end = -2
    for tick in ticks(x0, x1, max(1, plot // 10)):
        if tick != int(tick) and x1 - x0 >= 5:
            continue
        text = _position(tick, view.unit)
        column = column_of(tick)
        start = min(max(0, column - len(text) // 2), plot + right - len(text))
        if start > end + 1 and start >= 0:
            rule[column] = (form.tick_x, "rule")
            names[start : start + len(text)] = text
            end = start + len(text)
    word = view.unit
    place = max(plot + 1, end + 2) if right > len(word) + 3 else plot - len(word)
    if end + 1 < place <= len(names) - len(word):
        names[place : place + len(word)] = word
    if len(runs) == 1:
        (run,) = runs
        for step in run.checkpoints:
            if x0 <= step <= x1:
                is_best = run.best is not None and abs(run.best[0] - step) < 1e-3
                rule[column_of(step)] = (form.best, "best") if is_best else (form.checkpoint, "mark")
    for run in runs:
        for step in (*run.train.not_finite, *run.valid.not_finite):
            if x0 <= step <= x1:
                rule[column_of(step)] = (form.gap, "gap")
    if view.cursor is not None:
        rule[column_of(view.cursor)] = (form.under_cursor, "cross")
    return [
        merge([(" " * (left - 1), ""), (form.corner, "rule"), *rule, (" " * right, "")]),
        merge([(" " * left, ""), ("".join(names), "dim")]),
    ]


def _position(value: float, unit: str) -> str:
    if unit == "time":
        return duration(value)
    return f"{value:g}" if value < 1e5 else f"{value / 1e3:g}k"


def merge(spans: Sequence[Span]) -> list[Span]:
    """Join neighbours of one role. A space takes the role before it."""
    merged: list[Span] = []
    for text, role in spans:
        if not text:
            continue
        if merged and (merged[-1][1] == role or text.isspace()):
            merged[-1] = (merged[-1][0] + text, merged[-1][1])
        else:
            merged.append((text, role))
    return merged
