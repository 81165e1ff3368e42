"""Curves: bytes for one new point, and changes of the range.

    python -m tests.benchmarks.curve

The points of real runs are shown one at a time in the real widget, and what it sends is replayed on an emulated
terminal. Takes some minutes.

Goals: at most 300 bytes for 95 of 100 points from step 20 on, and a range that moves at most once in 50 points.
"""

import asyncio

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


if __name__ == "__main__":
    main()
