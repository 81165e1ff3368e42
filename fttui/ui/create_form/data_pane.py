"""Pane of the create form with one example as it is learned, and the lengths of all examples."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from fttui.text import wrap
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line
from fttui.ui.widgets.line_view import LineView
from fttui.ui.workers import start_worker

if TYPE_CHECKING:
    from fttui.data.length_stats import LengthStats
    from fttui.data.report import Report
    from fttui.data.shown_example import Part

_NAME = 12
"""Width of the names of parts."""
_NUMBERS = 18
"""Width of the lengths before their bars."""
_BAR = 30
"""Greatest width of a bar."""


class DataPane(LineView):
    """Shows one line of the training file at a time, read from the disk when it is shown."""

    label = "Data"
    hints: tuple[str, ...] = (
        "n N next, previous example  j k scroll  g G first, last  [ check  esc fields",
        "n N example  j k scroll  g G ends  [ check  esc fields",
        "n N example  j k scroll  esc fields",
    )

    def __init__(self, glyphs: Glyphs, changed: Callable[[], None]) -> None:
        """
        Args:
            changed: called when the title has changed.
        """
        super().__init__(id="data")
        self._glyphs = glyphs
        self._changed = changed
        self._report: Report | None = None
        self._number = 1
        """Line that is shown."""
        self._read_number = 0
        self._parts: list[Part] = []
        self._fault = ""
        self._lines: list[Line] = []

    # Content

    def show_report(self, report: Report | None) -> None:
        """Show the first line of the checked training file."""
        if report is not None and report == self._report:
            return
        self._report = report if report is not None and report.lines else None
        self._number, self._read_number, self._parts, self._fault = 1, 0, [], ""
        self._build()
        if self._report is not None:
            self._go(1)

    @property
    def is_offered(self) -> bool:
        return self._report is not None

    @property
    def state(self) -> str:
        """Text for the title."""
        if self._report is None:
            return ""
        return f"line {self._number:,} of {self._report.lines:,}"

    def set_active(self, is_active: bool) -> None:
        """The pane looks the same without the keys."""

    def on_resize(self) -> None:
        self.refit()

    def refit(self) -> None:
        self._build()

    def _go(self, number: int) -> None:
        """Show another line."""
        if self._report is None:
            return
        self._number = max(1, min(number, self._report.lines))
        self._changed()
        start_worker(self, partial(self._read, self._report, self._number), group="example", exclusive=True)

    async def _read(self, report: Report, number: int) -> None:
        parts, fault = await asyncio.to_thread(read_example, report.path, number)
        if self._report is report and self._number == number:
            self._parts, self._fault, self._read_number = parts, fault, number
            self.scroll_to_line(0)
            self._build()

    def _build(self) -> None:
        cells = max(20, (self.size.width or self.screen.size.width) - 1) if self.is_mounted else 79
        report, lines = self._report, list[Line]()
        if self._fault:
            lines.append([(f" {self._fault}", "warn")])
        for part in self._parts:
            lines += part_lines(part, cells)
        if self._parts and any(part.is_learned for part in self._parts):
            share = report.trained_share if report is not None else None
            words = f" * learned: {share:.0%} of all tokens." if share is not None else " * learned."
            lines.append([(f"{words.replace('%', ' %')} The rest is context.", "dim")])
        if report is not None and report.lengths is not None and report.lengths.bins:
            lines += [[], *length_lines(report.lengths, cells, self._glyphs)]
        self._lines = lines
        self.lines_changed()

    def line_count(self) -> int:
        return len(self._lines)

    def line_at(self, index: int) -> Line:
        return self._lines[index]

    # Keys

    def press(self, key: str, character: str | None) -> bool:
        """Handle a key. Return False for a key that the pane does not use."""
        match character if character in ("n", "N", "j", "k", "g", "G") else key:
            case "n":
                self._go(self._number + 1)
            case "N":
                self._go(self._number - 1)
            case "g" | "home":
                self._go(1)
            case "G" | "end":
                self._go(self._report.lines if self._report is not None else 1)
            case "j" | "down":
                self.scroll_lines(1)
            case "k" | "up":
                self.scroll_lines(-1)
            case "pagedown":
                self.scroll_lines(self.page_height)
            case "pageup":
                self.scroll_lines(-self.page_height)
            case _:
                return False
        return True


def read_example(path: str, number: int) -> tuple[list[Part], str]:
    """Return the parts of the example in a line, and why there are none. Reads the disk."""
    from fttui.data.locate import read_line
    from fttui.data.shown_example import parts_of

    try:
        example = json.loads(read_line(path, number))
    except OSError as error:
        return [], error.strerror or str(error)
    except (ValueError, RecursionError):
        return [], "This line is not JSON."
    return (parts_of(example), "") if isinstance(example, dict) else ([], "This line is not an object.")


def part_lines(part: Part, cells: int) -> list[Line]:
    """Return the rows of a part: its name, with a star when it is learned, and its text."""
    name = part.name[: _NAME - 2] + ("*" if part.is_learned else "")
    lines = list[Line]()
    for at, text in enumerate(wrap(part.text, max(10, cells - _NAME - 1))):
        lines.append([(f" {name if not at else '':{_NAME}}", "bold"), (text, "" if part.is_learned else "dim")])
    return lines


def length_lines(lengths: LengthStats, cells: int, glyphs: Glyphs) -> list[Line]:
    """Return the lengths of examples as bars, and what they mean."""
    most = max(count for _, _, count in lengths.bins)
    bar = max(4, min(_BAR, cells - _NUMBERS - 12))
    lines = list[Line]()
    for low, high, count in lengths.bins:
        numbers = f"{low:,}-{high - 1:,}"
        cells_of_bar = max(1, round(bar * count / most)) if count else 0
        drawn = ("⣿" if glyphs.unicode else "#") * cells_of_bar
        lead = " tokens" if not lines else ""
        lines.append([(f"{lead:7}{numbers:>{_NUMBERS - 7}} ", "dim"), (drawn, "run"), (f" {count:,}", "")])
    tokens, line = lengths.longest[0]
    about = "Estimated: half" if not lengths.exact else "Half"
    words = f"{about} below {lengths.median:,} tokens, nine in ten below {lengths.p90:,}."
    sentences = [words, f"The longest is line {line:,} with {tokens:,}."]
    if lengths.over and lengths.limit is not None:
        verb = "example is" if lengths.over == 1 else "examples are"
        sentences.append(f"{lengths.over:,} {verb} longer than {lengths.limit:,} tokens and will be cut.")
    lines += [[(f" {text}", "")] for text in wrap(" ".join(sentences), max(20, cells - 2))]
    return lines
