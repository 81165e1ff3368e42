"""Cockpit that reports on itself: SIGUSR1 makes it append a line to a file.

    python -m tests.benchmarks.soak.reporting FILE [--trace]

The line has the number of asyncio tasks. With `--trace`, the allocations that grew since the first report follow.
"""

import asyncio
import gc
import linecache
import signal
import sys
import tracemalloc
from types import FrameType

SHOWN = 25
"""Allocations in a report."""
DEPTH = 4
"""Frames kept of each allocation."""
NOT_OURS = [tracemalloc.Filter(False, path, all_frames=True) for path in (tracemalloc.__file__, linecache.__file__)]
"""Allocations of the report itself."""


def main() -> None:
    path, traced = sys.argv[1], "--trace" in sys.argv[2:]
    first: list[tracemalloc.Snapshot] = []

    def report(_signal: int, _frame: FrameType | None) -> None:
        with open(path, "a", encoding="utf-8") as file:
            print(len(asyncio.all_tasks()), file=file)
            if not traced:
                return
            gc.collect()
            taken = tracemalloc.take_snapshot().filter_traces(NOT_OURS)
            first[1:] = []
            for place in taken.compare_to(first[0], "traceback")[:SHOWN] if first else []:
                print(f"{place.size_diff / 1e6:+.2f} MB, {place.count_diff:+} blocks", file=file)
                print("\n".join(place.traceback.format()), file=file)
            if not first:
                first.append(taken)

    if traced:
        tracemalloc.start(DEPTH)
    signal.signal(signal.SIGUSR1, report)
    sys.argv[1:] = []
    from fttui.main import main as cockpit

    cockpit()


if __name__ == "__main__":
    main()
