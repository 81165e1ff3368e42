"""Lines of the checkpoints pane: a table with the best checkpoint marked, sorting and its sentence. Pure."""

import time
from collections.abc import Sequence

from fttui.lean_typing import NamedTuple
from fttui.learning.checkpoints import Checkpoints, Saved
from fttui.learning.figures import figure
from fttui.text import pad, size_words, width
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span, line_width

SORTS = ("step", "valid", "train", "gap")
"""Orders of the table. The newest step or the lowest value comes first."""
_DAY = 24 * 3600
LEAST_MODEL = 16
"""Cells of a model's name below which columns leave."""


class _Column(NamedTuple):
    name: str
    title: str
    cells: int
    """Width with the space before."""
    leave: int
    """Order in which the column leaves, 1 first. 0 stays."""


_COLUMNS = (
    _Column("step", "STEP", 8, 0),
    _Column("epoch", "EPOCH", 6, 5),
    _Column("valid", "VALID", 8, 0),
    _Column("train", "TRAIN", 8, 4),
    _Column("gap", "GAP", 7, 3),
    _Column("size", "SIZE", 9, 2),
    _Column("saved", "SAVED", 10, 1),
)


class CheckpointLines:
    """Table of the checkpoints of a job."""

    def __init__(self, glyphs: Glyphs) -> None:
        self._glyphs = glyphs
        self.judged = Checkpoints()
        self.sort = "step"
        self.gone: frozenset[str] = frozenset()
        """Models that no longer exist."""

    @property
    def ordered(self) -> Sequence[Saved]:
        """Checkpoints in the order of the table."""
        rows = self.judged.rows[::-1]
        if self.sort == "step":
            return rows
        sign = -1 if self.sort == "valid" and not self.judged.is_loss else 1

        def place(row: Saved) -> tuple[bool, float]:
            value = getattr(row, self.sort)
            return (value is None, 0.0 if value is None else sign * value)

        return sorted(rows, key=place)

    def next_sort(self) -> None:
        """Sort by the next column."""
        self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]

    def heading(self, cells: int) -> Line:
        """Build the heading."""
        text = "".join(pad(self._title(column), column.cells, right=True) for column in self._fit(cells))
        return [(f"{text}  MODEL", "head")]

    def line(self, row: Saved, cells: int, now: float, *, cursor: bool) -> Line:
        """Build the line of a checkpoint. `now` is in Unix seconds."""
        is_best = row == self.judged.best
        columns = self._fit(cells)
        mark = "✶" if is_best else " "
        spans: list[Span] = [(">" if cursor else " ", "bold"), (mark, "best")]
        for column in columns:
            room = column.cells - (2 if column.name == "step" else 0)
            spans.append((pad(_cell(row, column.name, now), room, right=True), _role(column.name, is_best)))
        room = max(8, cells - line_width(spans) - 2)
        if row.model in self.gone:
            spans.append((f"  {pad('no longer kept', room)}", "dim"))
        else:
            spans.append((f"  {end_of(row.model or row.id, room, self._glyphs.cut)}", "bold" if is_best else ""))
        return spans

    def sentence(self, cells: int) -> Line:
        """Say which checkpoint is best, in at most `cells` cells. Empty without a best one."""
        said = self.judged.sentences()
        while len(said) > 1 and width(" ".join(said)) + 3 > cells:
            said.pop()
        return [(" ✶ ", "best"), (" ".join(said), "")] if said else []

    def _title(self, column: _Column) -> str:
        title = "REWARD" if column.name == "valid" and not self.judged.is_loss else column.title
        if column.name != self.sort or self.sort == "step":
            return title
        return title + (self._glyphs.up if self.judged.is_loss or self.sort != "valid" else self._glyphs.down)

    def _fit(self, cells: int) -> Sequence[_Column]:
        has_sizes = any(row.size is not None for row in self.judged.rows)
        columns = [column for column in _COLUMNS if column.name != "size" or has_sizes]
        for leaving in sorted((column for column in list(columns) if column.leave), key=lambda column: column.leave):
            if sum(column.cells for column in columns) + 2 + LEAST_MODEL > cells:
                columns.remove(leaving)
        return columns


def end_of(text: str, cells: int, ellipsis: str = "…") -> str:
    """Cut a text to its end: the names of models differ there."""
    if width(text) <= cells:
        return text
    while text and width(text) > cells - len(ellipsis):
        text = text[1:]
    return ellipsis + text


def _cell(row: Saved, name: str, now: float) -> str:
    value = row.at if name == "saved" else getattr(row, name)
    if value is None:
        return "-"
    if name == "saved":
        moment = time.localtime(value)
        return time.strftime("%H:%M:%S" if 0 <= now - value < _DAY else "%y-%m-%d", moment)
    if name == "size":
        return size_words(row.size)
    if name == "gap":
        return f"{value:+.2f}"
    return str(value) if name in ("step", "epoch") else figure(value)


def _role(name: str, is_best: bool) -> str:
    if name == "valid":
        return "best" if is_best else "valid"
    return {"train": "train", "saved": "dim", "size": "dim"}.get(name, "")
