"""Fields of the detail pane, and its lines for a job whose JSON is not loaded yet. Pure, and light at the start."""

from fttui.models.row import JobRow
from fttui.text import clean, wrap
from fttui.ui.render.columns import fit_columns
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, row_line

LABEL = 18
"""Cells of the label column."""

MAX_LENGTH = 4_000
"""Characters shown of one member or one line of JSON. Wrapping a longer text takes more than a frame."""


def row_lines(row: JobRow, now: float, cells: int, glyphs: Glyphs) -> list[Line]:
    """Build the lines of a job whose JSON is not loaded yet, just after startup."""
    return [*field_lines("id", row.id, "bold", cells), row_line(row, fit_columns(cells), now, glyphs)]


def field_lines(label: str, text: str, role: str, cells: int) -> list[Line]:
    """Build the lines of one field: its label, and its text wrapped beside it."""
    name = label if len(label) < LABEL else label[: LABEL - 2] + "…"
    pieces = wrap(cut(text), max(8, cells - LABEL - 1))
    first: Line = [(f" {name:<{LABEL - 1}}", "dim"), (pieces[0], role)]
    return [first, *([(" " * LABEL, ""), (piece, role)] for piece in pieces[1:])]


def cut(text: str) -> str:
    """Clean `text`. A text over the limit is cut and its length added."""
    if len(text) <= MAX_LENGTH:
        return clean(text)
    return f"{clean(text[:MAX_LENGTH])} … ({len(text):,} characters; press e to export all)"
