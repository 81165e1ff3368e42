"""Arrangement of the panes: the active pane, the tab in front, the split, and the visible panes at a size. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fttui.ui.cockpit.list_view import ListView
from fttui.ui.saved_view import TABS

PANES = ("jobs", *TABS)
WIDTHS = [(0, "-narrow"), (80, "-normal"), (120, "-wide"), (180, "-huge")]
"""Classes of the screen by its width, each from a number of columns on."""
HEIGHTS = [(0, "-short"), (16, "-medium"), (45, "-tall")]
"""Classes of the screen by its height, each from a number of rows on."""
LIST_SHARES = {"normal": 57, "wide": 55, "huge": 46}
"""Layouts in which the list shares the screen, and its default share in percent (fttui.tcss)."""
SPLIT_STEP = 5
"""Percent that one key adds to the list or takes from it."""
MOST_STEPS = 6
SMALLEST = (40, 10)
"""Columns and rows of the smallest terminal that the cockpit draws on."""


class PaneLayout:
    """Position of every pane. The zoom is part of the view, because it can be undone."""

    def __init__(self, view: ListView, tab: str, splits: Mapping[str, int]) -> None:
        """
        Args:
            tab: the pane in front where panes share a place.
            splits: steps by which the list is larger than its default, by layout.
        """
        self._view = view
        self.active = "jobs"
        """The pane that keys go to."""
        self.tab = tab
        self.splits = dict(splits)
        self._below_detail = "files" if tab == "files" else "log"
        """The pane that shares the place below the detail in the wide layout."""
        self._size = (0, 0)

    def resize(self, width: int, height: int) -> None:
        """Set the size of the terminal in cells."""
        self._size = (width, height)

    @property
    def is_too_small(self) -> bool:
        return self._size[0] < SMALLEST[0] or self._size[1] < SMALLEST[1]

    @property
    def is_zoomed(self) -> bool:
        return self._view.current.zoom

    @property
    def name(self) -> str:
        """Layout at this size: one of `LIST_SHARES`, or empty where one pane fills the screen."""
        width, height = _breakpoint(WIDTHS, self._size[0]), _breakpoint(HEIGHTS, self._size[1])
        name = width.removeprefix("-")
        return name if name in LIST_SHARES and height != "-short" else ""

    @property
    def is_split(self) -> bool:
        """Several panes are on the screen."""
        return bool(self.name) and not self.is_zoomed

    def is_visible(self, pane: str) -> bool:
        """Tell whether a pane is on the screen."""
        if not self.is_split:
            return pane == self.active
        if pane == "jobs" or self.name == "huge":
            return True
        if self.name == "wide":
            return pane in ("detail", self._below_detail)
        return pane == self.tab

    def activate(self, pane: str) -> bool:
        """Send keys to a pane and bring it to the front. Return False when it was active already."""
        changed = pane != self.active
        self.active = pane
        if pane != "jobs":
            self.show_tab(pane)
        return changed

    def show_tab(self, tab: str) -> None:
        """Bring a pane to the front where panes share a place."""
        self.tab = tab
        if tab != "detail":
            self._below_detail = tab

    def next_pane(self, step: int) -> str:
        """Return the next visible pane; the next of all panes where one fills the screen."""
        visible = [pane for pane in PANES if self.is_visible(pane)]
        panes = visible if len(visible) > 1 else PANES
        return panes[(panes.index(self.active) + step) % len(panes)]

    def next_tab(self, step: int) -> str:
        return TABS[(TABS.index(self.tab) + step) % len(TABS)]

    def resize_list(self, steps: int) -> bool:
        """Make the list larger or smaller in this layout; 0 restores the default. Return False without a split."""
        if not self.name:
            return False
        wanted = self.splits.get(self.name, 0) + steps if steps else 0
        self.splits[self.name] = max(-MOST_STEPS, min(MOST_STEPS, wanted))
        return True

    def list_size(self) -> tuple[str | None, str | None]:
        """Return the width and the height of the list as set by the user; None leaves the style sheet's value."""
        steps = self.splits.get(self.name, 0)
        if not steps or not self.is_split:
            return None, None
        share = f"{LIST_SHARES[self.name] + SPLIT_STEP * steps}%"
        return (None, share) if self.name == "normal" else (share, None)

    def classes(self) -> dict[str, bool]:
        """Return the classes by which the style sheet arranges the panes."""
        return {
            **{f"-pane-{pane}": pane == self.active for pane in PANES},
            **{f"-tab-{tab}": tab == self.tab for tab in TABS},
            "-files": self._below_detail == "files",
            "-zoom": self.is_zoomed,
            "-tiny": self.is_too_small,
        }

    def size_classes(self) -> tuple[str, str]:
        """Return the classes that Textual's breakpoints set at this size."""
        return _breakpoint(WIDTHS, self._size[0]), _breakpoint(HEIGHTS, self._size[1])


def _breakpoint(breakpoints: list[tuple[int, str]], cells: int) -> str:
    return max(found for found in breakpoints if found[0] <= cells)[1]
