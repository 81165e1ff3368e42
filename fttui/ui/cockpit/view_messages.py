"""Messages about the view of the list: the keys of the status filters, and the order. Pure."""

from collections.abc import Iterable, Mapping

from fttui.commands import FAMILIES, Command
from fttui.models.row import JobRow
from fttui.store import query
from fttui.store.filter_fields import NUMBER_FIELDS
from fttui.ui.cockpit.list_view import View
from fttui.ui.render.rows import BY_NAME, Line, Span, line_width

_STATUS_FAMILY = next(family for family in FAMILIES if family.labels)


def status_keys(commands: Mapping[str, Command], active: int, cells: int) -> Line:
    """Return the status filters with their keys, the active one in reverse. In a narrow row they are shortened."""
    keys = [commands[id].shown for id in _STATUS_FAMILY.ids]
    lines = []
    for labels, gap in ((_STATUS_FAMILY.labels, "  "), (_STATUS_FAMILY.short_labels, " ")):
        line: list[Span] = [(" ", "")]
        for number, (key, label) in enumerate(zip(keys, labels, strict=True)):
            line += [(gap if number else "", ""), (f"{key} {label}", "caret" if number == active else "")]
        lines.append(line)
    return lines[0] if line_width(lines[0]) <= cells else lines[1]


def sort_sentence(view: View, rows: Iterable[JobRow], reverse_key: str) -> str:
    """Return the sentence about the order: column, direction, and the jobs that come last."""
    without = _without_value(view.sort, rows)
    last = f"; {without} job{'s' if without > 1 else ''} without a value come{'' if without > 1 else 's'} last"
    column = BY_NAME[view.sort].title
    return f"Sorted by {column}, {_direction(view)}. {reverse_key} reverses{last if without else ''}."


def _direction(view: View) -> str:
    match view.sort:
        case "age":
            ends = ("newest first", "oldest first")
        case "created":
            ends = ("oldest first", "newest first")
        case "status":
            ends = ("active jobs first", "ended jobs first")
        case "cost":
            ends = ("lowest first", "highest first")
        case name if name in NUMBER_FIELDS:
            ends = ("lowest first", "highest first")
        case _:
            ends = ("A to Z", "Z to A")
    return ends[view.reverse]


def _without_value(column: str, rows: Iterable[JobRow]) -> int:
    if column in query.NUMBERS or column == "age":
        read = query.NUMBERS["created" if column == "age" else column]
        return sum(read(row) is None for row in rows)
    text = query.TEXTS.get("fine_tuned_model" if column == "tuned" else column)
    return 0 if text is None or column == "status" else sum(not text(row) for row in rows)
