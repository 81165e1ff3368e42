"""A job as the cells of a list. Pure and standard library only: the first frame and the real list share it."""

import re
import time
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from fttui.clock import age, freshness
from fttui.models.row import JobRow
from fttui.models.status import Status, status_of
from fttui.text import fit, pad, width
from fttui.ui.render.glyphs import FACES, Glyphs

Span = tuple[str, str]
"""A piece of a line and its role (see theme.py)."""
Line = Sequence[Span]


class Column(NamedTuple):
    """A column of the job list. Widths are cells."""

    name: str
    title: str
    least: int
    wish: int
    """What it should have before a less important column comes in."""
    most: int
    right: bool
    rank: int
    """Which columns stay when there is little room: the lowest."""


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
"""Columns up to this rank come in as soon as their least width fits."""

Fitted = tuple[tuple[Column, int], ...]
"""Columns in order, each with its width."""
MARK = 1
"""Cells before the first column: the cursor's mark."""


PINNED = 2
"""Columns that stay when one looks at those further to the right."""


def fit_columns(cells: int, wanted: Sequence[str] = (), skip: int = 0) -> Fitted:
    """The columns that fit into `cells`, the least important dropped first, and how wide each is.

    With `wanted`, those columns in that order, the first the most important; a width may follow a name: `model:30`.
    With `skip`, so many columns after the first two are left out, and those after them come in by their order.
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
    # What is left goes round, a cell at a time, so that no column has it all.
    for limit in ("wish", "most"):
        while room and (growing := [column for column in shown if getattr(column, limit) > widths[column.name]]):
            for column in growing[:room]:
                widths[column.name] += 1
                room -= 1
    return tuple((column, widths[column.name]) for column in columns if column in shown)


def is_column(name: str) -> bool:
    """Whether there is a column of this name, which a width of 3 to 80 cells may follow: `model:30`."""
    column, colon, cells = name.partition(":")
    return column in BY_NAME and (not colon or (cells.isdecimal() and 3 <= int(cells) <= 80))


def _wanted(name: str) -> Column:
    column, _, cells = name.partition(":")
    if not cells:
        return BY_NAME[column]
    return BY_NAME[column]._replace(least=int(cells), wish=int(cells), most=int(cells))


def short_id(job_id: str) -> str:
    """The end of an id, which tells jobs apart: `..x7Qa91Lk`."""
    return job_id if len(job_id) <= 10 else ".." + job_id[-8:]


_DATED = re.compile(r"-20\d\d-(\d\d)-(\d\d)\b")


def short_model(model: str) -> str:
    """A model's name with its date shortened: `gpt-4o-mini-2024-07-18` is `gpt-4o-mini-0718`."""
    return _DATED.sub(r"-\1\2", model)


def count(number: int) -> str:
    """A count in at most five cells: `812`, `48.3k`, `1.2M`."""
    if number < 10_000:
        return str(number)
    for unit, size in (("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12)):
        if number < size * 1000:
            return f"{number / size:.1f}{unit}" if number < size * 100 else f"{number / size:.0f}{unit}"
    return f"{number / 1e12:.0f}T"


def status_word(row: JobRow) -> str:
    """The five-letter word of a job's state; an unknown state shows its own first letters."""
    if row.fault:
        return "?"
    word = FACES[row.status].word
    return row.status_text[:5].lower() or "?" if word == "?" else word


def _loss(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.3g}"


def _step(row: JobRow) -> str:
    if row.step is None:
        return "-"
    return f"{row.step}/{row.total_steps}" if row.total_steps else str(row.step)


def cell(row: JobRow, name: str, now: float, glyphs: Glyphs) -> str:
    """The text of one cell, not yet fitted. `now` is Unix seconds."""
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
            return ("gone " if row.gone else "") + (row.suffix or "-")
        case "profile":
            return row.profile or "-"
        case "tuned":
            return row.fine_tuned_model or "-"
    raise KeyError(name)


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
    """The line of one job: its cells, fitted, with their roles. `cost` is what the row itself cannot tell."""
    face = FACES[row.status]
    quiet = "dim" if row.gone or row.status is Status.CANCELLED else ""
    spans: list[Span] = [("*" if marked else ">" if cursor else " ", "key" if marked else "bold")]
    for index, (column, cells) in enumerate(columns):
        words = cost or "-" if column.name == "cost" else cell(row, column.name, now, glyphs)
        text = pad(words, cells, right=column.right, ellipsis=glyphs.cut)
        gap = " " if index else ""
        role = face.role if column.name == "status" else "fail" if row.fault and column.name == "model" else quiet
        spans.append((gap + text, role))
    return merge(spans)


def header_line(columns: Fitted, *, active: bool = True) -> list[Span]:
    """The titles above the list; `active` marks it as the pane that keys go to."""
    titles = " ".join(pad(column.title, cells, right=column.right) for column, cells in columns)
    return [(">" if active else " ", "title"), (titles, "head")]


_COUNTED = (
    *(Status.RUNNING, Status.STOPPING, Status.QUEUED, Status.PAUSED, Status.UNKNOWN),
    *(Status.SUCCEEDED, Status.FAILED, Status.CANCELLED),
)


def counts_line(rows: Sequence[JobRow], glyphs: Glyphs) -> list[Span]:
    """How many jobs are in which state: `▸2 ◦1 ✓14`; states without jobs are left out."""
    found: dict[Status, int] = {}
    # By the providers' words first: there are few, and thousands of rows.
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
    """A pane's title on a rule: `── Detail ─ >Log ─────── follow ─`."""
    left: list[Span] = [(glyphs.rule * 2 + " ", "rule"), *title, (" ", "")]
    end = f" {right} {glyphs.rule}" if right else ""
    used = line_width(left)
    if end and used + width(end) > cells:
        room = cells - used - 3
        end = f" {fit(right, room, ellipsis=glyphs.cut)} {glyphs.rule}" if room > 3 else ""
    fill = glyphs.rule * max(0, cells - used - width(end))
    return [*left, (fill, "rule"), (end[:-1], "dim"), (end[-1:], "rule")]


def line_width(line: Line) -> int:
    """Cells that a line takes."""
    return sum(width(text) for text, _ in line)


def spread(left: Line, right: Line, cells: int, *, middle: Line = ()) -> list[Span]:
    """One line of exactly `cells`: `left` flush left, `middle` around the centre, `right` flush right.

    Where there is no room, `middle` goes first, then `left` is cut.
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
    """A line cut to at most `cells`."""
    taken: list[Span] = []
    for text, role in line:
        if width(text) > cells:
            taken.append((pad(text, cells), role))
            break
        taken.append((text, role))
        cells -= width(text)
    return taken


def merge(line: Line) -> list[Span]:
    """Neighbours of one role become one span: fewer escape sequences on the wire."""
    merged: list[Span] = []
    for text, role in line:
        if not text:
            continue
        if merged and merged[-1][1] == role:
            merged[-1] = (merged[-1][0] + text, role)
        else:
            merged.append((text, role))
    return merged


def marked(line: Line, words: str) -> Line:
    """The line with every occurrence of `words` marked; case does not matter."""
    words = words.lower()
    if not words:
        return line
    spans: list[Span] = []
    for text, role in line:
        low, at = text.lower(), 0
        # A few characters change their length in lower case; a text with them stays unmarked.
        while len(low) == len(text) and (found := low.find(words, at)) >= 0:
            spans += [(text[at:found], role), (text[found : found + len(words)], "match")]
            at = found + len(words)
        spans.append((text[at:], role))
    return merge(spans)
