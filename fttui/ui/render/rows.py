"""Job list rows: cells and lines. Pure, standard library only: the first frame and the real list share it."""

import time
from collections import Counter
from collections.abc import Container, Sequence
from operator import attrgetter

from fttui.clock import age, freshness
from fttui.lean_typing import NamedTuple
from fttui.learning.figures import LOST, figure, signed_figure, small_cell
from fttui.learning.kinds import kinds_of, word_of
from fttui.models.row import JobRow, short_id, short_model
from fttui.models.status import Status, status_of
from fttui.text import count, fit, pad, width
from fttui.ui.render.columns import MARK, Fitted, ListFacts
from fttui.ui.render.glyphs import FACES, Glyphs

Span = tuple[str, str]
"""Text of a part of a line, and its role (see theme.py)."""
Line = Sequence[Span]
LEAD = 3
"""Cells of a rule before its first title, rule glyphs and a space."""


def status_word(row: JobRow) -> str:
    """Return the status in at most five letters. An unknown status is cut to its first five letters."""
    if row.fault:
        return "?"
    word = FACES[row.status].word
    return row.status_text[:5].lower() or "?" if word == "?" else word


def alarm_word(row: JobRow, off: Container[str] = ()) -> str:
    """Return the word for the most important alarm of a job; empty without one.

    Args:
        off: kinds of alarms that the user has turned off.
    """
    kinds = kinds_of(row.alarms, off)
    return word_of(kinds[0], is_live=row.status.is_live) if kinds else ""


def loss_cell(value: float | None) -> str:
    """Return a loss with four digits in at most five cells, six below zero."""
    if value is None:
        return "-"
    text = figure(value)
    if len(text.lstrip("-")) <= 5:
        return text
    if abs(value) < 0.01:
        return small_cell(value)
    return f"{value:.0f}" if abs(value) < 99_999 else f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-")


def _gap(row: JobRow) -> str:
    gap = row.summary.gap
    if gap is None:
        return "-"
    text = f"{gap:+.2f}"
    return text if len(text) <= 6 else f"{gap:+.0f}" if abs(gap) < 99_999 else f"{gap:+.0e}".replace("e+0", "e")


def _gain(row: JobRow) -> str:
    gain = row.summary.gain
    if gain is None:
        return "-"
    text = signed_figure(gain)
    if len(text) <= 6:
        return text
    if abs(gain) < 0.01:
        return f"{'+' if gain > 0 else ''}{small_cell(gain)}"
    return f"{gain:+.0f}" if abs(gain) < 99_999 else f"{gain:+.0e}".replace("e+0", "e")


def setting_cell(text: str) -> str:
    """Return a hyperparameter as sent, a small number shorter: `1e-05` becomes `1e-5`."""
    try:
        number = float(text)
    except ValueError:
        return text or "-"
    shown = f"{number:g}"
    mantissa, _, exponent = f"{number:.1e}".partition("e")
    short = f"{mantissa.removesuffix('.0')}e{int(exponent)}" if exponent else shown  # none: not finite
    return shown if len(shown) <= 4 or len(shown) <= len(short) else short


def _step(row: JobRow) -> str:
    if row.step is None:
        return row.phase or "-"
    return f"{row.step}/{row.total_steps}" if row.total_steps else str(row.step)


def _at(row: JobRow) -> str:
    step = row.summary.best_step
    return "-" if step is None else str(step)


def _age(row: JobRow, now: float) -> str:
    if row.created_at is None:
        return "-"
    seconds = now - row.created_at
    return freshness(seconds) if seconds < 60 else age(seconds)


_READ = frozenset(("step", "loss", "best", "at", "gain", "train", "gap"))
"""Columns whose numbers come from the log of a job."""


def cell(row: JobRow, name: str, now: float, glyphs: Glyphs, *, alarms_off: Container[str] = ()) -> str:
    """Return the text of one cell, not yet fitted to its width. `now` is in Unix seconds."""
    match name:
        case "status":
            return f"{glyphs.status(row.status)} {status_word(row)}"
        case "!":
            return MARK if row.alarms and kinds_of(row.alarms, alarms_off) else ""
        case "name":
            return row.name
        case "id":
            return short_id(row.id)
        case "model":
            return row.fault or short_model(row.model) or "-"
        case "method":
            return row.method or "-"
        case "step":
            return _step(row)
        case "loss":
            return LOST if row.summary.is_lost else loss_cell(row.judged_loss)
        case "best":
            return loss_cell(row.summary.best)
        case "at":
            return _at(row)
        case "train":
            if row.summary.is_train_lost:
                return LOST
            return loss_cell(row.loss if row.summary.train is None else row.summary.train)
        case "gap":
            return _gap(row)
        case "gain":
            return _gain(row)
        case "epochs":
            return setting_cell(row.epochs)
        case "lr":
            return setting_cell(row.rate)
        case "batch":
            return setting_cell(row.batch)
        case "tokens":
            return count(row.trained_tokens) if row.trained_tokens is not None else "-"
        case "age":
            return _age(row, now)
        case "alarm":
            return alarm_word(row, alarms_off)
        case "created":
            return "-" if row.created_at is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(row.created_at))
        case "suffix":
            return row.suffix or "-"
        case "profile":
            return row.profile or "-"
        case "fine_tuned_model":
            return row.fine_tuned_model or "-"
    raise KeyError(name)


def _place_of_gone(columns: Fitted) -> str:
    """Return the column that tells that a job is gone: the name, else the status, else the last column of text."""
    names = [column.name for column, _ in columns]
    texts = [column.name for column, _ in columns if not column.right]
    return next((name for name in ("name", "suffix", "status") if name in names), texts[-1] if texts else "")


def _cost_cell(cost: str, cells: int) -> str:
    """Return a cost, without its currency where that has no room."""
    return cost if len(cost) <= cells else cost.partition(" ")[0]


def _role(row: JobRow, name: str) -> str:
    """Return the style role of a cell of a job that is neither gone nor cancelled."""
    match name:
        case "status":
            return FACES[row.status].role
        case "!" | "alarm":
            return "warn"
        case "model" if row.fault:
            return "fail"
        case "loss" if row.summary.is_lost:
            return "warn"
        case "train" if row.summary.is_train_lost:
            return "warn"
        case "loss" if row.judged_loss is not None:
            return "valid" if row.summary.is_validation else "train"
        case "best" if row.summary.is_last_best:
            return "best"
        case "train" if row.summary.is_validation:
            return "train"
        case "gain":
            return "best" if row.summary.has_gained else "warn" if row.summary.has_lost else ""
    return ""


class RowView(NamedTuple):
    """Facts that the line of a job depends on, beside its row."""

    is_cursor: bool = False
    is_marked: bool = False
    cost: str = ""
    """Text of the cost column."""
    is_unread: bool = False
    """The log of the job is not read yet, so its numbers are unknown."""
    marks_training: bool = False
    """A training loss has a `t` behind it, because other jobs of the list have validation losses."""
    alarms_off: frozenset[str] = frozenset()
    """Kinds of alarms that the user has turned off."""


def row_line(row: JobRow, columns: Fitted, now: float, glyphs: Glyphs, view: RowView = RowView()) -> list[Span]:  # noqa: B008  (a value)
    """Build the line of one job."""
    gone_in = _place_of_gone(columns) if row.gone else ""
    is_quiet = row.gone or row.status is Status.CANCELLED
    mark = "*" if view.is_marked else ">" if view.is_cursor else " "
    spans: list[Span] = [(mark, "key" if view.is_marked else "bold")]
    for index, (column, cells) in enumerate(columns):
        name = column.name
        if name == "cost":
            words = _cost_cell(view.cost, cells) or "-"
        else:
            words = cell(row, name, now, glyphs, alarms_off=view.alarms_off)
        if view.is_unread and words == "-" and name in _READ:
            words = glyphs.cut
        if gone_in == name:
            words = f"{glyphs.status(row.status)} gone" if gone_in == "status" else f"gone {words}"
        role = FACES[row.status].role if name == "status" else "dim" if is_quiet else _role(row, name)
        gap = " " if index else ""
        if view.marks_training and name in ("loss", "best"):
            is_training = words not in ("-", glyphs.cut) and not row.summary.is_validation
            spans.append((gap + pad(words, cells - 1, right=True, ellipsis=glyphs.cut), role))
            spans.append(("t" if is_training else " ", "dim" if is_training else role))
            continue
        spans.append((gap + pad(words, cells, right=column.right, ellipsis=glyphs.cut), role))
    return merge(spans)


def header_line(
    columns: Fitted,
    *,
    active: bool = True,
    loss_title: str = "",
    sort: str = "",
    arrow: str = "",
) -> list[Span]:
    """Build the column titles.

    Args:
        active: the list is the active pane.
        loss_title: title of the loss column, if another than usual.
        sort: column with the arrow of the order; empty for none.
    """
    titles = []
    for column, cells in columns:
        title = loss_title if loss_title and column.name == "loss" else column.title
        if column.name == sort and cells > 1:
            title = title[: cells - 1] + arrow
        titles.append(pad(title, cells, right=column.right))
    return [(">" if active else " ", "title"), (" ".join(titles), "head")]


_COUNTED = (
    *(Status.RUNNING, Status.STALLED, Status.STOPPING, Status.QUEUED, Status.PAUSED, Status.UNKNOWN),
    *(Status.SUCCEEDED, Status.FAILED, Status.CANCELLED),
)


DAY = 86400.0


def counts_line(rows: Sequence[JobRow], now: float, glyphs: Glyphs, alarms_off: Container[str] = ()) -> list[Span]:
    """Build the number of jobs for each status, and of those with an alarm: `▸2 ◦1 ✓14  !3`. Zeros are left out.

    Alarms count for jobs that are live or ended within a day. A job that is gone does not run any more, whatever its
    last status.
    """
    found: dict[Status, int] = {}
    # Count the providers' status words first: there are few words and thousands of rows.
    words = Counter(map(attrgetter("status_text"), rows))
    words.subtract(row.status_text for row in filter(attrgetter("gone"), rows) if row.status.is_live)
    for word, rows_with_it in words.items():
        status = status_of(word)
        if status is Status.VALIDATING:
            status = Status.QUEUED
        found[status] = found.get(status, 0) + rows_with_it
    spans: list[Span] = []
    for status in _COUNTED:
        if number := found.get(status):
            spans.append(((" " if spans else "") + f"{glyphs.status(status)}{number}", FACES[status].role))
    alarmed = sum(
        ((row.status.is_live and not row.gone) or (row.finished_at or row.created_at or 0.0) > now - DAY)
        and bool(kinds_of(row.alarms, alarms_off))
        for row in filter(attrgetter("alarms"), rows)
    )
    return [*spans, (f"  {MARK}{alarmed}", "warn")] if alarmed else spans


def list_words(count: str, order: str, facts: ListFacts, glyphs: Glyphs) -> list[str]:
    """Return facts about the list for its title, the longest text first.

    Args:
        count: number of jobs in words.
    """
    dot = f" {glyphs.dot} "
    equal = [words for words in facts.equal().values() if words]
    usual = dot.join((count, order))
    all_ = "all " if facts.number > 1 else ""
    longer = [f"{usual}{dot}{all_}{', '.join(equal[:number])}" for number in range(len(equal), 0, -1)]
    return [*longer, usual, count]


def jobs_words(shown: int, total: int, more: str = "") -> str:
    """Return the number of jobs in the list: `8 jobs`, `3 of 8 jobs`, with `more` while others are read."""
    number = f"{total}{more}" if shown == total else f"{shown} of {total}{more}"
    return f"{number} {'job' if total == 1 and not more else 'jobs'}"


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


def title_rule(cells: int, title: Line, ends: Sequence[str], glyphs: Glyphs) -> list[Span]:
    """Build a title with the first of `ends` that fits; if none does, the last one is cut."""
    room = cells - LEAD - line_width(title) - len("    ") - 1
    end = next((end for end in ends if width(end) <= room), ends[-1])
    return rule_line(cells, title, end, glyphs)


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
