"""Sparkline: a curve in one line of braille. Pure."""

import math
from collections.abc import Sequence
from itertools import pairwise

# Dots of a braille cell from the bottom up, in the left and the right column.
_LEFT = (0x40, 0x04, 0x02, 0x01)
_RIGHT = (0x80, 0x20, 0x10, 0x08)


ENOUGH = 10
"""Number of points from which the highest fifth may exceed the scale."""


def spark(values: Sequence[float], cells: int) -> str:
    """Draw values as a curve of at most `cells` cells, two points for each cell, the newest at the right.

    Many values are averaged in groups. A flat curve is drawn at the bottom. With many points the highest fifth is
    drawn at the top, so that the steep start of a loss does not flatten the rest. Non-finite values are left out.
    """
    points = _grouped([value for value in values if math.isfinite(value)], max(0, cells) * 2)
    if len(points) < 2:
        return ""
    low, high = min(points), max(points)
    if len(points) >= ENOUGH:
        high = sorted(points)[len(points) * 4 // 5]
    span = high - low or 1.0
    heights = [3 if value >= high > low else min(3, int((value - low) / span * 4)) for value in points]
    if len(heights) % 2:
        heights.append(heights[-1])
    return "".join(
        chr(0x2800 + _LEFT[heights[index]] + _RIGHT[heights[index + 1]]) for index in range(0, len(heights), 2)
    )


def _grouped(values: Sequence[float], most: int) -> list[float]:
    """Average the values in at most `most` groups of equal size."""
    total = len(values)
    if not most:
        return []
    if total <= most:
        return list(values)
    edges = [total * index // most for index in range(most + 1)]
    return [sum(values[start:end]) / (end - start) for start, end in pairwise(edges)]
