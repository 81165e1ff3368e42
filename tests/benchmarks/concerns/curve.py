"""Time to draw the curve of a long run, beside one cursor key with its detail in a pseudo-terminal."""

import math
import random
import statistics
import time
from collections.abc import Collection

from fttui.learning.run import run_of
from fttui.ui.render.chart.draw import draw
from fttui.ui.render.chart.view import Curves, View, curves_of
from tests.benchmarks.concerns.cockpit import key_times
from tests.benchmarks.concerns.concern import Concern, Effort, Figures, Row

SIZE = (116, 20)
"""Cells and rows of the curve."""
DRAWS = 5

ROWS = (Row("C7", "curve of 100,000 points at 116×20, after the first / a cursor key, wall", 1.0, "curve", "key"),)


def measure(_: Collection[str], effort: Effort) -> Figures:
    chance = random.Random(1)
    points = [
        (step, {"train_loss": 1.5 + 4 * math.exp(-step / 9000) + chance.gauss(0, 0.15)}, None)
        for step in range(effort.size(100_000, 10_000))
    ]
    curves = curves_of("long", run_of(points, total_steps=len(points)))
    draw([curves], View(*SIZE))
    figures = Figures()
    for key in key_times(effort.runs):
        figures.setdefault("key", []).append(key)
        figures.setdefault("curve", []).append(statistics.median(draw_again(curves) for _ in range(DRAWS)))
    return figures


def draw_again(curves: Curves) -> float:
    began = time.perf_counter()
    draw([curves], View(*SIZE))
    return time.perf_counter() - began


CONCERN = Concern("curve", ROWS, measure)
