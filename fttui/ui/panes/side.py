"""Beside or below the list: detail and log, each with its title, or one of them behind tabs."""

from collections.abc import Callable
from functools import partial

from textual import getters
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from fttui.ui.glyphs import Glyphs
from fttui.ui.panes.detail import DetailView
from fttui.ui.panes.loglines import LogStyle
from fttui.ui.panes.logs import LogView
from fttui.ui.rows import Line, rule_line
from fttui.ui.widgets.line_view import TextRow


class SidePane(Container):
    """Which of the rows that name the panes are seen is a matter of the breakpoints (fttui.tcss)."""

    tabs = getters.query_one("#tabs", TextRow)
    detail_title = getters.query_one("#detail-title", TextRow)
    log_title = getters.query_one("#log-title", TextRow)

    def __init__(self, glyphs: Glyphs, now: Callable[[], float], look: LogStyle) -> None:
        super().__init__(id="side")
        self._glyphs = glyphs
        self.detail = DetailView()
        self.log_view = LogView(now, look)

    def compose(self) -> ComposeResult:
        yield TextRow(id="tabs")
        with Vertical(id="detail-pane"):
            yield TextRow(id="detail-title", classes="pane-title")
            yield self.detail
        with Vertical(id="log-pane"):
            yield TextRow(id="log-title", classes="pane-title")
            yield self.log_view

    def show_titles(self, pane: str, tab: str, name: str) -> None:
        """Name the panes: `pane` has the keys, `tab` is in front where there are tabs, `name` is the job."""
        events = self._log_state()
        parted: Line = [(f" {self._glyphs.rule} ", "rule")]
        tabs: Line = [*_title("detail", pane, tab), *parted, *_title("log", pane, tab)]
        about = self._detail_state(name)
        right = f"{name} {self._glyphs.dot} {events}" if tab == "log" and name else about if tab == "detail" else name
        for row, title, end in (
            (self.tabs, tabs, right),
            (self.detail_title, _title("detail", pane), about),
            (self.log_title, _title("log", pane), events),
        ):
            row.fill(partial(rule_line, title=title, right=end, glyphs=self._glyphs))

    def _detail_state(self, name: str) -> str:
        detail = self.detail
        if not detail.search:
            return name
        total = len(detail.matches)
        where = f"{detail.match_number} of {total}" if detail.match_number else f"{total}x"
        return f"{name} {self._glyphs.dot} {detail.search!r} {where}"

    def _log_state(self) -> str:
        log = self.log_view
        parts = ["follow" if log.follow else f"{log.unseen} new" if log.unseen else "f follows"]
        if log.look.level != "info":
            parts.append(f"{log.look.level}+")
        if log.look.search:
            where = f"{log.match_number} of {log.matches}" if log.match_number else f"{log.matches}x"
            parts.append(f"{'only ' if log.look.only else ''}{log.look.search!r} {where}")
        parts.append(f"{log.event_count} events")
        return f" {self._glyphs.dot} ".join(parts)


def _title(name: str, pane: str, tab: str = "") -> Line:
    if name == pane:
        return [(f">{name.capitalize()}", "title")]
    return [(name.capitalize(), "bold" if name == tab else "dim")]
