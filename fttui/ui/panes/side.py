"""Side pane, beside or below the list: detail, log and files with titles, or as tabs."""

from collections.abc import Callable, Sequence
from functools import partial

from textual import events, getters
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widget import Widget

from fttui.text import width
from fttui.ui.panes.detail import DetailView
from fttui.ui.panes.files import FilesView
from fttui.ui.panes.log import LogView
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.log_lines import LogStyle
from fttui.ui.render.rows import Span, line_width, rule_line
from fttui.ui.widgets.line_view import TextRow

NAMES = ("detail", "log", "files")
LEAD = 3
"""Cells of a rule before its first title, rule glyphs and a space."""


class SidePane(Container):
    """Container of detail, log and files. The style sheet shows and hides them by breakpoint (fttui.tcss)."""

    class Chosen(Message):
        """A pane or its title was clicked."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    tabs = getters.query_one("#tabs", TextRow)
    detail_title = getters.query_one("#detail-title", TextRow)
    log_title = getters.query_one("#log-title", TextRow)
    files_title = getters.query_one("#files-title", TextRow)

    def __init__(self, glyphs: Glyphs, now: Callable[[], float], look: LogStyle) -> None:
        super().__init__(id="side")
        self._glyphs = glyphs
        self.detail = DetailView()
        self.log_view = LogView(now, look, glyphs.missing)
        self.files = FilesView()
        self._named: dict[Widget, list[tuple[str, int]]] = {}
        """Titles shown in each row, each with the column after its last cell."""

    def compose(self) -> ComposeResult:
        yield TextRow(id="tabs")
        with Container(id="about"):
            with Vertical(id="detail-pane"):
                yield TextRow(id="detail-title", classes="pane-title")
                yield self.detail
            with Vertical(id="files-pane"):
                yield TextRow(id="files-title", classes="pane-title")
                yield self.files
        with Vertical(id="log-pane"):
            yield TextRow(id="log-title", classes="pane-title")
            yield self.log_view

    def show_titles(self, pane: str, tab: str, job_names: Sequence[str], *, is_wide: bool) -> None:
        """Update the titles.

        Args:
            pane: the active pane.
            tab: the selected tab.
            job_names: names of the selected job, the longest first; a title has the first that fits.
            is_wide: log and files share one area.
        """
        self.files.set_active(pane == "files")
        states = {"log": self._log_state(), "files": self._files_state()}
        dot = f" {self._glyphs.dot} "
        about = [self._detail_state(name) for name in job_names or ("",)]
        right = about if tab == "detail" else [name + dot + states[tab] for name in job_names] or [states[tab]]
        lower = ("log", "files") if is_wide else ()
        for row, names, front, ends in (
            (self.tabs, NAMES, tab, right),
            (self.detail_title, ("detail",), "", about),
            (self.log_title, lower or ("log",), "log", [states["log"]]),
            (self.files_title, lower or ("files",), "files", [states["files"]]),
        ):
            title: list[Span] = []
            self._named[row] = []
            for name in names:
                if title:
                    title.append((f" {self._glyphs.rule} ", "rule"))
                title.append(_title(name, pane, front if len(names) > 1 else ""))
                self._named[row].append((name, LEAD + line_width(title)))
            row.fill(partial(title_rule, title=title, ends=ends, glyphs=self._glyphs))

    def _detail_state(self, name: str) -> str:
        detail = self.detail
        if not detail.search:
            return name
        total = detail.matches
        where = f"{detail.match_number} of {total}" if detail.match_number else f"{total}x"
        return f"{name} {self._glyphs.dot} {where} {detail.search!r}"

    def _log_state(self) -> str:
        log = self.log_view
        parts = ["follow" if log.follow else f"{log.unseen} new" if log.unseen else "f follows"]
        if log.log_style.search:  # first, because the end may be cut
            where = f"{log.match_number} of {log.matches}" if log.match_number else f"{log.matches}x"
            parts = [f"{'only ' if log.log_style.only else ''}{where} {log.log_style.search!r}"]
            parts += [f"{log.unseen} new"] if log.unseen else []
        if log.log_style.level != "info":
            parts.append(f"{log.log_style.level}+")
        if log.log_style.hides_metrics:
            parts.append("no metrics")
        parts.append(f"{log.event_count} events")
        return f" {self._glyphs.dot} ".join(parts)

    def _files_state(self) -> str:
        files = self.files
        own, total = files.own, len(files.keys)
        words = f"{own} of {total} in this job" if total > own else "1 file" if own == 1 else f"{own} files"
        return f"{words} {self._glyphs.dot} {len(files.marks)} marked" if files.marks else words

    def on_click(self, event: events.Click) -> None:
        """Make the clicked pane active, or the pane of the clicked title."""
        for widget, name in ((self.detail, "detail"), (self.log_view, "log")):
            if event.widget is widget:
                self.post_message(self.Chosen(name))
        named = self._named.get(event.widget, []) if event.widget is not None else []
        if names := [name for name, end in named if event.x < end or len(named) == 1]:
            self.post_message(self.Chosen(names[0]))


def title_rule(cells: int, title: list[Span], ends: Sequence[str], glyphs: Glyphs) -> list[Span]:
    """Build a title with the first of `ends` that fits; if none does, the last one is cut."""
    room = cells - LEAD - line_width(title) - len("   ") - 1
    end = next((end for end in ends if width(end) <= room), ends[-1])
    return rule_line(cells, title, end, glyphs)


def _title(name: str, pane: str, tab: str = "") -> tuple[str, str]:
    if name == pane:
        return (f">{name.capitalize()}", "title")
    return (name.capitalize(), "bold" if name == tab else "dim")
