"""The events of one job, oldest first, following its end."""

from collections.abc import Sequence
from datetime import datetime

from fttui.models.row import EventRow
from fttui.ui.rows import Line
from fttui.ui.widgets.line_view import LineView

LEVELS = {"info": "", "warn": "warn", "error": "error"}
KEEP = 10_000
"""Lines held for one job; older ones stay in the archive."""


def event_line(event: EventRow) -> Line:
    """One event on one line: local time, level, message."""
    clock = "        "
    if event.created_at is not None:
        clock = datetime.fromtimestamp(event.created_at).astimezone().strftime("%H:%M:%S")
    role = LEVELS.get(event.level, "warn")
    message = " ".join(event.message.split("\n")) or event.type
    return [
        (f" {clock} ", "dim"),
        (f"{event.level:<5}"[:5], role or "dim"),
        (f" {message}", role if role == "warn" else ""),
    ]


class LogView(LineView):
    """Events of the job that is shown. Following yields as soon as somebody scrolls up."""

    def __init__(self) -> None:
        super().__init__(id="log")
        self._events: list[EventRow] = []
        self._note = ""
        self.follow = True

    def show_events(self, events: Sequence[EventRow], note: str) -> None:
        """Another job: show its events, or `note` while there are none, and follow again."""
        self._events = list(events)
        self._note = note
        self.follow = True
        self.lines_changed()
        self._to_end()

    def add_events(self, events: Sequence[EventRow]) -> None:
        """Newer events of the same job."""
        if not events:
            return
        if not self._events:
            self.show_events(events, self._note)
            return
        self._events.extend(events)
        if len(self._events) > KEEP * 1.1:
            del self._events[: len(self._events) - KEEP]
        self.lines_changed()
        if self.follow:
            self._to_end()

    @property
    def last_seq(self) -> int | None:
        """The position of the newest event shown."""
        return self._events[-1].seq if self._events else None

    @property
    def event_count(self) -> int:
        return len(self._events)

    def set_follow(self, follow: bool) -> None:
        self.follow = follow
        if follow:
            self._to_end()

    def scroll_lines(self, lines: int) -> None:
        super().scroll_lines(lines)
        if lines < 0:
            self.follow = False
        elif self.scroll_offset.y >= self.max_scroll_y:
            self.follow = True

    def line_count(self) -> int:
        return len(self._events) or 1

    def line_at(self, index: int) -> Line:
        if not self._events:
            return [(f" {self._note}", "dim")]
        return event_line(self._events[index])

    def on_resize(self) -> None:
        self.lines_changed()
        if self.follow:
            self._to_end()

    def _to_end(self) -> None:
        # The new height is known to the scroll range only after the layout.
        self.scroll_to_line(max(0, self.line_count() - self.page_height))
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        if self.follow:
            self.scroll_to_line(max(0, self.line_count() - self.page_height))
