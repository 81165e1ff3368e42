"""Rows of the table as data, and the values from which they are computed."""

import math
import statistics
from collections.abc import Callable, Collection
from typing import NamedTuple


class Row(NamedTuple):
    """A number of the table: a value of fttui, alone or as a ratio to another program's."""

    number: str
    what: str
    bound: float
    ours: str
    """Name of our values."""
    theirs: str = ""
    """Name of the values to compare with; empty if the value itself is bounded."""
    reason: str = ""
    """Reason why the bound is not met, shown beside a value outside of it."""


class Effort(NamedTuple):
    """Extent of the measurements."""

    runs: int = 9
    """Number of interleaved runs of a cheap measurement. Expensive ones take a third."""
    is_quick: bool = False
    """Small files and short waits: the values show that the programs work, and are not to be quoted."""

    @property
    def few(self) -> int:
        """Number of runs of an expensive measurement."""
        return max(1, self.runs // 3)

    def size(self, full: int, quick: int) -> int:
        """Return the size of something to measure."""
        return quick if self.is_quick else full


Figures = dict[str, list[float]]
"""Values by name, one for each run. Values with the same place were measured side by side."""


class Concern(NamedTuple):
    """Rows that are measured together."""

    name: str
    rows: tuple[Row, ...]
    measure: Callable[[Collection[str], Effort], Figures]
    """Measures the rows with these numbers. A name without values was not measured: its program may be absent."""


class Measured(NamedTuple):
    """A row with the values from which it is computed."""

    row: Row
    figures: Figures
    before: Figures
    """Values of an earlier revision. Empty if none was measured."""


def value_of(row: Row, figures: Figures) -> float:
    """Return the value of a row: the median of the ratios of each pair, so that the drift of a machine cancels out."""
    ours = figures.get(row.ours, [])
    if not row.theirs:
        return statistics.median(ours) if ours else math.nan
    pairs = zip(ours, figures.get(row.theirs, []), strict=False)
    return statistics.median([mine / theirs for mine, theirs in pairs if theirs] or [math.nan])
