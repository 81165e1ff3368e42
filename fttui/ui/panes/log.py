"""Log pane: the events of one job, oldest first. It follows the end until the user scrolls up."""

from collections.abc import Callable, Sequence

from textual.message import Message

from fttui.models.row import EventRow
from fttui.ui.render.log_lines import LogLines, LogStyle
from fttui.ui.render.rows import Line
from fttui.ui.widgets.line_view import LineView


class LogView(LineView):
    """Log of one job: the lines of `LogLines`, with scroll position and search."""

    class ReachedTop(Message):
        """The oldest loaded line is visible. The archive may have older events."""

    def __init__(self, now: Callable[[], float], look: LogStyle) -> None:
        super().__init__(id="log")
        self._now = now
        self._model = LogLines(look)
        self._note = ""
        self._match: int | None = None
        self.follow = True
        self.unseen = 0
        """Number of events that arrived while the end was not visible."""

    def show_events(self, events: Sequence[EventRow], note: str) -> None:
        """Show a job's events, or `note` when there are none, and follow the end."""
        if not events and not self.event_count and note == self._note and self.follow:
            return
        self._model.replace(events)
        self._note = note
        self._match = None
        self.set_follow(True)

    def add_events(self, events: Sequence[EventRow]) -> None:
        """Append newer events of the same job."""
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
        """Prepend older events without moving the visible lines."""
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
    def log_style(self) -> LogStyle:
        return self._model.style

    @property
    def search(self) -> str:
        """Text that is searched for; empty for none."""
        return self.log_style.search

    def search_for(self, text: str) -> None:
        """Highlight `text`. Without a text all events are shown."""
        self.restyle(self.log_style._replace(search=text, only=self.log_style.only and bool(text)))

    def search_start(self) -> Callable[[], None]:
        """Return a function that follows the end of the log again, if that is the case now."""
        follow = self.follow

        def restore() -> None:
            self.follow = follow

        return restore

    @property
    def match_number(self) -> int:
        """Number of the current match, counted from 1 at the oldest. 0 for none."""
        return self._model.match_number(self._match) if self._match is not None else 0

    @property
    def matches(self) -> int:
        """Number of shown events that match the search."""
        return self._model.matches

    @property
    def line_text(self) -> str:
        """Text of the current match's line, else of the newest visible line. Empty in an empty log."""
        total = len(self._model)
        index = self._match if self._match is not None else min(total, self.scroll_offset.y + self.page_height) - 1
        return self._model.text(index, self._now()).strip() if 0 <= index < total else ""

    def restyle(self, style: LogStyle) -> None:
        """Change the style. The topmost event keeps its position."""
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
        """Switch following the end on or off."""
        self.follow = follow
        self.lines_changed()
        if follow:
            self._to_end()

    def go_to_match(self, step: int) -> bool:
        """Scroll to the next match (1), the previous (-1) or the nearest (0). Return False without a match.

        The nearest match is the first at or after the top line. When the log follows its end, it is the last match.
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
            why = (
                f"level {self.log_style.level} (L changes it)"
                if self.log_style.level != "info"
                else "search (& shows all)"
            )
            return [(f" {hidden} events hidden by {why}", "dim")]
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
        # The scroll range knows the new height only after the layout.
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        if self.follow:
            self.scroll_to_line(max(0, self.line_count() - self.page_height))
