"""Points of a series gathered by pixel column, and kept: a cursor that moves draws the same points again."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from fttui.learning.series import Series

KEPT = 4
"""Most drawings of a series whose bins are kept: in the pane and on the whole screen, raw and smoothed."""


class Bin(NamedTuple):
    """The points of one pixel column."""

    column: int
    first: float
    low: float
    high: float
    last: float
    number: int
    is_joined: bool
    """No gap between this column and the one before."""


_Key = tuple[int, float, float, int]
_kept: WeakKeyDictionary[Series, dict[_Key, tuple[int, list[Bin]]]] = WeakKeyDictionary()
"""Number of values and bins of each series, by its line, range and width."""


def bins_of(series: Series, values: Sequence[float], x0: float, x1: float, columns: int) -> list[Bin]:
    """Return the points of a series between `x0` and `x1` by pixel column.

    Args:
        values: the values of the series or a smoothed line of it, which live as long as the series. Both only grow.
    """
    held = _kept.setdefault(series, {})
    key = id(values), x0, x1, columns
    number, bins = held.pop(key, (-1, []))
    if number != len(values):
        number, bins = len(values), _gathered(series, values, x0, x1, columns)
    held[key] = number, bins
    if len(held) > KEPT:
        del held[next(iter(held))]
    return bins


def _gathered(series: Series, values: Sequence[float], x0: float, x1: float, columns: int) -> list[Bin]:
    steps, gaps = series.steps, series.gaps
    index, stop = bisect_left(steps, x0), bisect_right(steps, x1)
    scale = (columns - 1) / ((x1 - x0) or 1.0)
    found: list[Bin] = []
    while index < stop:
        column = round((steps[index] - x0) * scale)
        end = bisect_right(steps, x0 + (column + 0.5) / scale, index, stop) if scale else stop
        end = max(end, index + 1)
        part = values[index:end]
        has_gap = bool(gaps) and bisect_right(gaps, index - 1) < bisect_right(gaps, index)
        is_joined = bool(found) and not has_gap
        found.append(Bin(column, part[0], min(part), max(part), part[-1], end - index, is_joined))
        index = end
    return found
