"""Only what became another is written, and the terminal shows the same as without that."""

from itertools import pairwise
from random import Random

import pyte
import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from fttui.ui.terminal import cell_diff as celldiff
from fttui.ui.terminal.cell_diff import CellDiff, cell_diff

COLUMNS, LINES = 24, 4
EDGES = (0, 7, 15, COLUMNS)
"""Where the panes begin, and the end: no character stands across them."""
CONSOLE = Console(color_system="truecolor", force_terminal=True, width=COLUMNS)

STYLES = [
    None,
    Style(),
    Style(bold=True),
    Style(color="#ff7b72", bgcolor="#0f1419"),
    Style(color="#d7dde5", bgcolor="#0f1419"),
    Style(color="#d7dde5", bgcolor="#24405e", bold=True),
    Style(color="red", reverse=True),
    Style(color="bright_red", bgcolor="bright_black", dim=True, underline=True, strike=True),
    Style(bgcolor="default", overline=True, underline2=True),
    Style(dim=True, bold=True, italic=True),
    Style(dim=True, color="#ff7b72"),
]
CHARACTERS = [*"ab 1─▸é漢🎉", "e\u0301", "漢\u0301"]


def some_line(chance: Random) -> dict[int, Strip | None]:
    """A strip for each pane, of a few pieces with a few characters each; by pane, as Textual has them."""
    panes: dict[int, Strip | None] = {}
    for start, end in pairwise(EDGES):
        segments = [
            Segment("".join(chance.choices(CHARACTERS, k=chance.randrange(9))), chance.choice(STYLES))
            for _ in range(chance.randrange(4))
        ]
        panes[start] = Strip(segments).adjust_cell_length(end - start)
    return panes


def some_frames(seed: int) -> list[LayoutUpdate | ChopsUpdate]:
    """Whole screens and parts of them, one after the other; often a line stays as it was."""
    chance = Random(seed)
    frames: list[LayoutUpdate | ChopsUpdate] = []
    screen = [some_line(chance) for _ in range(LINES)]
    for _ in range(chance.randrange(1, 9)):
        screen = [some_line(chance) if chance.random() < 0.4 else found for found in screen]
        if chance.random() < 0.4:
            strips = [[strip for strip in found.values() if strip is not None] for found in screen]
            frames.append(LayoutUpdate(list(strips), Region(0, 0, COLUMNS, LINES)))
        else:
            spans = [(y, *sorted(chance.sample(EDGES, 2))) for y in sorted(chance.sample(range(LINES), 2))]
            frames.append(ChopsUpdate(screen, spans, [list(EDGES[1:])] * LINES))
    return frames


class Shown:
    """A terminal without line wrap, as Textual sets it."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.Stream(self.screen)
        self.feed("\x1b[?7l")

    def feed(self, text: str) -> None:
        self._stream.feed(text)

    @property
    def cells(self) -> list[list[pyte.screens.Char]]:
        return [[self.screen.buffer[y][x] for x in range(COLUMNS)] for y in range(LINES)]


def changes(diff: CellDiff, frame: object) -> str:
    text = diff.changes(frame, ColorSystem.TRUECOLOR)
    assert text is not None
    return text


@pytest.mark.parametrize("seed", range(40))
def test_the_screen_is_the_same_cell_by_cell(seed: int) -> None:
    stock, reduced, diff = Shown(), Shown(), CellDiff()
    for frame in some_frames(seed):
        stock.feed(frame.render_segments(CONSOLE))
        reduced.feed(changes(diff, frame))
        assert reduced.cells == stock.cells
        assert changes(diff, frame) == "", "it stands there already"


@pytest.mark.parametrize("seed", range(20))
def test_what_was_forgotten_is_written_again(seed: int) -> None:
    diff = CellDiff()
    for frame in some_frames(seed):
        diff.forget()
        stock, again = Shown(), Shown()
        stock.feed(frame.render_segments(CONSOLE))
        again.feed(changes(diff, frame))
        assert again.cells == stock.cells


def line(text: str, style: Style | None = None) -> LayoutUpdate:
    strip = Strip([Segment(text, style)])
    return LayoutUpdate([[strip]], Region(0, 0, strip.cell_length, 1))


def test_one_cell_takes_few_bytes() -> None:
    look = Style(color="#d7dde5", bgcolor="#0f1419")
    diff = CellDiff()
    changes(diff, line("step 41 of 100", look))
    assert changes(diff, line("step 42 of 100", look)) == "\x1b[1;7H\x1b[38;2;215;221;229;48;2;15;20;25m2\x1b[0m"


def test_a_wide_character_takes_its_other_half_along() -> None:
    diff = CellDiff()
    changes(diff, LayoutUpdate([[Strip([Segment("a漢b")])]], Region(0, 0, 4, 1)))
    left = ChopsUpdate([{0: Strip([Segment("ax")])}], [(0, 0, 2)], [[2]])
    assert changes(diff, left) == "\x1b[1;2Hx"
    right = ChopsUpdate([{2: Strip([Segment(" b")])}], [(0, 2, 4)], [[4]])
    assert changes(diff, right) == "\x1b[1;3H ", "the terminal has emptied it, or it has not"


def test_what_follows_a_wide_character_is_put_in_its_place() -> None:
    """Terminals disagree about this one; without the move the rest of the line would be off by a cell."""
    assert changes(CellDiff(), line("❤\ufe0fab")) == "\x1b[1;1H❤\ufe0f\x1b[1;3Hab"


def test_only_what_differs_of_a_style_is_written() -> None:
    dark = {"bgcolor": "#0f1419"}
    text = changes(
        CellDiff(),
        LayoutUpdate(
            [[Strip([Segment("a", Style(color="#ffffff", **dark)), Segment("b", Style(color="#8b98a5", **dark))])]],
            Region(0, 0, 2, 1),
        ),
    )
    assert text == "\x1b[1;1H\x1b[38;2;255;255;255;48;2;15;20;25ma\x1b[38;2;139;152;165mb\x1b[0m"


@pytest.mark.parametrize("before", STYLES)
@pytest.mark.parametrize("after", STYLES)
def test_from_every_look_to_every_other(before: Style | None, after: Style | None) -> None:
    frame = LayoutUpdate([[Strip([Segment("a", before), Segment("b", after)])]], Region(0, 0, 2, 1))
    stock, reduced = Shown(), Shown()
    stock.feed(frame.render_segments(CONSOLE))
    reduced.feed(changes(CellDiff(), frame))
    assert reduced.cells == stock.cells


def test_an_unknown_kind_of_frame_is_left_alone_and_what_it_covers_forgotten() -> None:
    diff = CellDiff()
    assert diff.reduce_frame(line("abc"), CONSOLE) is not None
    assert diff.reduce_frame(line("abc"), CONSOLE) is None
    assert diff.reduce_frame("something else", CONSOLE) == "something else"
    assert diff.reduce_frame(line("abc"), CONSOLE) is not None


def test_a_frame_that_cannot_be_read_ends_the_stage_quietly() -> None:
    diff = CellDiff()
    broken = LayoutUpdate([[None]], Region(0, 0, 1, 1))  # type: ignore[list-item]
    assert diff.reduce_frame(broken, CONSOLE) is broken
    later = line("abc")
    assert diff.reduce_frame(later, CONSOLE) is later


def test_it_can_be_switched_off() -> None:
    assert cell_diff({}) is not None
    assert cell_diff({"FTTUI_DIFF": "0"}) is None


def test_where_frames_are_not_as_they_were_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(LayoutUpdate):
        def __init__(self, lines: object, region: Region) -> None:
            self.lines, self.region = lines, region

    monkeypatch.setattr(celldiff, "LayoutUpdate", Other)
    assert cell_diff({}) is None
