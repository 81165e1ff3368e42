"""The events of one job, oldest first, following its end until somebody scrolls up."""

from collections.abc import Callable, Sequence

from textual.message import Message

from fttui.models.row import EventRow
from fttui.ui.render.log_lines import LogLines, LogStyle
from fttui.ui.render.rows import Line
from fttui.ui.widgets.line_view import LineView


class LogView(LineView):
    """Shows the lines that `LogLines` makes, and keeps the place in them."""

    class ReachedTop(Message):
        """The oldest line held is visible: older events may be in the archive."""

    def __init__(self, now: Callable[[], float], look: LogStyle) -> None:
        super().__init__(id="log")
        self._now = now
        self._model = LogLines(look)
        self._note = ""
        self._match: int | None = None
        self.follow = True
        self.unseen = 0
        """Events that came while the end was out of sight."""

    def show_events(self, events: Sequence[EventRow], note: str) -> None:
        """Another job: show its events, or `note` while there are none, and follow again."""
        if not events and not self.event_count and note == self._note and self.follow:
            return
        self._model.replace(events)
        self._note = note
        self._match = None
        self.set_follow(True)

    def add_events(self, events: Sequence[EventRow]) -> None:
        """Newer events of the same job."""
        if not events:
            return
        dropped = self._model.append(events)
        self.lines_changed()
        if self.follow:
            self._to_end()
        else:
            self.unseen += len(events)
            if dropped:
                self.scroll_to_line(self.scroll_offset.y - dropped)

    def add_older(self, events: Sequence[EventRow]) -> None:
        """Events from before the oldest shown; what is on the screen stays where it is."""
        if events:
            added = self._model.prepend(events)
            top = self.scroll_offset.y
            self.lines_changed()
            self.scroll_to_line(top + added)

    @property
    def first_seq(self) -> int | None:
        return self._model.first_seq

    @property
    def last_seq(self) -> int | None:
        return self._model.last_seq

    @property
    def event_count(self) -> int:
        return self._model.event_count

    @property
    def look(self) -> LogStyle:
        return self._model.style

    @property
    def match_number(self) -> int:
        """Which of the matches one is on, 1 the oldest; 0 when on none."""
        return self._model.match_number(self._match) if self._match is not None else 0

    @property
    def matches(self) -> int:
        """Shown events that match the search."""
        return self._model.matches

    @property
    def line_text(self) -> str:
        """The line that the search stands on, else the newest that is visible; empty when there is none."""
        total = len(self._model)
        index = self._match if self._match is not None else min(total, self.scroll_offset.y + self.page_height) - 1
        return self._model.text(index, self._now()).strip() if 0 <= index < total else ""

    def restyle(self, style: LogStyle) -> None:
        """See the same events otherwise; the event at the top stays there."""
        top = self.scroll_offset.y
        seq = self._model.event_at(top).seq if top < len(self._model) else None
        self._model.restyle(style)
        self._match = None
        self.lines_changed()
        if self.follow:
            self._to_end()
        elif seq is not None and (line := self._model.line_of(seq)) is not None:
            self.scroll_to_line(line)

    def set_follow(self, follow: bool) -> None:
        """Stay at the end, or where one is."""
        self.follow = follow
        self.lines_changed()
        if follow:
            self._to_end()

    def go_to_match(self, step: int) -> bool:
        """Bring the next match (1), the previous one (-1) or the nearest (0) into view; False when there is none.

        The nearest is the first that is visible or comes after it; at the end of a log that is followed, the last.
        """
        top = self.scroll_offset.y
        if step == 0:
            found = self._model.find(self.line_count(), -1) if self.follow else self._model.find(top - 1, 1)
        else:
            found = self._model.find(top - 1 if self._match is None else self._match, step)
        if found is None:
            return False
        self.follow = False
        previous, self._match = self._match, found
        if not top <= found < top + self.page_height:
            self.scroll_to_line(found - self.page_height // 2)
        if previous is not None:
            self.redraw(previous)
        self.redraw(found)
        return True

    def scroll_lines(self, lines: int) -> None:
        super().scroll_lines(lines)
        at_end = self.scroll_offset.y + self.page_height >= self.line_count()
        self.follow = at_end and lines > 0
        if at_end:
            self.unseen = 0
        if lines < 0 and self.scroll_offset.y == 0:
            self.post_message(self.ReachedTop())

    def is_cursor(self, index: int) -> bool:
        return index == self._match

    def line_count(self) -> int:
        return len(self._model) or 1

    def line_at(self, index: int) -> Line:
        if not len(self._model):
            if not (hidden := self._model.event_count):
                return [(f" {self._note}", "dim")]
            why = f"none is {self.look.level} or worse: L shows more" if self.look.level != "info" else "& shows all"
            return [(f" {hidden} events; {why}", "dim")]
        return self._model.line(index, self._now())

    def on_resize(self) -> None:
        self._model.resize(self.outer_size.width - 1)
        self.lines_changed()
        if self.follow:
            self._to_end()

    def on_mouse_scroll_up(self) -> None:
        self.follow = False

    def _to_end(self) -> None:
        self.unseen = 0
        self.scroll_to_line(max(0, self.line_count() - self.page_height))
        # The new height is known to the scroll range only after the layout.
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        if self.follow:
            self.scroll_to_line(max(0, self.line_count() - self.page_height))
