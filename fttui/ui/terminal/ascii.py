"""Output for terminals without reliable Unicode: ASCII only, and scroll bars of whole cells."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.scrollbar import ScrollBarRender

from fttui.ui.render.glyphs import ascii_only


class WholeCells(ScrollBarRender):
    """Scroll bars without block elements, which are two cells wide in East Asian locales."""

    VERTICAL_BARS = [" "]
    HORIZONTAL_BARS = [" "]


class AsciiFilter(LineFilter):
    """Line filter that replaces every non-ASCII character. The width of each line stays the same."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(ascii_only(segment.text), segment.style, segment.control)
            for segment in segments
        ]
