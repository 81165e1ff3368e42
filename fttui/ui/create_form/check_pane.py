"""Pane of the create form with the findings in the data, the line of one of them, and how to fix it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from fttui.text import clean_line, width, wrap
from fttui.ui.create_form.finding_rows import FindingRow, FindingRows, finding_line, header_line, member_width
from fttui.ui.messages import EscapeSequenceRequested
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span, rule_line
from fttui.ui.terminal.escape_codes import clipboard
from fttui.ui.widgets.line_edit import LineEdit
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import TextRow
from fttui.ui.workers import start_worker

if TYPE_CHECKING:
    from fttui.data.report import Report

_MOST_REMEDY = 3
_BEFORE = 20
"""Cells of a line shown before the marked part."""


class FindingList(LineList):
    """Findings, one row each."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="findings")
        self._glyphs = glyphs
        self._rows: Sequence[FindingRow] = ()
        self._main_path = ""
        self.is_active = False

    def show_rows(self, rows: Sequence[FindingRow], main_path: str) -> None:
        self._rows, self._main_path = rows, main_path
        self.show_keys([str(at) for at in range(len(rows))])

    @property
    def row(self) -> FindingRow | None:
        """Row under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def index(self) -> int:
        return self._cursor

    def line_at(self, index: int) -> Line:
        cells = self.scrollable_content_region.width
        return finding_line(self._rows[index], cells, self.member_cells(cells), self._glyphs, self._main_path)

    def member_cells(self, cells: int) -> int:
        """Return the width of the members."""
        return member_width(self._rows, cells)

    def is_cursor(self, index: int) -> bool:
        return self.is_active and super().is_cursor(index)


class CheckPane(Vertical):
    """Shows the report of the data check. With the keys, it also shows one finding in its line."""

    label = "Check"
    hints: tuple[str, ...] = (
        "j k finding  enter open  e repaired copy  L level  / search  ] data  esc fields",
        "j k finding  enter open  e repair  L level  ] data  esc",
        "enter open  e repair  L level  esc fields",
    )
    DEFAULT_CSS = """
    CheckPane { height: 1fr; }
    CheckPane #finding-place, CheckPane #finding-header { height: 1; }
    CheckPane #finding-line { height: 2; }
    CheckPane #finding-remedy { height: auto; }
    """

    def __init__(
        self,
        glyphs: Glyphs,
        say: Callable[[str, str], None],
        repair: Callable[[str, str], None],
        changed: Callable[[], None],
    ) -> None:
        """
        Args:
            say: shows a text and its role in the status row.
            repair: writes a repaired copy of the first path to the second.
            changed: called when the title has changed.
        """
        super().__init__(id="check")
        self._glyphs = glyphs
        self._say = say
        self._repair = repair
        self._changed = changed
        self._report: Report | None = None
        self._rows: FindingRows | None = None
        self._words = ""
        self._list = FindingList(glyphs)
        self._edit: LineEdit | None = None
        self._edits_search = False
        self._typed_paths: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        yield TextRow(id="finding-header")
        yield self._list
        yield TextRow(id="finding-place")
        yield TextRow(id="finding-line")
        yield TextRow(id="finding-remedy")

    def on_mount(self) -> None:
        self._show_parts()

    # Content

    def show_report(self, report: Report | None, words: str, typed_paths: dict[str, str]) -> None:
        """Show the findings of a report, or why there are none.

        Args:
            words: sentence for a form without a report.
            typed_paths: text of the field by path of the file.
        """
        self._words, self._typed_paths = words, typed_paths
        if report is not None and report == self._report:
            return
        self._report = report
        self._rows = FindingRows(report) if report is not None else None
        self._list.move_to(0)
        self._show()

    def show_progress(self, words: str) -> None:
        """Show how far the check is."""
        self._words = words
        self._changed()

    @property
    def is_offered(self) -> bool:
        return self._report is not None or bool(self._words)

    @property
    def state(self) -> str:
        """Text for the title."""
        if self._rows is None:
            return self._words
        words = self._rows.words
        return f'"{words}" {self._glyphs.dot} {self._rows.state}' if words else self._rows.state

    @property
    def has_errors(self) -> bool:
        return self._report is not None and bool(self._report.errors)

    def set_active(self, is_active: bool) -> None:
        """Draw the cursor and the finding under it, or only the list."""
        self._list.is_active = is_active
        self._list.lines_changed()
        self._edit = None
        self._show_parts()
        if is_active and self._rows is not None and self._rows.repaired:
            self._say(f"e repairs {self._rows.repaired}.", "dim")

    def on_resize(self) -> None:
        self.refit()

    def refit(self) -> None:
        self._list.lines_changed()
        self._show_parts()

    def _show(self) -> None:
        rows = self._rows.rows if self._rows is not None else []
        self._list.show_rows(rows, self._report.path if self._report is not None else "")
        self._show_parts()
        self._changed()

    def _show_parts(self) -> None:
        if not self.is_mounted:
            return
        header = self.query_one("#finding-header", TextRow)
        rows = self._rows.rows if self._rows is not None else []
        empty = self._words if self._rows is None else self._rows.hidden_words or "No errors."

        def build(cells: int) -> Line:
            return header_line(cells, self._list.member_cells(cells)) if rows else [(f" {empty}", "dim")]

        header.fill(build)
        is_shown = self._list.is_active and bool(rows)
        for name in ("place", "line", "remedy"):
            self.query_one(f"#finding-{name}").display = is_shown
        if is_shown:
            self._show_finding()

    # The finding under the cursor

    def _show_finding(self) -> None:
        row = self._list.row
        if row is None:
            return
        finding = row.first
        detail = f" ({finding.detail})" if finding is not None and finding.detail else ""
        sentences = (row.group.problem + detail, row.group.remedy)
        words = clean_line(" ".join(f"{text[:1].upper()}{text[1:]}." for text in sentences))
        lines = wrap(words, max(20, (self.size.width or self.screen.size.width) - 2))
        remedy_row = self.query_one("#finding-remedy", TextRow)
        remedy_row.styles.height = min(_MOST_REMEDY, len(lines))
        remedy_row.show(*([(f" {line}", "")] for line in lines[:_MOST_REMEDY]))
        self._show_place("")
        self.query_one("#finding-line", TextRow).show([], [])
        if finding is not None and finding.line:
            start_worker(self, partial(self._read_line, row), group="line", exclusive=True)

    def _show_place(self, right: str) -> None:
        finding = self._list.row.first if self._list.row is not None else None
        title = f"line {finding.line:,}" if finding is not None and finding.line else "the whole file"
        build = partial(rule_line, title=[(title, "bold")], right=right, glyphs=self._glyphs)
        self.query_one("#finding-place", TextRow).fill(build)

    async def _read_line(self, row: FindingRow) -> None:
        from fttui.data.locate import place_of, read_line

        finding = row.first
        if finding is None or finding.line is None:
            return
        try:
            text = await asyncio.to_thread(read_line, row.group.path, finding.line)
        except OSError as error:
            self._show_place(error.strerror or str(error))
            return
        if self._list.row is not row or not self.is_mounted:
            return
        place = place_of(text, finding.member, finding.detail)
        start, end = place if place is not None else (0, 0)
        self._show_place(f"{len(text):,} characters")
        cells = (self.size.width or 80) - 2
        under = f"column {start + 1:,}" if place is not None else ""
        self.query_one("#finding-line", TextRow).show(*marked_line(text, start, end, cells, under, self._glyphs))

    # Keys

    def press(self, key: str, character: str | None) -> bool:
        """Handle a key. Return False for a key that the pane does not use."""
        if self._edit is not None:
            self._press_edit(key, character)
            return True
        rows, at = self._list, self._list.index
        match character if character in ("j", "k", "g", "G", "L", "y", "e", "/") else key:
            case "j" | "down":
                rows.move_by(1)
            case "k" | "up":
                rows.move_by(-1)
            case "g" | "home":
                rows.move_to(0)
            case "G" | "end":
                rows.move_to(len(rows.keys))
            case "pagedown":
                rows.move_by(rows.page_height)
            case "pageup":
                rows.move_by(-rows.page_height)
            case "enter":
                self._open()
            case "L":
                self._next_level()
            case "/":
                self._start_edit("", is_search=True)
            case "y":
                self._copy()
            case "e":
                self._ask_repair()
            case _:
                return False
        if rows.index != at:
            self._show_parts()
        return True

    def moved(self) -> None:
        """Follow a click on a row."""
        self._show_parts()

    def _open(self) -> None:
        if self._rows is not None and (row := self._list.row) is not None:
            self._rows.toggle(row)
            self._show()

    def _next_level(self) -> None:
        if self._rows is not None:
            self._rows.next_level()
            self._show()
            self._say(self._rows.hidden_words, "dim")

    def _copy(self) -> None:
        row = self._list.row
        if row is None or row.first is None:
            return
        text = row.group.path + (f":{row.first.line}" if row.first.line else "")
        if row.group.code == "parquet":
            text = row.group.remedy.partition(": ")[2]
        sequence = clipboard(text)
        if sequence is not None:
            self.post_message(EscapeSequenceRequested(sequence))
            self._say(f"Sent {clean_line(text)} to the terminal's clipboard.", "dim")

    # Texts typed into the status row

    def _start_edit(self, text: str, *, is_search: bool) -> None:
        self._edit, self._edits_search = LineEdit(text), is_search
        self._show_edit()

    def _show_edit(self) -> None:
        if self._edit is None:
            return
        caret = "▏" if self._glyphs.unicode else "_"
        text, cursor = self._edit.text, self._edit.cursor
        lead = "/" if self._edits_search else "Write the repaired copy to: "
        self._say(f"{lead}{text[:cursor]}{caret}{text[cursor:]}", "ask")

    def _press_edit(self, key: str, character: str | None) -> None:
        edit = self._edit
        if edit is None:
            return
        if key in ("enter", "escape", "tab"):
            self._edit = None
            self._say("", "dim")
            if self._edits_search and key == "escape":
                self._search("")
            elif not self._edits_search and key == "enter" and edit.text.strip() and self._list.row is not None:
                self._repair(self._list.row.group.path, edit.text.strip())
            return
        edit.key(key, character)
        if self._edits_search:
            self._search(edit.text)
        self._show_edit()

    def _search(self, words: str) -> None:
        if self._rows is not None:
            self._rows.search(words)
            self._list.move_to(0)
            self._show()

    def _ask_repair(self) -> None:
        row = self._list.row
        if row is None or self._rows is None:
            return
        if not self._rows.can_repair(row.group.path):
            self._say("A repair changes nothing: correct these findings by hand.", "warn")
            return
        stem, _ = os.path.splitext(self._typed_paths.get(row.group.path, row.group.path))
        self._start_edit(f"{stem}.repaired.jsonl", is_search=False)


def marked_line(text: str, start: int, end: int, cells: int, words: str, glyphs: Glyphs) -> tuple[Line, Line]:
    """Return the part of a line around its marked characters, and a row that points at them.

    Args:
        words: text behind the pointer; empty for a line without a mark.
    """
    first = max(0, start - _BEFORE) if end > cells else 0
    before = clean_line(text[first:start])
    if first:
        before = glyphs.cut + before[1:]
    marked = clean_line(text[start:end])
    room = max(0, cells - width(before))
    spans: list[Span] = [(f" {before}", "dim"), (marked[:room], "match")]
    spans.append((clean_line(text[end : end + max(0, room - width(marked))]), "dim"))
    if not words:
        return spans, []
    pointer = "▴" if glyphs.unicode else "^"
    return spans, [(f" {' ' * min(width(before), cells - 1)}{pointer} {words}", "key")]
