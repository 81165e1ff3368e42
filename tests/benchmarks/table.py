"""The table of results, as text and as Markdown."""

import math
import re
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.concerns.concern import Figures, Row, value_of

START, END = "<!-- measured: python -m tests.benchmarks -->", "<!-- end of measured -->"
"""Markers around the table in a document."""


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


def lines(measured: Iterable[tuple[Row, Figures]]) -> list[Line]:
    """Return the rows of the table, by number."""
    found = []
    for row, figures in measured:
        value = value_of(row, figures)
        if math.isnan(value):
            found.append(Line(row.number, row.what, f"{row.bound:g}", "", "not measured", ""))
            continue
        verdict, reason = ("MISSED", row.reason) if value > row.bound else ("ok", "")
        found.append(Line(row.number, row.what, f"{row.bound:g}", _figures(value), verdict, reason))
    return sorted(found, key=lambda line: (line.number[0] != "P", int(line.number[1:])))


def _figures(value: float) -> str:
    return f"{value:.2g}" if value < 1 else f"{value:.2f}".rstrip("0").rstrip(".")


def text(about: Sequence[str], rows: Sequence[Line]) -> str:
    """Return the table for a terminal."""
    width = max((len(row.what) for row in rows), default=0)
    body = (
        f"{row.number:4} {row.what:{width}}  {row.bound:>6} {row.measured:>9}  {row.verdict}"
        + (f": {row.reason}" if row.reason else "")
        for row in rows
    )
    head = f"{'':4} {'':{width}}  {'bound':>6} {'measured':>9}"
    return "\n".join([", ".join(about), "", head, *body])


def markdown(about: Sequence[str], rows: Sequence[Line]) -> str:
    """Return the table for a document."""
    body = (
        f"| {row.number} | {row.what} | {row.bound} | {row.measured} | {row.verdict}"
        + (f": {row.reason}" if row.reason else "")
        + " |"
        for row in rows
    )
    head = "| | what | bound | measured | |\n| --- | --- | ---: | ---: | --- |"
    return "\n".join([f"Measured {about[0]} on {', '.join(about[1:])}.", "", head, *body])


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
