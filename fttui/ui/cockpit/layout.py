"""Which panes are on the screen, which of them has the keys, and how large they are."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.screen import Screen

from fttui.ui.cockpit.list_view import ListView
from fttui.ui.panes.jobs import JobsPane
from fttui.ui.panes.log import LogView
from fttui.ui.panes.side import SidePane
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.log_lines import LogStyle
from fttui.ui.saved_view import TABS, SavedView
from fttui.ui.widgets.line_view import LineView

PANES = ("jobs", *TABS)
BREADTHS = {"normal": 57, "wide": 55, "huge": 46}
"""Layouts in which the list shares the screen, and its usual share in percent (fttui.tcss)."""
SPLIT_STEP = 5
"""Percent by which one key makes the list larger or smaller."""


class Layout(Screen[None]):
    """The panes as the breakpoints and the person arrange them; what stands in them is the matter of `Desk`."""

    AUTO_FOCUS = None
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (120, "-wide"), (180, "-huge")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-medium"), (45, "-tall")]

    def __init__(self, glyphs: Glyphs, now: Callable[[], float], remembered: SavedView) -> None:
        super().__init__()
        self._list = ListView()
        self._pane = "jobs"
        self._tab = remembered.tab
        self._splits = dict(remembered.splits)
        self.jobs = JobsPane(glyphs, now)
        self.jobs.list.wanted = remembered.columns
        look = LogStyle(wrap=remembered.wrap, metrics=remembered.metrics, times=remembered.times)
        self.side = SidePane(glyphs, now, look)
        self._list.change(remember=False, look=look)

    @property
    def log_view(self) -> LogView:
        return self.side.log_view

    @property
    def _view(self) -> LineView:
        """The lines of the pane that has the keys."""
        views: dict[str, LineView] = {
            "detail": self.side.detail,
            "log": self.side.log_view,
            "files": self.side.files,
        }
        return views.get(self._pane, self.jobs.list)

    @property
    def _breadth(self) -> str:
        """The layout by width; empty where one pane has the whole screen."""
        if self.has_class("-short"):
            return ""
        return next((name for name in BREADTHS if self.has_class(f"-{name}")), "")

    def _is_seen(self, pane: str) -> bool:
        """Whether a pane is on the screen."""
        if self._list.view.zoom or not self._breadth:
            return pane == self._pane
        if pane == "jobs" or self._breadth == "huge":
            return True
        if self._breadth == "wide":
            return pane == "detail" or (pane == "files") == self.has_class("-files")
        return pane == self._tab

    def _go(self, pane: str) -> None:
        """Give a pane the keys, and bring it to the front."""
        self._pane = pane
        if pane != "jobs":
            self._tab = pane
        self._arrange()
        self._show_titles()

    def _arrange(self) -> None:
        self.update_classes(self._arrangement(), animate=False)
        self.call_after_refresh(self._resized)

    def _arrange_first(self) -> None:
        """Before there is a widget: with each class that comes later, every rule is matched against every widget."""
        self.update_classes(self._arrangement(), update=False)
        for cells, breakpoints in zip(
            self.app.size, (self.HORIZONTAL_BREAKPOINTS, self.VERTICAL_BREAKPOINTS), strict=True
        ):
            self.add_class(max(found for found in breakpoints if found[0] <= cells)[1], update=False)

    def _arrangement(self) -> dict[str, bool]:
        """The classes by which the style sheet knows what is in front."""
        classes = {f"-pane-{pane}": pane == self._pane for pane in PANES}
        classes |= {f"-tab-{tab}": tab == self._tab for tab in TABS}
        if self._tab != "detail":
            classes["-files"] = self._tab == "files"
        return classes | {"-zoom": self._list.view.zoom}

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        self._size_panes()
        self._fit()

    def _fit(self) -> None:
        """The panes have other sizes: what stands in them may have to be drawn anew."""

    def _show_titles(self) -> None:
        """Another pane has the keys."""

    def _size_panes(self) -> None:
        """The person's own share for the list; without one the style sheet's stands."""
        breadth = self._breadth
        steps = self._splits.get(breadth, 0)
        share = f"{BREADTHS[breadth] + SPLIT_STEP * steps}%" if steps and not self._list.view.zoom else None
        self.jobs.styles.width = share if breadth != "normal" else None
        self.jobs.styles.height = share if breadth == "normal" else None
