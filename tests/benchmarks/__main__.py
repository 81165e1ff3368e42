"""Measure fttui beside other programs and print one table.

    python -m tests.benchmarks [--only P4,C2] [--runs N] [--quick] [--before REVISION]
                               [--markdown] [--values] [--write] [--figures FILE]

All numbers are ratios of programs that ran in turn on this machine, or sizes; times are not comparable between
machines. A whole run takes about fifteen minutes, and twice that with `--before`. `--write` replaces the tables in the
documents: all rows in docs/performance.md, some of them in the README.
"""

import argparse
import json
import sys
from collections.abc import Set
from contextlib import nullcontext
from pathlib import Path

from tests.benchmarks import machine, table
from tests.benchmarks.concerns import CONCERNS
from tests.benchmarks.concerns.concern import Effort, Measured
from tests.benchmarks.support.earlier import Earlier, earlier

TOP = Path(__file__).parents[2]
ALL_ROWS, README = TOP / "docs" / "performance.md", TOP / "README.md"
"""Documents with a table."""
IN_README = ("P1", "P2", "P4", "P10", "P13", "C1", "C2", "C4")
"""Numbers of the rows in the README."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="numbers of rows, with commas between")
    parser.add_argument("--runs", type=int, default=9, help="interleaved runs; expensive rows take a third of them")
    parser.add_argument("--quick", action="store_true", help="small files and one run: shows that it works")
    parser.add_argument("--before", metavar="REVISION", help="measure this revision beside the present one, too")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--values", action="store_true", help="print the median of every measured value, too")
    parser.add_argument("--write", action="store_true", help="replace the tables in the documents")
    parser.add_argument("--figures", metavar="FILE", type=Path, help="write every measured value into a JSON file")
    given = parser.parse_args()
    wanted = {number.strip().upper() for number in given.only.split(",") if number.strip()}
    known = {row.number for concern in CONCERNS for row in concern.rows}
    if wanted and given.write:
        parser.error("--write needs all rows")
    if unknown := wanted - known:
        parser.error(f"no such rows: {', '.join(sorted(unknown))}. There are {', '.join(sorted(known))}.")
    effort = Effort(1 if given.quick else given.runs, given.quick)
    about = machine.facts()
    with earlier(given.before) if given.before else nullcontext() as before:
        measured = measure(wanted or known, effort, before)
    everything = {name: values for one in measured for name, values in one.figures.items()}
    if given.values:
        print(table.values(everything), file=sys.stderr)
    if given.figures:
        given.figures.write_text(json.dumps(everything), encoding="utf-8")
    if before is not None:
        about.append(f"before: {before.about}")
    lines = table.lines(measured)
    if given.write:
        table.write(ALL_ROWS, table.markdown(about, lines))
        table.write(README, table.markdown(about, [line for line in lines if line.number in IN_README]))
    print(table.markdown(about, lines) if given.markdown else table.text(about, lines))


def measure(wanted: Set[str], effort: Effort, before: Earlier | None) -> list[Measured]:
    """Measure rows, part by part: an earlier revision first, if there is one, and then the present one."""
    measured = []
    for concern in CONCERNS:
        chosen = wanted & {row.number for row in concern.rows}
        if not chosen:
            continue
        print(f"{concern.name} …", file=sys.stderr, flush=True)
        earlier_figures = before.measure(chosen, effort) if before is not None else {}
        figures = concern.measure(chosen, effort)
        measured += [Measured(row, figures, earlier_figures) for row in concern.rows if row.number in chosen]
    return measured


if __name__ == "__main__":
    main()
