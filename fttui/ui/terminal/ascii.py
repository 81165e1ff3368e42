"""For terminals that cannot be trusted with every character: nothing but ASCII, and bars of whole cells."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.scrollbar import ScrollBarRender

from fttui.ui.render.glyphs import ascii_only


class WholeCells(ScrollBarRender):
    """Scroll bars without block elements, which take two cells in terminals of East Asian locales."""

    VERTICAL_BARS = [" "]
    HORIZONTAL_BARS = [" "]


class AsciiFilter(LineFilter):
    """Everything that is drawn, whatever widget draws it, in ASCII; each line as wide as it was."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(ascii_only(segment.text), segment.style, segment.control)
            for segment in segments
        ]
