"""The table of results, as text and as Markdown."""

import math
import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.concerns.concern import Figures, Measured, value_of

START, END = "<!-- measured: python -m tests.benchmarks -->", "<!-- end of measured -->"
"""Markers around the table in a document."""
GROUPS = "PCS"
"""First letters of the numbers, in the order of the table: the cockpit, commands and files, and the service."""


class Line(NamedTuple):
    """A row of the table."""

    number: str
    what: str
    bound: str
    measured: str
    verdict: str
    """`ok`, `MISSED`, or that it was not measured."""
    reason: str
    """Reason for a missed bound."""
    before: str
    """Value of an earlier revision. Empty if it was not measured."""


def lines(measured: Iterable[Measured]) -> list[Line]:
    """Return the rows of the table, by number."""
    found = []
    for row, figures, earlier_figures in measured:
        value, before = value_of(row, figures), _figures(value_of(row, earlier_figures))
        bound = f"{row.bound:g}"
        if math.isnan(value):
            found.append(Line(row.number, row.what, bound, "", "not measured", "", before))
            continue
        verdict, reason = ("MISSED", row.reason) if value > row.bound else ("ok", "")
        found.append(Line(row.number, row.what, bound, _figures(value), verdict, reason, before))
    return sorted(found, key=lambda line: (GROUPS.index(line.number[0]), int(line.number[1:])))


def _figures(value: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.2g}" if value < 1 else f"{value:.2f}".rstrip("0").rstrip(".")


def text(about: Sequence[str], rows: Sequence[Line]) -> str:
    """Return the table for a terminal."""
    width = max((len(row.what) for row in rows), default=0)
    before = _with_before(rows, "{:>9} ")
    body = (
        f"{row.number:4} {row.what:{width}}  {row.bound:>6} {before(row.before)}{row.measured:>9}  {row.verdict}"
        + (f": {row.reason}" if row.reason else "")
        for row in rows
    )
    head = f"{'':4} {'':{width}}  {'bound':>6} {before('before')}{'measured':>9}"
    return "\n".join([", ".join(about), "", head, *body])


def markdown(about: Sequence[str], rows: Sequence[Line]) -> str:
    """Return the table for a document."""
    before = _with_before(rows, "{} | ")
    body = (
        f"| {row.number} | {row.what} | {row.bound} | {before(row.before)}{row.measured} | {row.verdict}"
        + (f": {row.reason}" if row.reason else "")
        + " |"
        for row in rows
    )
    head = f"| | what | bound | {before('before')}measured | |\n| --- | --- | ---: | {before('---:')}---: | --- |"
    return "\n".join([f"Measured {about[0]} on {', '.join(about[1:])}.", "", head, *body])


def _with_before(rows: Sequence[Line], cell: str) -> Callable[[str], str]:
    """Return what formats a cell of the column `before`, which is absent if no row has a value for it."""
    return cell.format if any(row.before for row in rows) else lambda _: ""


def values(figures: Figures) -> str:
    """Return the median of each measured value: seconds, bytes or megabytes."""
    return "\n".join(f"  {name:40} {statistics.median(found):.6g}" for name, found in figures.items() if found)


def write(path: Path, table: str) -> None:
    """Replace the table between the markers of a document.

    Raises:
        ValueError: the document has no markers.
    """
    document = path.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(START) + ".*?" + re.escape(END), re.DOTALL)
    if not pattern.search(document):
        raise ValueError(f"{path} has no {START}")
    path.write_text(pattern.sub(lambda _: f"{START}\n{table}\n{END}", document), encoding="utf-8")
