"""Bytes that a terminal receives when a chart changes, in 24-bit colour: computed, and those of the real widget."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyte
from rich.color import ColorSystem
from textual.app import App, ComposeResult, RenderableType
from textual.screen import Screen

from fttui.learning.run import Run
from fttui.ui.panes.curve import CurveView
from fttui.ui.render.chart.view import Span, View, curves_of
from fttui.ui.render.glyphs import UNICODE
from fttui.ui.render.theme import OWN_THEMES, line_variables
from fttui.ui.terminal.cell_diff import CellDiff
from tests.support.pilot import QuietPilot
from tests.support.simulated_runs import points_of, real_run

MOVE = len("\x1b[30;40H")
COLOUR = len("\x1b[38;2;100;100;100m")
FIRST = 20
"""Step from which points are counted."""
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


class Replayed(NamedTuple):
    """What the points of a run cost from step 20 on."""

    costs: list[int]
    """Bytes of each new point that was looked at, ascending."""
    points: int
    """Number of all points."""
    moves: int
    """How often the vertical range moved."""

    @property
    def most_of(self) -> int:
        """Bytes that 95 of 100 points do not exceed."""
        return self.costs[len(self.costs) * 95 // 100]


class CurveApp(App[None]):
    """A curve pane alone on a terminal, with the colours and the cell diff of the cockpit."""

    CSS = "Screen { background: $background; color: $foreground; }"

    def __init__(self, cells: int, rows: int) -> None:
        super().__init__()
        self.view = CurveView(UNICODE)
        self.sent = ""
        """Text for the terminal since `take`."""
        self._cells = CellDiff()
        self._terminal = pyte.Screen(cells, rows)
        self._stream = pyte.Stream(self._terminal)
        for theme in OWN_THEMES:
            self.register_theme(theme)
        self.theme = OWN_THEMES[0].name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return line_variables(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self.view

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if renderable is not None and (text := self._cells.changes(renderable, ColorSystem.TRUECOLOR)):
            self.sent += AROUND + text

    def take(self) -> int:
        """Pass what was sent to the terminal, and return its length in bytes."""
        self._stream.feed(self.sent)
        count, self.sent = len(self.sent.encode()), ""
        return count

    @property
    def terminal(self) -> list[str]:
        """Lines of the terminal."""
        return [line.rstrip() for line in self._terminal.display]


AROUND = "\x1b[?2026h\x1b[1;1H\x1b[?2026l"
"""What Textual sends with each frame: begin and end of a synchronised update, and a move of the cursor."""


async def replay_widget(name: str, cells: int, rows: int, *, every: int = 1) -> Replayed:
    """Show a real run in the real widget as its points arrive, and count the bytes of every `every`th point.

    The emulated terminal must show what the widget has drawn.
    """
    app, view = CurveApp(cells, rows), View(0, 0)
    costs: list[int] = []
    ranges: list[tuple[float, float]] = []
    async with app.run_test(size=(cells, rows)):
        pilot = QuietPilot(app)
        for point, run in enumerate(growing(name)):
            if run.last_step < FIRST or point % every > 1:
                continue
            app.view.show([curves_of(name, run, is_live=True)], view, subject=name)
            await pilot.pause()
            sent, picture = app.take(), app.view.picture
            assert picture is not None
            assert app.terminal == [line.rstrip() for line in app.view.text_lines]
            if ranges and (every == 1 or point % every):
                costs.append(sent)
            ranges.append(picture.y_range)
    moves = sum(before != after for before, after in itertools.pairwise(ranges))
    return Replayed(sorted(costs), run.last_step - FIRST, moves)


def growing(name: str) -> Iterator[Run]:
    """Yield a real run after each of its steps. It is one object, which grows."""
    whole = real_run(name)
    run = Run(total_steps=whole.total_steps, n_epochs=whole.n_epochs)
    for step, values in points_of(whole):
        run.checkpoints = tuple(saved for saved in whole.checkpoints if saved <= step)
        run.add(step, values, float(step))
        yield run
