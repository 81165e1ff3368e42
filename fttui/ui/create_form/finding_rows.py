"""Findings of a check as rows: groups, errors first, which open line by line. Pure."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from fttui.data.repair import is_repaired
from fttui.data.rules import ADVICE, ERROR, LEVELS, WARNING
from fttui.text import clean_line, fit, pad, width
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span

if TYPE_CHECKING:
    from fttui.data.findings import Finding, Group
    from fttui.data.report import Report

MARKS = {ERROR: ("! error", "fail"), WARNING: ("~ warning", "warn"), ADVICE: ("· advice", "dim")}
"""Word and role of each level."""
_LEVEL = 11
_LINE = 9
_FIX = 5
_MEMBER = 26
"""Greatest width of the members."""
_LEAST = 18
"""Cells that the problem keeps beside long members."""


class FindingRow(NamedTuple):
    """A group of findings, or one finding of an open group."""

    group: Group
    finding: Finding | None = None
    """None for a group of several findings."""
    is_open: bool = False

    @property
    def first(self) -> Finding | None:
        """The finding that is shown below the list."""
        return self.finding or (self.group.first[0] if self.group.first else None)

    @property
    def text(self) -> str:
        """Text for the search."""
        member = self.first.member if self.first is not None else ""
        detail = self.finding.detail if self.finding is not None else ""
        return f"{self.group.level} {member} {self.group.problem} {detail}".casefold()


class FindingRows:
    """Rows of a report, with the open groups, the hidden levels and the searched words."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._open: set[int] = set()
        self.hidden = 0
        """Number of levels that are hidden: advice, then warnings."""
        self.words = ""
        self.rows: list[FindingRow] = []
        self._build()

    def toggle(self, row: FindingRow) -> None:
        """Open or close a group."""
        at = next((at for at, group in enumerate(self._report.groups) if group is row.group), -1)
        if row.finding is None or row.is_open:
            self._open ^= {at}
        self._build()

    def next_level(self) -> None:
        """Hide advice, then also warnings, then nothing."""
        self.hidden = (self.hidden + 1) % len(LEVELS)
        self._build()

    def search(self, words: str) -> None:
        """Show only the findings that contain every word."""
        self.words = words
        self._build()

    def can_repair(self, path: str) -> bool:
        """Return True when a repaired copy of a file would have fewer findings."""
        return any(is_group_repaired(group) for group in self._report.groups if group.path == path)

    @property
    def repaired(self) -> str:
        """Number of findings that a repair removes: `12 of 28 findings`; empty for none."""
        number = sum(
            sum(is_repaired(group.code, finding.detail) for finding in group.first)
            + (group.total - len(group.first)) * is_group_repaired(group)
            for group in self._report.groups
        )
        return f"{number:,} of {self._report.findings:,} findings" if number else ""

    def _build(self) -> None:
        shown, words = LEVELS[: len(LEVELS) - self.hidden], self.words.casefold().split()
        self.rows = []
        for at, group in enumerate(self._report.groups):
            if group.level not in shown:
                continue
            if words:
                single = [FindingRow(group, finding) for finding in group.first] or [FindingRow(group)]
                self.rows += [row for row in single if all(word in row.text for word in words)]
            elif group.total == 1 and group.first:
                self.rows.append(FindingRow(group, group.first[0]))
            else:
                is_open = at in self._open
                self.rows.append(FindingRow(group, None, is_open))
                self.rows += [FindingRow(group, finding, True) for finding in group.first] if is_open else []

    @property
    def state(self) -> str:
        """Text for the title: `28 findings: 15 errors, 11 warnings, 2 advice`."""
        return findings_words(self._report)

    @property
    def hidden_words(self) -> str:
        """Sentence about what is not shown; empty when everything is."""
        if self.words and not self.rows:
            return f'Nothing matches "{self.words}".'
        levels = LEVELS[len(LEVELS) - self.hidden :]
        number = sum(group.total for group in self._report.groups if group.level in levels)
        return f"{number:,} hidden: {' and '.join(levels)}. L shows them." if number else ""


def is_group_repaired(group: Group) -> bool:
    """Return True when a repair removes some of the findings."""
    return any(is_repaired(group.code, finding.detail) for finding in group.first)


def findings_words(report: Report) -> str:
    """Return the number of findings, by level."""
    counts = ((report.errors, "error", "errors"), (report.warnings, "warning", "warnings"))
    parts = [f"{number:,} {one if number == 1 else many}" for number, one, many in counts if number]
    parts += [f"{report.advice:,} advice"] if report.advice else []
    if not parts:
        return "no errors"
    number = report.findings
    return parts[0] if len(parts) == 1 else f"{number:,} findings: {', '.join(parts)}"


def member_width(rows: Sequence[FindingRow], cells: int) -> int:
    """Return the width of the members of some rows on a screen of `cells` columns."""
    longest = max((width(row.first.member) for row in rows if row.first is not None), default=0)
    room = cells - 1 - _LEVEL - _LINE - _FIX - _LEAST
    return max(7, min(longest + 1, _MEMBER, room))


def header_line(cells: int, member: int) -> Line:
    """Return the titles of the columns."""
    what = cells - 1 - _LEVEL - _LINE - member - _FIX
    return [(f" {'':{_LEVEL}}{'LINE':{_LINE}}{'MEMBER':{member}}{'WHAT':{max(4, what)}} FIX", "head")]


def finding_line(row: FindingRow, cells: int, member: int, glyphs: Glyphs, main_path: str) -> Line:
    """Return a row: level, line, member, problem, and who fixes it.

    Args:
        member: width of the members.
        main_path: the file that is not named in the row.
    """
    group, finding, first = row.group, row.finding, row.first
    word, role = MARKS[group.level]
    word = word if glyphs.unicode else word.replace("·", ".")
    what_cells = max(4, cells - 1 - _LEVEL - _LINE - member - _FIX)
    is_inside = row.is_open and finding is not None
    what = group.problem
    if finding is not None and finding.detail:
        what = finding.detail if is_inside else f"{what}: {finding.detail}"
    elif finding is None:
        what += f", {group.total:,} times"
    if group.path != main_path:
        what = f"{os.path.basename(group.path)}: {what}"
    lead = "  " if is_inside else ""
    is_e = is_repaired(group.code, finding.detail) if finding is not None else is_group_repaired(group)
    fix = "e" if is_e else "you"
    name = first.member if first is not None else ""
    spans: list[Span] = [
        (f" {pad('' if is_inside else word, _LEVEL)}", role),
        (pad(lead + _lines(group, finding, glyphs), _LINE - 1) + " ", ""),
        (pad(fit(name, member - 1, ellipsis=glyphs.cut), member), "bold"),
        (pad(fit(clean_line(what), what_cells, ellipsis=glyphs.cut), what_cells), ""),
        (f" {fix:>{_FIX - 2}}", "key" if fix == "e" else "dim"),
    ]
    return spans


def _lines(group: Group, finding: Finding | None, glyphs: Glyphs) -> str:
    """Return the lines of a group: `6`, `9, 12`, `2 …13`."""
    if finding is not None:
        return f"{finding.line:,}" if finding.line else "file"
    lines = list(dict.fromkeys(each.line for each in group.first if each.line))
    if not lines:
        return "file"
    both = ", ".join(f"{line:,}" for line in lines)
    if len(lines) <= 2 and width(both) < _LINE - 1:
        return both
    return f"{lines[0]:,} {glyphs.cut}" + (f"{lines[-1]:,}" if group.total <= len(group.first) else "")
