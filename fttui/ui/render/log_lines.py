"""Log lines: events filtered by level and search, wrapped and highlighted. Metrics events are rows of columns. Pure."""

import time
from bisect import bisect_right
from collections.abc import Sequence
from itertools import repeat

from fttui.clock import age
from fttui.lean_typing import NamedTuple
from fttui.models.row import EventRow
from fttui.text import clean_line, wrap
from fttui.ui.render.log_columns import LogColumns, Measured, measured
from fttui.ui.render.rows import Line
from fttui.ui.render.search_text import contains, marked

LEVELS = ("info", "warn", "error")
TIMES = ("local", "utc", "relative")
KEEP = 10_000
"""Number of events held in memory for one job. Older events are loaded from the archive on demand."""
MAX_LENGTH = 4_000
"""Characters shown of a message. A longer line would slow down every repaint."""
HEAD = 16
"""Width in cells of time and level, before the message."""


class LogStyle(NamedTuple):
    """Display settings of the log."""

    level: str = "info"
    """Lowest level shown."""
    wrap: bool = False
    hides_metrics: bool = False
    """Hide the rows of metrics events."""
    times: str = "local"
    only: bool = False
    """Show only events that match the search."""
    search: str = ""

    @property
    def hides_events(self) -> bool:
        """Some events have no line."""
        return self.level != "info" or self.hides_metrics or (self.only and bool(self.search))


class LogLines:
    """Events and their lines. Lines are numbered from 0, the oldest first."""

    def __init__(self, style: LogStyle = LogStyle(), missing: str = "·") -> None:  # noqa: B008  (a value)
        """
        Args:
            missing: sign for a metric that was not measured at a step.
        """
        self.style = style
        self._missing = missing
        self._columns = LogColumns(missing)
        self._events: list[EventRow] = []
        self._lines: list[tuple[int, int]] = []
        self._found: list[int] | None = None
        """First lines of the matching events. None until they are needed."""
        self._cells = 80

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def event_count(self) -> int:
        return len(self._events)

    @property
    def first_seq(self) -> int | None:
        return self._events[0].seq if self._events else None

    @property
    def last_seq(self) -> int | None:
        return self._events[-1].seq if self._events else None

    def replace(self, events: Sequence[EventRow]) -> None:
        """Replace the events."""
        self._events = list(events)
        self._columns = LogColumns(self._missing)
        self._learn(events)
        self._rebuild()

    def append(self, events: Sequence[EventRow]) -> int:
        """Append newer events. Return the number of lines dropped at the top to bound the number of events."""
        before = len(self._lines)
        start = len(self._events)
        self._events.extend(events)
        self._learn(events)
        if len(self._events) <= KEEP * 2:
            self._lines += self._lines_from(start)
            if self._found is not None:
                self._found += self._matching_from(before)
            return 0
        del self._events[: len(self._events) - KEEP]
        added = sum(self._height(event) for event in events)
        self._rebuild()
        return before + added - len(self._lines)

    def prepend(self, events: Sequence[EventRow]) -> int:
        """Prepend older events. Return the number of lines added at the top."""
        before = len(self._lines)
        self._events[:0] = events
        self._learn(events)
        self._rebuild()
        return len(self._lines) - before

    def resize(self, cells: int) -> None:
        """Set the width. Only wrapped lines are rebuilt."""
        if cells != self._cells:
            self._cells = cells
            if self.style.wrap:
                self._rebuild()

    def restyle(self, style: LogStyle) -> None:
        """Change the display settings."""
        self.style = style
        self._rebuild()

    def heading(self) -> Line | None:
        """Return the heading of the columns; None for a log without rows of metrics."""
        return None if self.style.hides_metrics or not self._columns else self._columns.heading(self._cells)

    def line(self, index: int, now: float) -> Line:
        """Return one line. `now` is in Unix seconds, for relative times."""
        number, piece = self._lines[index]
        event = self._events[number]
        moment = self._time(event, now)
        if (found := self._measured(event)) is not None:
            return marked(self._columns.line(moment, found, self._cells), self.style.search)
        role = event.level if event.level in ("warn", "error") else "" if event.level == "info" else "warn"
        message = marked([(self._texts(event)[piece], role and "warn")], self.style.search)
        if piece:
            return [(" " * HEAD, ""), *message]
        return [(f" {moment} ", "dim"), (f"{event.level:<5.5}", role or "dim"), (" ", ""), *message]

    def text(self, index: int, now: float) -> str:
        """Return one line as text."""
        return "".join(text for text, _ in self.line(index, now))

    def event_at(self, index: int) -> EventRow:
        """Return the event of a line."""
        return self._events[self._lines[index][0]]

    def line_of(self, seq: int) -> int | None:
        """Return the first line of an event, or of the next shown event."""
        for index, (number, _) in enumerate(self._lines):
            if self._events[number].seq >= seq:
                return index
        return None

    def find(self, start: int, step: int) -> int | None:
        """Return the nearest line after `start` that contains the search text. The search wraps around."""
        search, total = self.style.search, len(self._lines)
        if not search or not total:
            return None
        for distance in range(1, total + 1):
            index = (start + step * distance) % total
            number, piece = self._lines[index]
            if contains(self._searched(self._events[number], piece), search):
                return index
        return None

    @property
    def matches(self) -> int:
        """Number of shown events that match the search."""
        return len(self._matching)

    def match_number(self, index: int) -> int:
        """Return the number of matching events up to line `index`."""
        return bisect_right(self._matching, index)

    @property
    def _matching(self) -> list[int]:
        # The title needs the matches at every key, so they are cached until the lines change.
        if not self.style.search:
            return []
        if self._found is None:
            self._found = self._matching_from(0)
        return self._found

    def _matching_from(self, start: int) -> list[int]:
        lines = enumerate(self._lines[start:], start)
        return [line for line, (number, piece) in lines if not piece and self._matches(self._events[number])]

    def _rebuild(self) -> None:
        self._lines, self._found = self._lines_from(0), None

    def _lines_from(self, start: int) -> list[tuple[int, int]]:
        """Build the lines of the events from `start` on."""
        style, end = self.style, len(self._events)
        if style.level == "info" and not (style.wrap or style.hides_metrics or style.only):
            return list(zip(range(start, end), repeat(0), strict=False))  # one line for each event
        return [(index, piece) for index in range(start, end) for piece in range(self._height(self._events[index]))]

    def _height(self, event: EventRow) -> int:
        """Return the number of lines of an event, 0 when it is hidden."""
        style = self.style
        if style.level != "info" and _rank(event.level) < _rank(style.level):
            return 0
        if style.only and style.search and not self._matches(event):
            return 0
        if (style.wrap or style.hides_metrics) and self._measured(event) is not None:
            return 0 if style.hides_metrics else 1
        return len(self._texts(event)) if style.wrap else 1

    def _texts(self, event: EventRow) -> list[str]:
        message = clean_line(event.message[:MAX_LENGTH]) or event.type or "-"
        if len(event.message) > MAX_LENGTH:
            message += f" … ({len(event.message):,} characters; press e to export all)"
        return wrap(message, max(10, self._cells - HEAD - 1)) if self.style.wrap else [message]

    def _learn(self, events: Sequence[EventRow]) -> None:
        for event in events:
            if _may_be_row(event):
                self._columns.learn(event.data)

    def _measured(self, event: EventRow) -> Measured | None:
        """Return the metrics of an event that is a row of columns; None for one that is text."""
        return measured(event.data) if _may_be_row(event) else None

    def _matches(self, event: EventRow) -> bool:
        return contains(self._searched(event), self.style.search)

    def _searched(self, event: EventRow, piece: int | None = None) -> str:
        """Return the text that a search looks at: a row of columns as shown, a message, or a line of it."""
        if (found := self._measured(event)) is not None:
            return "".join(text for text, _ in self._columns.line("", found, self._cells))
        return event.message if piece is None else self._texts(event)[piece]

    def _time(self, event: EventRow, now: float) -> str:
        if event.created_at is None:
            return " " * 8
        if self.style.times == "relative":
            return f"{age(now - event.created_at):>4} ago"
        moment = time.gmtime(event.created_at) if self.style.times == "utc" else time.localtime(event.created_at)
        return time.strftime("%H:%M:%S", moment)


def _rank(level: str) -> int:
    # An unknown level is never hidden, because it may be worse than an error.
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _may_be_row(event: EventRow) -> bool:
    # A warning is told by its message.
    return event.type == "metrics" and event.level == "info" and bool(event.data)
