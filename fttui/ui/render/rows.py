"""Job list rows: columns, cells and lines. Pure, standard library only: the first frame and the real list share it."""

import re
import time
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from fttui.clock import age, freshness
from fttui.models.row import JobRow, short_id
from fttui.models.status import Status, status_of
from fttui.text import count, fit, pad, width
from fttui.ui.render.glyphs import FACES, Glyphs

Span = tuple[str, str]
"""Text of a part of a line, and its role (see theme.py)."""
Line = Sequence[Span]


class Column(NamedTuple):
    """Column of the job list. Widths are in cells."""

    name: str
    title: str
    least: int
    wish: int
    """Width that the column gets before a less important column is shown."""
    most: int
    right: bool
    rank: int
    """Importance. Columns with the lowest rank stay when space is short."""


COLUMNS = (
    Column("status", "ST", 7, 7, 7, False, 0),
    Column("id", "ID", 10, 10, 10, False, 1),
    Column("model", "MODEL", 12, 16, 24, False, 4),
    Column("method", "METHOD", 6, 10, 13, False, 8),
    Column("step", "STEP", 9, 9, 11, True, 5),
    Column("loss", "LOSS", 7, 7, 7, True, 3),
    Column("tokens", "TOKENS", 7, 7, 7, True, 7),
    Column("age", "AGE", 4, 4, 4, True, 2),
    Column("created", "CREATED", 16, 16, 16, False, 12),
    Column("suffix", "SUFFIX", 9, 12, 18, False, 6),
    Column("cost", "COST", 9, 9, 11, True, 9),
    Column("tuned", "FINE-TUNED MODEL", 20, 30, 60, False, 10),
    Column("profile", "PROFILE", 7, 10, 14, False, 11),
)
BY_NAME = {column.name: column for column in COLUMNS}
_ESSENTIAL = 6
"""Highest rank of the columns that are shown as soon as their least width fits."""

Fitted = tuple[tuple[Column, int], ...]
"""Columns in display order, each with its width."""
MARK = 1
"""Cells before the first column: the cursor's mark."""


PINNED = 2
"""Number of columns that stay when the list is scrolled sideways."""


def fit_columns(cells: int, wanted: Sequence[str] = (), skip: int = 0) -> Fitted:
    """Choose the columns that fit into `cells` and their widths. The least important columns are dropped first.

    Args:
        wanted: column names in display order, the most important first, each optionally with a width (`model:30`).
            Empty for the default columns.
        skip: number of columns to leave out after the pinned ones. The columns after them rank by their order.
    """
    columns: Sequence[Column] = [_wanted(name) for name in wanted] or COLUMNS
    if skip:
        columns = (*columns[:PINNED], *columns[PINNED + skip :])
    if wanted or skip:
        columns = [column._replace(rank=rank) for rank, column in enumerate(columns)]
    room = cells - MARK
    wished = 0
    shown: list[Column] = []
    for column in sorted(columns, key=lambda column: column.rank):
        needed = column.least + (1 if shown else 0)
        if needed + (wished if columns is COLUMNS and column.rank > _ESSENTIAL else 0) > room:
            break
        shown.append(column)
        room -= needed
        wished += column.wish - column.least
    widths = {column.name: column.least for column in shown}
    # Distribute the remaining cells evenly, one cell at a time.
    for limit in ("wish", "most"):
        while room and (growing := [column for column in shown if getattr(column, limit) > widths[column.name]]):
            for column in growing[:room]:
                widths[column.name] += 1
                room -= 1
    return tuple((column, widths[column.name]) for column in columns if column in shown)


def is_column(name: str) -> bool:
    """Return True for the name of a column, optionally with a width of 3 to 80 cells (`model:30`)."""
    column, colon, cells = name.partition(":")
    return column in BY_NAME and (not colon or (cells.isdecimal() and 3 <= int(cells) <= 80))


def _wanted(name: str) -> Column:
    column, _, cells = name.partition(":")
    if not cells:
        return BY_NAME[column]
    return BY_NAME[column]._replace(least=int(cells), wish=int(cells), most=int(cells))


_DATED = re.compile(r"-20\d\d-(\d\d)-(\d\d)\b")


def short_model(model: str) -> str:
    """Shorten the date in a model name: `gpt-4o-mini-2024-07-18` becomes `gpt-4o-mini-0718`."""
    return _DATED.sub(r"-\1\2", model)


def status_word(row: JobRow) -> str:
    """Return the status in at most five letters. An unknown status is cut to its first five letters."""
    if row.fault:
        return "?"
    word = FACES[row.status].word
    return row.status_text[:5].lower() or "?" if word == "?" else word


def _loss(value: float | None) -> str:
    if value is None:
        return "-"
    size = abs(value)
    return f"{value:.4f}" if size < 100 else f"{value:.1f}" if size < 10_000 else f"{value:.1e}"


def _step(row: JobRow) -> str:
    if row.step is None:
        return "-"
    return f"{row.step}/{row.total_steps}" if row.total_steps else str(row.step)


def cell(row: JobRow, name: str, now: float, glyphs: Glyphs) -> str:
    """Return the text of one cell, not yet fitted to its width. `now` is in Unix seconds."""
    match name:
        case "status":
            return f"{glyphs.status(row.status)} {status_word(row)}"
        case "id":
            return short_id(row.id)
        case "model":
            return row.fault or short_model(row.model) or "-"
        case "method":
            return row.method or "-"
        case "step":
            return _step(row)
        case "loss":
            return _loss(row.loss)
        case "tokens":
            return count(row.trained_tokens) if row.trained_tokens is not None else "-"
        case "age":
            if row.created_at is None:
                return "-"
            seconds = now - row.created_at
            return freshness(seconds) if seconds < 60 else age(seconds)
        case "created":
            return "-" if row.created_at is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(row.created_at))
        case "suffix":
            return row.suffix or "-"
        case "profile":
            return row.profile or "-"
        case "tuned":
            return row.fine_tuned_model or "-"
    raise KeyError(name)


def _place_of_gone(columns: Fitted) -> str:
    """Return the column that tells that a job is gone: the suffix, else the status, else the last column of text."""
    names = [column.name for column, _ in columns]
    texts = [column.name for column, _ in columns if not column.right]
    return next((name for name in ("suffix", "status") if name in names), texts[-1] if texts else "")


def row_line(
    row: JobRow,
    columns: Fitted,
    now: float,
    glyphs: Glyphs,
    *,
    cursor: bool = False,
    marked: bool = False,
    cost: str = "",
) -> list[Span]:
    """Build the line of one job. `cost` is the text of the cost column, which is not part of the row."""
    face = FACES[row.status]
    gone_in = _place_of_gone(columns) if row.gone else ""
    quiet = "dim" if row.gone or row.status is Status.CANCELLED else ""
    spans: list[Span] = [("*" if marked else ">" if cursor else " ", "key" if marked else "bold")]
    for index, (column, cells) in enumerate(columns):
        words = cost or "-" if column.name == "cost" else cell(row, column.name, now, glyphs)
        if gone_in == column.name:
            words = f"{glyphs.status(row.status)} gone" if gone_in == "status" else f"gone {words}"
        text = pad(words, cells, right=column.right, ellipsis=glyphs.cut)
        gap = " " if index else ""
        role = face.role if column.name == "status" else "fail" if row.fault and column.name == "model" else quiet
        spans.append((gap + text, role))
    return merge(spans)


def header_line(columns: Fitted, *, active: bool = True) -> list[Span]:
    """Build the column titles. `active` marks the list as the active pane."""
    titles = " ".join(pad(column.title, cells, right=column.right) for column, cells in columns)
    return [(">" if active else " ", "title"), (titles, "head")]


_COUNTED = (
    *(Status.RUNNING, Status.STOPPING, Status.QUEUED, Status.PAUSED, Status.UNKNOWN),
    *(Status.SUCCEEDED, Status.FAILED, Status.CANCELLED),
)


def counts_line(rows: Sequence[JobRow], glyphs: Glyphs) -> list[Span]:
    """Build the number of jobs for each status: `▸2 ◦1 ✓14`. A status without jobs is left out."""
    found: dict[Status, int] = {}
    # Count the providers' status words first: there are few words and thousands of rows.
    for word, rows_with_it in Counter(map(attrgetter("status_text"), rows)).items():
        status = status_of(word)
        if status is Status.VALIDATING:
            status = Status.QUEUED
        found[status] = found.get(status, 0) + rows_with_it
    spans: list[Span] = []
    for status in _COUNTED:
        if number := found.get(status):
            spans.append(((" " if spans else "") + f"{glyphs.status(status)}{number}", FACES[status].role))
    return spans


def rule_line(cells: int, title: Line, right: str, glyphs: Glyphs) -> list[Span]:
    """Build a pane's title on a rule: `── Detail ─ >Log ─────── follow ─`."""
    left: list[Span] = [(glyphs.rule * 2 + " ", "rule"), *title, (" ", "")]
    end = f" {right} {glyphs.rule}" if right else ""
    used = line_width(left)
    if end and used + width(end) > cells:
        room = cells - used - 3
        end = f" {fit(right, room, ellipsis=glyphs.cut)} {glyphs.rule}" if room > 3 else ""
    fill = glyphs.rule * max(0, cells - used - width(end))
    return [*left, (fill, "rule"), (end[:-1], "dim"), (end[-1:], "rule")]


def line_width(line: Line) -> int:
    """Return the width of a line in cells."""
    return sum(width(text) for text, _ in line)


def spread(left: Line, right: Line, cells: int, *, middle: Line = ()) -> list[Span]:
    """Build a line of exactly `cells` cells with left-aligned, centred and right-aligned parts.

    When space is short, `middle` is dropped first, then `left` is cut.
    """
    right_cells = line_width(right)
    if middle and line_width(left) + line_width(middle) + right_cells + 4 > cells:
        middle = ()
    room = max(0, cells - right_cells)
    left = cut(left, room)
    space = room - line_width(left)
    if middle:
        before = max(2, min(space - line_width(middle) - 2, (cells - line_width(middle)) // 2 - line_width(left)))
        after = space - before - line_width(middle)
        return merge([*left, (" " * before, ""), *middle, (" " * after, ""), *right])
    return merge([*left, (" " * space, ""), *cut(right, cells)])


def cut(line: Line, cells: int) -> list[Span]:
    """Cut a line to at most `cells` cells."""
    taken: list[Span] = []
    for text, role in line:
        if width(text) > cells:
            taken.append((pad(text, cells), role))
            break
        taken.append((text, role))
        cells -= width(text)
    return taken


def merge(line: Line) -> list[Span]:
    """Join neighbouring spans of the same role, so that fewer escape sequences are sent."""
    merged: list[Span] = []
    for text, role in line:
        if not text:
            continue
        if merged and merged[-1][1] == role:
            merged[-1] = (merged[-1][0] + text, role)
        else:
            merged.append((text, role))
    return merged
