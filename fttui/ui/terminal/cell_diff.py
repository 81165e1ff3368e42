"""Write only the cells that changed since the last frame.

Textual writes every refreshed region whole, each segment with its full style, and the whole screen several times at
startup. That is slow over SSH. `CellDiff` keeps a copy of the terminal's content and compares each frame with it.

The structure of Textual's frames is private. It is checked once at startup, and the first frame that cannot be read
switches the diff off: Textual then writes as usual. `FTTUI_DIFF=0` switches it off from the start.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from itertools import repeat
from typing import Any

from rich.cells import split_graphemes
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from fttui.ui.terminal import fallbacks
from fttui.ui.terminal.erasing import erases_to_background

GAP = 3
"""Longest run of unchanged cells to rewrite. A cursor movement would take more bytes."""
UNKNOWN = "?"
"""Style of a cell whose content is unknown. Never equal to real SGR codes."""

ERASE_LAST, ERASE = 6, 12
"""Fewest equal blanks that are erased, because erasing takes fewer bytes: at the end of what is written, and before
other characters, where the cursor must move over them."""

Cell = tuple[str, str]
"""A character with its combining characters, and its SGR codes. The right half of a wide character is empty."""
_UNKNOWN_CELL: Cell = ("", UNKNOWN)


class CellDiff:
    """Copy of the terminal's content, as far as fttui wrote it."""

    def __init__(self, *, erases: bool = False) -> None:
        """
        Args:
            erases: erase long rows of blanks; the terminal fills them with the background colour.
        """
        self._erases = erases
        self._rows: dict[int, list[Cell]] = {}
        self._codes: dict[Style, str] = {}
        self._works = True

    def forget(self) -> None:
        """Treat every cell as unknown, so that the next frame is written whole."""
        self._rows.clear()

    def reduce_frame(self, frame: Any, console: Console) -> Any:
        """Reduce a Textual frame to its changed cells. Return None when no cell changed."""
        if not self._works:
            return frame
        try:
            text = self.changes(frame, console._color_system or ColorSystem.TRUECOLOR)
        except fallbacks.STRUCTURAL as error:
            self._works = False
            fallbacks.give_up("writing only the changed cells", error)
            return frame
        if text is None:
            self.forget()
            return frame
        return _Changes(text) if text else None

    def changes(self, frame: object, colors: ColorSystem) -> str | None:
        """Return the text that makes the terminal show `frame`, or None for an unknown kind of frame."""
        out = _Writer(erases=self._erases)
        if isinstance(frame, LayoutUpdate):
            for y, strips in enumerate(frame.strips, frame.region.y):
                line = [cell for strip in strips for cell in self._cells(strip, colors)]
                self._show(frame.region.x, y, line, out)
        elif isinstance(frame, ChopsUpdate):
            for y, left, right in frame.spans:
                for end, (x, strip) in zip(frame.chop_ends[y], frame.chops[y].items(), strict=False):
                    if strip is None or x >= right or end <= left:
                        continue
                    whole = strip if end <= right else strip.crop(0, right - x)
                    self._show(x, y, self._cells(whole, colors), out)
        else:
            return None
        return out.end()

    def _cells(self, strip: Strip, colors: ColorSystem) -> list[Cell]:
        cells: list[Cell] = []
        for text, style, control in strip:
            if control:
                continue
            codes = self._codes_of(style, colors) if style is not None else ""
            if text.isascii():
                cells.extend(zip(text, repeat(codes)))
                continue
            for start, end, width in split_graphemes(text)[0]:
                if width:
                    cells.append((text[start:end], codes))
                    cells.extend([("", codes)] * (width - 1))
                elif cells and cells[-1][0]:
                    cells[-1] = (cells[-1][0] + text[start:end], codes)
        if len(cells) != strip.cell_length:
            raise ValueError("the strip's cells do not match its length")
        return cells

    def _codes_of(self, style: Style, colors: ColorSystem) -> str:
        codes = self._codes.get(style)
        if codes is None:
            if len(self._codes) > 2000:
                self._codes.clear()  # styles contain text offsets, so their number is unbounded
            codes = self._codes[style] = Strip.render_ansi(style, colors)
        return codes

    def _show(self, x: int, y: int, cells: list[Cell], out: "_Writer") -> None:
        row = self._rows.setdefault(y, [])
        end = x + len(cells)
        if len(row) < end:
            row.extend([_UNKNOWN_CELL] * (end - len(row)))
        old = row[x:end]
        if old == cells:
            return
        row[x:end] = cells
        # Overwriting one half of a wide character destroys the other half too.
        if x and _is_right_half(old[0]) and old[0] != cells[0]:
            row[x - 1] = _UNKNOWN_CELL
        if end < len(row) and _is_right_half(row[end]) and old[-1] != cells[-1]:
            row[end] = _UNKNOWN_CELL
        changed = [index for index, (was, now) in enumerate(zip(old, cells, strict=True)) if was != now]
        start = stop = changed[0]
        for index in changed:
            if index > stop + GAP:
                out.run(x, y, cells, start, stop)
                start = index
            stop = index + 1
        out.run(x, y, cells, start, stop)


def _is_right_half(cell: Cell) -> bool:
    return not cell[0] and cell[1] != UNKNOWN


class _Writer:
    """Output buffer that tracks the cursor position and the current style."""

    def __init__(self, *, erases: bool) -> None:
        self._erases = erases
        self._out: list[str] = []
        self._at = (-1, -1)
        self._style = ""

    def run(self, x: int, y: int, cells: list[Cell], start: int, stop: int) -> None:
        """Write `cells[start:stop]`, extended to whole characters. `x` is the column of `cells[0]`."""
        while start and not cells[start][0]:
            start -= 1
        while stop < len(cells) and not cells[stop][0]:
            stop += 1
        self._move(x + start, y)
        style, out, written, erased = self._style, self._out, stop, start
        for index in range(start, stop):
            if index < erased:
                continue
            character, codes = cells[index]
            if codes != style and not (character == " " and _is_same_blank(style, codes)):
                out.append(_transition(style, codes))
                style = codes
            if character == " " and self._erases and (count := _erasable(cells, index, stop)):
                out.append(f"\x1b[{count}X")
                erased = index + count
                if erased < stop:
                    out.append(f"\x1b[{count}C")
                else:
                    written = index
            elif character:
                out.append(character)
            elif index + 1 < stop:
                # Terminals disagree about wide characters, so position the next character explicitly.
                out.append(f"\x1b[{y + 1};{x + index + 2}H")
        self._style = style
        self._at = (x + written, y)

    def _move(self, x: int, y: int) -> None:
        column, line = self._at
        if line != y or column > x:
            self._out.append(f"\x1b[{y + 1};{x + 1}H")
        elif column < x:
            self._out.append(f"\x1b[{x - column}C")

    def end(self) -> str:
        if self._style:
            self._out.append("\x1b[0m")
        return "".join(self._out)


class _Changes(CompositorUpdate):
    """Frame reduced to its changed cells."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render_segments(self, console: Console) -> str:
        return self._text


def _erasable(cells: list[Cell], start: int, stop: int) -> int:
    """Return the number of equal blanks from `start` if erasing them takes fewer bytes than writing, else 0."""
    blank = cells[start]
    if start + ERASE_LAST > stop or cells[start + ERASE_LAST - 1] != blank or not _is_plain(blank[1]):
        return 0
    end = start + 1
    while end < stop and cells[end] == blank:
        end += 1
    return end - start if end - start >= (ERASE_LAST if end == stop else ERASE) else 0


_INK = frozenset({"1", "2", "3", "38"})
"""Properties that do not show on a blank: bold, dim, italic and the text colour."""


@lru_cache(2000)
def _is_plain(codes: str) -> bool:
    """Return whether a blank of this style shows nothing but its background."""
    return _parts(codes).keys() <= _INK | {"48"}


@lru_cache(2000)
def _is_same_blank(style: str, other: str) -> bool:
    """Return whether a blank looks the same in two styles, so that none of the bytes of a change are needed."""
    first, second = _parts(style), _parts(other)
    if "7" in first or "7" in second:  # reversed: the text colour fills the cell
        return False
    return all(first.get(kind) == second.get(kind) for kind in first.keys() | second.keys() if kind not in _INK)


_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "7": "27", "9": "29", "38": "39", "48": "49"}
"""SGR code that resets a single attribute or colour, for those that every terminal supports."""


@lru_cache(2000)
def _transition(before: str, after: str) -> str:
    """Return the shortest sequence that changes the style from `before` to `after`."""
    whole = f"\x1b[0;{after}m" if after else "\x1b[0m"
    had, has = _parts(before), _parts(after)
    ended = had.keys() - has.keys()
    if not ended <= _OFF.keys():
        return whole
    off = dict.fromkeys(_OFF[kind] for kind in sorted(ended))
    if "22" in off:
        had = {kind: codes for kind, codes in had.items() if kind not in ("1", "2")}  # 22 resets bold and dim
    steps = ";".join([*off, *(codes for kind, codes in has.items() if had.get(kind) != codes)])
    return min(f"\x1b[{steps}m", whole, key=len)


def _parts(codes: str) -> dict[str, str]:
    """Group SGR codes by the property they set: `38` (text colour), `48` (background) or a single attribute."""
    parts = {}
    rest = codes.split(";") if codes else []
    while rest:
        code = rest[0]
        length = 1
        if code in ("38", "48"):
            length = 5 if rest[1] == "2" else 3
        number = int(code)
        if 30 <= number < 40 or 90 <= number < 98:
            code = "38"
        elif 40 <= number < 50 or 100 <= number < 108:
            code = "48"
        parts[code] = ";".join(rest[:length])
        del rest[:length]
    return parts


def cell_diff(environment: Mapping[str, str] = os.environ) -> CellDiff | None:
    """Create the cell diff. Return None when it is switched off or Textual's frames have a different structure."""
    if environment.get("FTTUI_DIFF") == "0":
        return None
    found = CellDiff(erases=erases_to_background(environment))
    try:
        whole = LayoutUpdate([[Strip([Segment("ab")])]], Region(0, 0, 2, 1))
        part = ChopsUpdate([{0: Strip([Segment("a")]), 1: Strip([Segment("c")])}], [(0, 1, 2)], [[1, 2]])
        texts = [found.changes(frame, ColorSystem.TRUECOLOR) for frame in (whole, part, part)]
    except fallbacks.STRUCTURAL as error:
        fallbacks.give_up("writing only the changed cells", error)
        return None
    found.forget()
    return found if texts == ["\x1b[1;1Hab", "\x1b[1;2Hc", ""] else None
