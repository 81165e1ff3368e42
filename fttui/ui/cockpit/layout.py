"""Arrangement of the panes: the active pane, the tabs in front, and the places of the panes. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fttui.ui.cockpit.arrangement import CHART_BELOW, FRAME, LEAST_LIST, TABS, Needs, Place, Wish, layout_name, places
from fttui.ui.cockpit.list_view import ListView

PANES = ("jobs", *TABS)
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
        self.splits = dict(splits)
        self.needs = Needs()
        self._recent = [tab, *(other for other in TABS if other != tab)]
        """Tabs, the one that was in front last first. It decides where panes share a place."""
        self._size = (0, 0)
        self._rows = 0
        self._places: tuple[object, list[Place]] = (None, [])

    def resize(self, width: int, height: int, rows: int | None = None) -> None:
        """Set the size of the terminal in cells, and the rows between its first rows and its last ones."""
        self._size = (width, height)
        self._rows = height - FRAME if rows is None else rows

    @property
    def is_too_small(self) -> bool:
        return self._size[0] < SMALLEST[0] or self._size[1] < SMALLEST[1]

    @property
    def is_zoomed(self) -> bool:
        return self._view.current.zoom

    @property
    def name(self) -> str:
        """Layout at this size: a key of `splits`."""
        return layout_name(*self._size)

    @property
    def tab(self) -> str:
        """The tab that was in front last."""
        return self._recent[0]

    @property
    def places(self) -> list[Place]:
        """Places of the panes, the list first where it is shown."""
        wish = Wish(self.active, self.tab, self.splits.get(self.name, 0), self.is_zoomed)
        asked = (self.name, self._size[0], self._rows, wish, self.needs)
        if asked != self._places[0]:
            self._places = asked, places(self.name, self._size[0], self._rows, wish, self.needs)
        return self._places[1]

    def front(self, place: Place) -> str:
        """Return the pane that is shown at a place."""
        return min(place.panes, key=lambda pane: self._recent.index(pane) if pane in self._recent else 0)

    def place_of(self, pane: str) -> Place | None:
        """Return the place at which a pane is shown; None for a hidden pane."""
        return next((place for place in self.places if self.front(place) == pane), None)

    @property
    def visible(self) -> list[str]:
        """Panes on the screen, in the order of `PANES`."""
        return sorted(map(self.front, self.places), key=PANES.index)

    @property
    def is_split(self) -> bool:
        """Several panes are on the screen, whichever of them is active."""
        return self.name != "narrow" and not self.is_zoomed

    def is_visible(self, pane: str) -> bool:
        """Tell whether a pane is on the screen."""
        return self.place_of(pane) is not None

    def activate(self, pane: str) -> bool:
        """Send keys to a pane and bring it to the front. Return False when it was active already."""
        changed = pane != self.active
        self.active = pane
        if pane != "jobs":
            self.show_tab(pane)
        return changed

    def show_tab(self, tab: str) -> None:
        """Bring a pane to the front where panes share a place."""
        self._recent.remove(tab)
        self._recent.insert(0, tab)

    def next_pane(self, step: int) -> str:
        """Return the next visible pane; the next of all panes where one fills the screen."""
        panes = self.visible if self.is_split else PANES
        return panes[(panes.index(self.active) + step) % len(panes)]

    def next_tab(self, step: int) -> str:
        """Return the tab after the active pane; while the list is active, of the tabs that share a place."""
        if self.active != "jobs":
            return TABS[(TABS.index(self.active) + step) % len(TABS)]
        tabs = next((place.panes for place in self.places if len(place.panes) > 1), TABS)
        front = min(tabs, key=self._recent.index)
        return tabs[(tabs.index(front) + step) % len(tabs)]

    def resize_list(self, steps: int) -> bool:
        """Make the list larger or smaller in this layout; 0 restores the default. Return False without a split."""
        if self.name == "narrow" and (self.active != "jobs" or self._rows < LEAST_LIST + CHART_BELOW):
            return False
        wanted = self.splits.get(self.name, 0) + steps if steps else 0
        self.splits[self.name] = max(-MOST_STEPS, min(MOST_STEPS, wanted))
        return True
