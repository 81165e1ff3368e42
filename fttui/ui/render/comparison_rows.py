"""Rows of the comparison's table: name, then as many columns as fit. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fttui.learning.ticks import number
from fttui.text import fit, pad, width
from fttui.ui.render.chart.view import Curves, View
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span

if TYPE_CHECKING:
    from fttui.core.comparing import JobComparison, TableColumn

LEAD = 5
"""Cells before a name: mark of the best run, number, spaces."""
LEAST_NAME, MOST_NAME = 8, 24
GAP = 2
WIDEST = 20
"""Most cells of a column."""


class ComparisonTable:
    """The table fitted into a width. Columns leave from the right end; the name gives way after the first of them."""

    def __init__(self, compared: JobComparison, cells: int, glyphs: Glyphs) -> None:
        self._compared = compared
        self._glyphs = glyphs
        names = [width(job.entry.name) for job in compared.jobs]
        self._name_cells = max(LEAST_NAME, min(MOST_NAME, max(names)))
        self.columns: list[tuple[TableColumn, int]] = []
        room = cells - LEAD - self._name_cells
        for column in compared.columns:
            needed = min(WIDEST, max(map(width, (column.title, *column.cells))))
            if needed + GAP > room:
                break
            room -= needed + GAP
            self.columns.append((column, needed))

    @property
    def head(self) -> Line:
        """The headings."""
        titles = (
            " " * GAP + pad(column.title, cells, right=column.is_right, ellipsis=self._glyphs.cut)
            for column, cells in self.columns
        )
        return [(" " * LEAD + pad("RUN", self._name_cells) + "".join(titles), "head")]

    def row(self, index: int, *, is_hidden: bool) -> Line:
        """Return the row of a run.

        Args:
            is_hidden: its line is not drawn.
        """
        job = self._compared.jobs[index]
        best = "✶" if self._glyphs.unicode else "*"
        name = pad(job.entry.name, self._name_cells, ellipsis=self._glyphs.cut)
        role = "off" if is_hidden else f"run{index + 1}"
        line: list[Span] = [
            (f" {best if self._compared.is_best(index) else ' '} ", "best"),
            (f"{'-' if is_hidden else index + 1} {name}", role),
        ]
        for column, cells in self.columns:
            cell = pad(column.cells[index], cells, right=column.is_right, ellipsis=self._glyphs.cut)
            is_alarm = column.title == "ALARM" and bool(job.alarm)
            line.append((" " * GAP + cell, "off" if is_hidden else "warn" if is_alarm else ""))
        return line


def values_line(curves: Sequence[Curves], view: View, where: str, cells: int, glyphs: Glyphs) -> Line:
    """Return the values of several runs at the cross-hair: with their names where they fit, else with their numbers."""
    at = view.cursor if view.cursor is not None else 0.0
    values = ["-" if (found := run.value_at(at)) is None else number(found) for run in curves]
    for names in ([f" {fit(run.name, 16, ellipsis=glyphs.cut)}" for run in curves], [""] * len(curves)):
        spans: list[Span] = [(f" {where}", "cross")]
        for index, (name, value) in enumerate(zip(names, values, strict=True)):
            if index not in view.hidden:
                spans.append((f"  {index + 1}{name} {value}", f"run{index + 1}"))
        if sum(width(text) for text, _ in spans) <= cells:
            break
    return spans
