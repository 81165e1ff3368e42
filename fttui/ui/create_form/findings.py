"""List of all findings of the data check: each with its file, line, member, problem and remedy."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fttui.data.rules import ADVICE, ERROR, WARNING
from fttui.text import clean_line, wrap
from fttui.ui.picker import Entry, PickScreen

if TYPE_CHECKING:
    from fttui.data.findings import Group
    from fttui.data.report import Report

_ROLES = {ERROR: "fail", WARNING: "warn", ADVICE: "dim"}
_INDENT = "   "


def findings_screen(report: "Report", cells: int) -> PickScreen:
    """Return the list for a screen of `cells` columns. Typing filters it."""
    from fttui.data.report import count_text

    foot = "type to filter, arrows move, esc closes"
    return PickScreen(count_text(report), list(entries(report, cells)), foot)


def entries(report: "Report", cells: int) -> Iterator[Entry]:
    """Yield the lines of all findings. The filter keeps or hides all lines of a finding together."""
    for at, group in enumerate(report.groups):
        role = _ROLES[group.level]
        for number, text in enumerate(_texts(group)):
            lines = wrap(text, max(20, cells - len(_INDENT) - 2))
            for row, line in enumerate(lines):
                indent = _INDENT if row else " "
                yield Entry(f"{at}:{number}:{row}", [(indent + line, role if not row else "")], text)


def _texts(group: "Group") -> Iterator[str]:
    from fttui.data.report import sentence

    for finding in group.first:
        yield clean_line(f"{group.level}: {sentence(group, finding)}; {group.remedy}")
    if (rest := group.total - len(group.first)) > 0:
        yield clean_line(f"{group.level}: {group.problem}: {rest:,} more; `fttui files check` lists them with --jsonl")
