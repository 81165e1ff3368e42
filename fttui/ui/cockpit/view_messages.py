"""Messages about the view of the list: the keys of the status filters, and the order. Pure."""

from collections.abc import Iterable, Mapping

from fttui.commands import FAMILIES, Command
from fttui.models.row import JobRow
from fttui.store.filter_fields import NUMBER_FIELDS, TEXT_FIELDS
from fttui.store.job_values import NOTHING_KNOWN, Known
from fttui.ui.cockpit.list_view import STATUS_KEYS, View
from fttui.ui.render.columns import BY_NAME
from fttui.ui.render.rows import Line, Span, line_width

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


def sort_sentence(
    view: View, rows: Iterable[JobRow], reverse_key: str, known: Known = NOTHING_KNOWN, loss_title: str = "LOSS"
) -> str:
    """Return the sentence about the order: column, direction, noise, and the jobs that come last.

    Args:
        loss_title: title of the loss column.
    """
    without = _without_value(view.sort, rows, known)
    last = f"; {without} job{'s' if without > 1 else ''} without a value come{'' if without > 1 else 's'} last"
    column = loss_title if view.sort == "loss" else BY_NAME[view.sort].title
    noise = "; losses within noise are equal" if view.sort == "best" else ""
    return f"Sorted by {column}, {_direction(view)}{noise}. {reverse_key} reverses{last if without else ''}."


def _direction(view: View) -> str:
    match view.sort:
        case "age":
            ends = ("newest first", "oldest first")
        case "created":
            ends = ("oldest first", "newest first")
        case "status":
            ends = ("active jobs first", "ended jobs first")
        case "alarm":
            ends = ("most important first", "least important first")
        case name if name in NUMBER_FIELDS:
            ends = ("lowest first", "highest first")
        case _:
            ends = ("A to Z", "Z to A")
    return ends[view.reverse]


def _without_value(column: str, rows: Iterable[JobRow], known: Known) -> int:
    if column == "status":
        return 0
    if column in TEXT_FIELDS:
        text = known.text(column)
        return sum(not text(row) for row in rows)
    number = known.number(column)
    return sum(number(row) is None for row in rows)


def undo_sentence(before: View, after: View) -> str:
    """Say what an undo has restored, in words such as `Undone: sorted by age again.`"""
    restored = []
    if (before.sort, before.reverse) != (after.sort, after.reverse):
        restored.append(f"sorted by {after.sort}{' descending' if after.reverse else ''} again")
    if before.filter != after.filter:
        restored.append(f"the filter is {after.filter} again" if after.filter else "no filter again")
    if before.status != after.status:
        restored.append(f"{STATUS_KEYS[after.status][0]} jobs again" if after.status else "all states again")
    if before.marks != after.marks:
        count = len(after.marks)
        restored.append(
            f"{count} {'job is' if count == 1 else 'jobs are'} marked again" if count else "no job is marked"
        )
    if before.zoom != after.zoom:
        restored.append("one pane again" if after.zoom else "all panes again")
    if before.log_style != after.log_style:
        restored.append("the log as before")
    return f"Undone: {', '.join(restored)}." if restored else "Undone."
