"""First frame: archived jobs painted before Textual is imported. Standard library only.

Importing Textual takes most of the startup time. The archived rows are painted here at the positions where the real
screen will draw them, and Textual draws over them.
"""

import os
import sys

from fttui.commands import BY_ID, footer_entries
from fttui.lean_typing import TYPE_CHECKING, Any, NoReturn
from fttui.models.row import JobRow
from fttui.ui.cockpit.arrangement import FRAME, HEAD, Needs, Wish, layout_name, places
from fttui.ui.render.columns import ListFacts, facts_of, fit_columns, full_width
from fttui.ui.render.glyphs import Glyphs, ascii_only
from fttui.ui.render.rows import (
    Line,
    RowView,
    counts_line,
    header_line,
    jobs_words,
    list_words,
    row_line,
    spread,
    title_rule,
)
from fttui.ui.render.status_line import ServiceInfo, status_lines
from fttui.ui.terminal.size import terminal_size

if TYPE_CHECKING:
    from fttui.ui.render.sweep_rows import SweepRow

# Weights without colours, because the theme and the background are not known yet.
_ALTERNATE = "\x1b[?1049h\x1b[?25l"
"""Switches to the alternate screen and hides the cursor."""
_SGR = {"bold": "1", "title": "1", "head": "1", "run": "1", "fail": "1", "dim": "2", "key": "1"}


def list_size(width: int, height: int, facts: ListFacts, jobs: int) -> tuple[int, int]:
    """Return the columns of the job list, and its rows below the column titles, on a terminal of this size."""
    needs = Needs(jobs, full_width(facts=facts) + 1)
    place = places(layout_name(width, height), width, height - FRAME, Wish(), needs)[0]
    return place.width, place.height - HEAD


def frame(
    service: ServiceInfo,
    rows: list[JobRow],
    as_of: float | None,
    now: float,
    size: tuple[int, int],
    glyphs: Glyphs,
    alarms_off: frozenset[str] = frozenset(),
) -> str:
    """Build the text to write to a terminal of `size` (columns, rows)."""
    width, height = size
    jobs = shown = rows
    sweeps: dict[str, SweepRow] = {}
    if any(row.sweep for row in rows):
        from fttui.ui.render.sweep_rows import grouped, jobs_of, sweep_line, with_branch  # late: few lists have sweeps

        shown, sweeps = grouped(rows, ())
        jobs = jobs_of(shown, sweeps)
    facts = facts_of(jobs)
    list_width, list_height = list_size(width, height, facts, len(shown))
    columns = fit_columns(list_width - 1, facts=facts)
    words = list_words(jobs_words(len(rows), len(rows)), "newest first", facts, glyphs) if rows else [""]
    view = RowView(marks_training=facts.losses.is_mixed, alarms_off=alarms_off)
    lines: dict[int, Line] = {
        1: status_lines(service, None, as_of, counts_line(rows, now, glyphs, alarms_off), now, width, glyphs)[0],
        2: title_rule(list_width, [(">Jobs", "title")], words, glyphs),
        3: header_line(columns, active=False, loss_title=facts.losses.title),
        height: footer(width),
    }
    for index, row in enumerate(shown[:list_height]):
        is_cursor = index == 0
        if row.id in sweeps:
            key = BY_ID["jobs.compare"].shown if "jobs.compare" in BY_ID else ""
            sweep = sweeps[row.id]
            lines[4 + index] = sweep_line(sweep, list_width - 1, glyphs, is_cursor=is_cursor, compare_key=key)
        else:
            job = with_branch(row, sweeps) if sweeps else row
            lines[4 + index] = row_line(job, columns, now, glyphs, view._replace(is_cursor=is_cursor))
    painted = "".join(f"\x1b[{y};1H{_ansi(line)}" for y, line in lines.items())
    painted = painted if glyphs.unicode else ascii_only(painted)
    return f"\x1b[2J{painted}"


def footer(cells: int) -> Line:
    """Build the footer. Every key is dim, because availability is not known yet."""
    text = "  ".join(f"{keys} {word}" for _, keys, word in footer_entries())
    return spread([(f" {text}", "dim")], [], cells)


def _ansi(line: Line) -> str:
    # A weight does not show on blanks.
    return "".join(
        f"\x1b[{_SGR[role]}m{text}\x1b[0m" if role in _SGR and not text.isspace() else text for text, role in line
    )


class FirstFrame:
    """Terminal with the first frame, without echo, until Textual takes it over."""

    def __init__(self) -> None:
        self._original: list[Any] | None = None
        self._drawn = False

    def paint(
        self,
        service: ServiceInfo,
        rows: list[JobRow],
        as_of: float | None,
        now: float,
        glyphs: Glyphs,
        alarms_off: frozenset[str] = frozenset(),
    ) -> None:
        """Paint the frame, or paint it again with other rows.

        Keys typed meanwhile are not echoed and reach the real screen. SIGTERM and SIGHUP raise SystemExit from now on,
        so that `restore` is called.
        """
        if not self._drawn and not self._take():
            return
        text = frame(service, rows, as_of, now, terminal_size(sys.stdout.fileno()), glyphs, alarms_off)
        text = text if self._drawn else _ALTERNATE + text
        self._drawn = True
        # A character that the terminal's encoding lacks, such as in a model name, must not end the program.
        sys.stdout.buffer.write(text.encode(sys.stdout.encoding or "utf-8", "replace"))
        sys.stdout.flush()

    def _take(self) -> bool:
        """Switch off the echo of the terminal. Return False for one that cannot be used."""
        import _signal  # type: ignore[import-not-found]  # `signal` makes enumerations, whose import takes a millisecond
        import termios

        try:
            attributes = termios.tcgetattr(sys.stdin.fileno())
            disabled = os.fpathconf(sys.stdin.fileno(), "PC_VDISABLE").to_bytes(1, "little")
        except (OSError, termios.error):
            return False
        self._original = [*attributes[:6], list(attributes[6])]
        for number in (_signal.SIGTERM, _signal.SIGHUP):
            _signal.signal(number, _leave)
        attributes[3] &= ~(termios.ECHO | termios.ICANON)
        # Only the real screen can suspend and restore the terminal.
        attributes[6][termios.VSUSP] = disabled
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, attributes)
        return True

    def hand_over(self) -> list[Any] | None:
        """Hand the terminal to Textual. Return the original attributes that Textual must restore, if any."""
        self._drawn = False
        return self._original

    def restore(self) -> None:
        """Restore the terminal. A second call does nothing."""
        if self._original is None:
            return
        import termios

        original, self._original = self._original, None
        try:
            if self._drawn:
                sys.stdout.write("\x1b[?1049l\x1b[?25h")
                sys.stdout.flush()
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, original)
        except (OSError, termios.error):
            return  # the terminal is gone


def _leave(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)
