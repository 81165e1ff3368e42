"""Growth of the cockpit's times and memory with the number of its jobs, from 100 to 1,000,000, as a plot.

    python -m tests.benchmarks.growth --svg docs/growth.svg [--most 1000000] [--runs 3]

Each size has its own archive and a server that lists the same jobs. The archive of a million jobs takes some minutes
and two gigabytes of disk.
"""

import argparse
import statistics
from pathlib import Path

from tests.benchmarks import machine
from tests.benchmarks.concerns.cockpit import COCKPIT, SIZE
from tests.benchmarks.support.archived import archived_account
from tests.benchmarks.support.plot import Axis, Line, svg
from tests.benchmarks.support.pty import KEYS, Watched

SIZES = (100, 1000, 10_000, 100_000, 1_000_000)
PATIENCE = 120.0
"""Longest time to wait for a reaction."""
QUIET = 0.5
"""Seconds without output after which the cockpit has read the archive."""
REFRESH = 2.0
"""Seconds that a refresh is given."""

FIRST, WHOLE, KEY, FILTER, REFRESHED, MEMORY = (
    "first frame",
    "interactive frame",
    "a key",
    "a filter",
    "a refresh, CPU",
    "memory",
)

Measured = dict[str, list[float]]
"""Seconds or megabytes by name."""


def measure(jobs: int, runs: int) -> dict[str, float]:
    """Return the medians of some starts with a number of jobs."""
    found: Measured = {}
    with archived_account(jobs, "--changing") as variables:
        for _run in range(runs):
            watched = Watched(COCKPIT.command, variables, SIZE)
            found.setdefault(FIRST, []).append(watched.wait(COCKPIT.early, PATIENCE))
            found.setdefault(WHOLE, []).append(watched.wait(COCKPIT.there, PATIENCE))
            watched.calm(2.0, most=20.0)
            watched.press(COCKPIT.hold, patience=PATIENCE)
            watched.calm(QUIET)
            keys = [watched.press(KEYS["down"], patience=PATIENCE)[0] for _ in range(15)]
            found.setdefault(KEY, []).append(statistics.median(keys))
            # Running jobs only, and all jobs again: each looks at every job.
            filters = [watched.press(key, patience=PATIENCE, quiet=QUIET)[0] for key in (b"1", b"0") * 3]
            found.setdefault(FILTER, []).append(statistics.median(filters))
            found.setdefault(REFRESHED, []).append(statistics.median(refresh(watched) for _ in range(3)))
            found.setdefault(MEMORY, []).append(watched.memory())
            watched.close()
    return {name: statistics.median(values) for name, values in found.items()}


def refresh(watched: Watched) -> float:
    """Return the CPU seconds of a refresh that finds one changed job."""
    before = watched.cpu()
    watched.send(b"r")
    watched.calm(REFRESH, most=REFRESH)
    return watched.cpu() - before


def draw(measured: dict[int, dict[str, float]]) -> str:
    """Return the plot: values as multiples of those of the smallest size."""
    first = measured[min(measured)]
    lines = [
        Line(f"{name}: {_value(name, base)}", [(jobs, each[name] / base) for jobs, each in measured.items()])
        for name, base in first.items()
    ]
    x = Axis("jobs", is_log=True, text=lambda value: f"{value:,.0f}")
    y = Axis(f"multiple of the value at {min(measured)} jobs", is_log=True, text=lambda value: f"{value:g}×")
    return svg("Growth of the cockpit with the number of jobs", x, y, lines)


def _value(name: str, value: float) -> str:
    if name == MEMORY:
        return f"{value:.0f} MB"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--svg", type=Path, help="file for the plot")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="largest number of jobs")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    print(", ".join(machine.facts()))
    measured = {}
    for jobs in SIZES:
        if jobs <= given.most:
            measured[jobs] = measure(jobs, given.runs)
            values = (f"{name} {_value(name, value)}" for name, value in measured[jobs].items())
            print(f"{jobs:>9,} jobs: {', '.join(values)}", flush=True)
    if given.svg:
        given.svg.write_text(draw(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
