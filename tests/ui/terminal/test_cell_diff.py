"""CellDiff writes only changed cells, and the terminal shows the same as with Textual's own output."""

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
from fttui.ui.terminal import fallbacks
from fttui.ui.terminal.cell_diff import CellDiff, cell_diff
from tests.support.visible import visible

COLUMNS, LINES = 24, 4
EDGES = (0, 7, 15, COLUMNS)
"""Column edges of the panes. No character crosses an edge."""
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
    """Random strips by pane, each of a few segments, in Textual's structure."""
    panes: dict[int, Strip | None] = {}
    for start, end in pairwise(EDGES):
        segments = [
            Segment("".join(chance.choices(CHARACTERS, k=chance.randrange(9))), chance.choice(STYLES))
            for _ in range(chance.randrange(4))
        ]
        panes[start] = Strip(segments).adjust_cell_length(end - start)
    return panes


def some_frames(seed: int) -> list[LayoutUpdate | ChopsUpdate]:
    """Random sequence of whole and partial frames. Lines often stay unchanged."""
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
    """Terminal without line wrap, as Textual sets it."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.Stream(self.screen)
        self.feed("\x1b[?7l")

    def feed(self, text: str) -> None:
        self._stream.feed(text)

    @property
    def cells(self) -> list[list[pyte.screens.Char]]:
        return [[visible(self.screen.buffer[y][x]) for x in range(COLUMNS)] for y in range(LINES)]


def changes(diff: CellDiff, frame: object) -> str:
    text = diff.changes(frame, ColorSystem.TRUECOLOR)
    assert text is not None
    return text


@pytest.mark.parametrize("erases", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_reduced_frames_show_the_same_cells_as_whole_frames(seed: int, erases: bool) -> None:
    stock, reduced, diff = Shown(), Shown(), CellDiff(erases=erases)
    for frame in some_frames(seed):
        stock.feed(frame.render_segments(CONSOLE))
        reduced.feed(changes(diff, frame))
        assert reduced.cells == stock.cells
        assert changes(diff, frame) == "", "it stands there already"


@pytest.mark.parametrize("seed", range(20))
def test_forgotten_cells_are_written_again(seed: int) -> None:
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


def test_one_changed_cell_takes_few_bytes() -> None:
    look = Style(color="#d7dde5", bgcolor="#0f1419")
    diff = CellDiff()
    changes(diff, line("step 41 of 100", look))
    assert changes(diff, line("step 42 of 100", look)) == "\x1b[1;7H\x1b[38;2;215;221;229;48;2;15;20;25m2\x1b[0m"


def test_overwriting_half_a_wide_character_rewrites_the_other_half() -> None:
    diff = CellDiff()
    changes(diff, LayoutUpdate([[Strip([Segment("a漢b")])]], Region(0, 0, 4, 1)))
    left = ChopsUpdate([{0: Strip([Segment("ax")])}], [(0, 0, 2)], [[2]])
    assert changes(diff, left) == "\x1b[1;2Hx"
    right = ChopsUpdate([{2: Strip([Segment(" b")])}], [(0, 2, 4)], [[4]])
    assert changes(diff, right) == "\x1b[1;3H ", "the terminal has emptied it, or it has not"


def test_the_character_after_a_wide_one_is_positioned_explicitly() -> None:
    """Terminals disagree about this character's width. Without the movement the rest of the line would shift."""
    assert changes(CellDiff(), line("❤\ufe0fab")) == "\x1b[1;1H❤\ufe0f\x1b[1;3Hab"


def test_only_changed_style_attributes_are_written() -> None:
    dark = {"bgcolor": "#0f1419"}
    text = changes(
        CellDiff(),
        LayoutUpdate(
            [[Strip([Segment("a", Style(color="#ffffff", **dark)), Segment("b", Style(color="#8b98a5", **dark))])]],
            Region(0, 0, 2, 1),
        ),
    )
    assert text == "\x1b[1;1H\x1b[38;2;255;255;255;48;2;15;20;25ma\x1b[38;2;139;152;165mb\x1b[0m"


def test_a_blank_between_two_words_of_one_style_changes_no_style() -> None:
    text, rest = Style(color="#ffffff", bgcolor="#0f1419", bold=True), Style(bgcolor="#0f1419")
    segments = [Segment("a", text), Segment(" ", rest), Segment("b", text), Segment(" ", Style(bgcolor="#24405e"))]
    shown = changes(CellDiff(), LayoutUpdate([[Strip(segments)]], Region(0, 0, 4, 1)))
    assert shown == "\x1b[1;1H\x1b[1;38;2;255;255;255;48;2;15;20;25ma b\x1b[0;48;2;36;64;94m \x1b[0m"


def test_long_rows_of_blanks_are_erased_and_the_cursor_moves_over_them() -> None:
    dark = Style(bgcolor="#0f1419")
    frame = line("a" + " " * 12 + "b" + " " * 7, dark)
    assert changes(CellDiff(erases=True), frame) == "\x1b[1;1H\x1b[48;2;15;20;25ma\x1b[12X\x1b[12Cb\x1b[7X\x1b[0m"
    two = Segment("a" + " " * 7, dark), Segment(" " * 5 + "b", dark + Style(underline=True))
    shown = changes(CellDiff(erases=True), LayoutUpdate([[Strip(two)]], Region(0, 0, 14, 1)))
    assert "X" not in shown, "a short row, and underlined blanks"


@pytest.mark.parametrize("before", STYLES)
@pytest.mark.parametrize("after", STYLES)
def test_every_style_transition_gives_the_new_style(before: Style | None, after: Style | None) -> None:
    frame = LayoutUpdate([[Strip([Segment("a", before), Segment("b", after)])]], Region(0, 0, 2, 1))
    stock, reduced = Shown(), Shown()
    stock.feed(frame.render_segments(CONSOLE))
    reduced.feed(changes(CellDiff(), frame))
    assert reduced.cells == stock.cells


def test_an_unknown_frame_passes_through_and_clears_the_copy() -> None:
    diff = CellDiff()
    assert diff.reduce_frame(line("abc"), CONSOLE) is not None
    assert diff.reduce_frame(line("abc"), CONSOLE) is None
    assert diff.reduce_frame("something else", CONSOLE) == "something else"
    assert diff.reduce_frame(line("abc"), CONSOLE) is not None


def test_an_unreadable_frame_switches_the_diff_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallbacks, "faults", [])
    diff = CellDiff()
    broken = LayoutUpdate([[None]], Region(0, 0, 1, 1))  # type: ignore[list-item]
    assert diff.reduce_frame(broken, CONSOLE) is broken
    later = line("abc")
    assert diff.reduce_frame(later, CONSOLE) is later
    assert [text[:75] for _, text in fallbacks.faults] == [
        "Slower from now on: writing only the changed cells was switched off by Type"
    ]


def test_fttui_diff_0_switches_the_diff_off() -> None:
    assert cell_diff({}) is not None
    assert cell_diff({"FTTUI_DIFF": "0"}) is None


def test_a_changed_frame_structure_switches_the_diff_off(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(LayoutUpdate):
        def __init__(self, lines: object, region: Region) -> None:
            self.lines, self.region = lines, region

    monkeypatch.setattr(celldiff, "LayoutUpdate", Other)
    monkeypatch.setattr(fallbacks, "faults", [])
    assert cell_diff({}) is None
    assert len(fallbacks.faults) == 1
