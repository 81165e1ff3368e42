"""Bytes that a terminal receives when a chart changes, as a cell diff in 24-bit colour sends them."""

from collections.abc import Iterator, Sequence

from fttui.ui.render.chart.draw import draw
from fttui.ui.render.chart.view import Picture, Span, View, curves_of
from tests.support.simulated_runs import real_run, until

MOVE = len("\x1b[30;40H")
COLOUR = len("\x1b[38;2;100;100;100m")
RESET = len("\x1b[0m")


def changed_bytes(before: Sequence[Sequence[Span]], after: Sequence[Sequence[Span]]) -> int:
    """Return the bytes of a diff: a cursor move for each stretch of changed cells, a colour for each role."""
    sent = 0
    for row, line in enumerate(after):
        old = [(letter, role) for text, role in (before[row] if row < len(before) else ()) for letter in text]
        column, there, current = 0, -1, ""
        for text, role in line:
            for letter in text:
                was = old[column] if column < len(old) else (" ", "")
                if was != (letter, role) and not letter == was[0] == " ":
                    sent += MOVE if there != column else 0
                    if role != current and letter != " ":
                        sent, current = sent + COLOUR, role
                    sent += len(letter.encode())
                    there = column + 1
                column += 1
        sent += RESET if current else 0
    return sent


def replay(name: str, cells: int, rows: int, every: int = 1, start: int = 20) -> Iterator[tuple[int, bool]]:
    """Draw a real run as its points arrive. Yield bytes and a moved range for every `every`th point."""
    whole = real_run(name)
    y_range = None

    def picture(step: int) -> Picture:
        curves = curves_of(name, until(whole, step), is_live=True)
        return draw([curves], View(cells, rows, y_range=y_range))

    for step in range(start, whole.last_step, every):
        before = picture(step)
        y_range = before.y_range
        after = picture(step + 1)
        yield changed_bytes(before.lines, after.lines), before.y_range != after.y_range
        y_range = after.y_range
