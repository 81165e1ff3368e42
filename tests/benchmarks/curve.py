"""Curves: bytes for one new point, changes of the range, and the time to draw 100,000 points.

    python -m tests.benchmarks.curve

The points of real runs are shown one at a time in the real widget, and what it sends is replayed on an emulated
terminal. Takes some minutes.

Goals: at most 300 bytes for 95 of 100 points from step 20 on, and a range that moves at most once in 50 points.
"""

import asyncio
import math
import random
import time

from fttui.learning.run import run_of
from fttui.ui.render.chart.draw import draw
from fttui.ui.render.chart.view import View, curves_of
from tests.support.curve_bytes import replay_widget
from tests.support.simulated_runs import CURVES

SIZES = ((76, 9), (70, 26), (116, 36))


def main() -> None:
    for path in sorted(CURVES.glob("*.csv")):
        for cells, rows in SIZES:
            found = asyncio.run(replay_widget(path.stem, cells, rows))
            print(
                f"{path.stem:<19} {cells}x{rows}: median {found.costs[len(found.costs) // 2]} bytes, "
                f"95 % {found.most_of}, most {found.costs[-1]}; "
                f"range moves {found.moves} times in {found.points} points",
                flush=True,
            )
    chance = random.Random(1)
    points = [
        (step, {"train_loss": 1.5 + 4 * math.exp(-step / 9000) + chance.gauss(0, 0.15)}, None)
        for step in range(100_000)
    ]
    curves = curves_of("long", run_of(points, total_steps=100_000))
    began = time.perf_counter()
    draw([curves], View(116, 20))
    first = time.perf_counter() - began
    began = time.perf_counter()
    draw([curves], View(116, 20))
    print(f"100,000 points at 116x20: first {first * 1e3:.0f} ms, then {(time.perf_counter() - began) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
