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

    def __init__(self, now: Callable[[], float], look: LogStyle, missing: str = "·") -> None:
        """
        Args:
            missing: sign for a metric that was not measured at a step.
        """
        super().__init__(id="log")
        self._now = now
        self._model = LogLines(look, missing)
        self._blank_until = 0
        """End of the scroll range while blank rows wait for new events, else 0."""
        self._note = ""
        self._match: int | None = None
        self.follow = True
        self.unseen = 0
        """Number of events that arrived while the end was not visible."""
        self.has_older = False
        """The archive may have events older than the first one here."""

    def show_events(self, events: Sequence[EventRow], note: str, *, has_older: bool = False) -> None:
        """Show a job's events, or `note` when there are none, and follow the end."""
        self.has_older = has_older
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
        count, heading = len(self._model), self.heading()
        dropped = self._model.append(events)
        if not self.follow:
            self.lines_changed()
            self.unseen += len(events)
            if dropped:
                self.scroll_to_line(self.scroll_offset.y - dropped)
        elif dropped or not count or heading != self.heading():
            self.lines_changed()
            self._to_end()
        else:
            self._follow_from(count)

    def _follow_from(self, count: int) -> None:
        """Show the lines from number `count` on.

        A full page moves up by half its height, so that the next lines fill the lower half: moving it by one line
        each time would repaint all of it each time.
        """
        top, page, total = self.scroll_offset.y, self.page_height, len(self._model)
        if total <= top + page:
            self.fit_scroll_range()
            self.redraw(*range(count, total))
            return
        top += page // 2
        self._to_end(top if total <= top + page else None)

    def add_older(self, events: Sequence[EventRow], *, has_older: bool) -> None:
        """Prepend older events without moving the visible lines."""
        self.has_older = has_older
        if not events:
            return
        added = self._model.prepend(events)
        if self._match is not None:
            self._match += added
        top = self.scroll_offset.y
        self.lines_changed()
        if self.follow:
            self._to_end()
        else:
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
    def shown_lines(self) -> int:
        """Number of lines of events that the style does not hide."""
        return len(self._model)

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
        self._blank_until = 0
        self.lines_changed()
        if self.follow:
            self._to_end()
        elif seq is not None:
            line = self._model.line_of(seq)
            self.scroll_to_line(self.line_count() if line is None else line)

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
        last = max(self.scroll_offset.y, self.line_count() - self.page_height)
        top = max(0, min(last, self.scroll_offset.y + lines))
        self._blank_until = top + self.page_height
        self.fit_scroll_range()
        self.scroll_to_line(top)
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

    def scroll_length(self) -> int:
        return max(self.line_count(), self._blank_until)

    def heading(self) -> Line | None:
        return self._model.heading()

    def line_at(self, index: int) -> Line:
        if not len(self._model):
            if not (hidden := self._model.event_count):
                return [(f" {self._note}", "dim")]
            style = self.log_style
            why = (
                f"level {style.level} (L changes it)"
                if style.level != "info"
                else "search (& shows all)"
                if style.only
                else "x (x shows metrics)"
            )
            older = "; g loads older ones" if self.has_older else ""
            return [(f" {hidden:,} event{'' if hidden == 1 else 's'} hidden by {why}{older}", "dim")]
        return self._model.line(index, self._now())

    def on_resize(self) -> None:
        self._model.resize(self.outer_size.width - 1)
        self.lines_changed()
        if self.follow:
            self._to_end()

    def on_mouse_scroll_up(self) -> None:
        self.follow = False

    def _to_end(self, top: int | None = None) -> None:
        """Show the last page, or the lines from `top` on with blank rows below them."""
        self.unseen = 0
        self._blank_until = 0 if top is None else top + self.page_height
        if top is not None:
            self.lines_changed()
        self._settle()
        # The scroll range knows the new height only after the layout.
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        if self.follow:
            self.fit_scroll_range()
            self.scroll_to_line(max(0, self.scroll_length() - self.page_height))
