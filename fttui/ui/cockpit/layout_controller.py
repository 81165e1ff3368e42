"""Commands that change the arrangement of the panes: active pane, tab, zoom and split."""

from __future__ import annotations

from collections.abc import Callable

from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.layout import PaneLayout
from fttui.ui.cockpit.list_view import ListView
from fttui.ui.cockpit.model import Part
from fttui.ui.cockpit.presenter import Presenter
from fttui.ui.widgets.prompt import PromptRow


class LayoutController:
    """Changes the layout and draws it."""

    def __init__(
        self,
        panes: PaneLayout,
        view: ListView,
        presenter: Presenter,
        prompt: PromptRow,
        entered: Callable[[str], None],
    ) -> None:
        """
        Args:
            entered: called with the name of a pane that has come to the front.
        """
        self._panes = panes
        self._view = view
        self._presenter = presenter
        self._prompt = prompt
        self._entered = entered

    @property
    def handlers(self) -> Handlers:
        return {
            "pane.next": lambda: self.go(self._panes.next_pane(1)),
            "pane.previous": lambda: self.go(self._panes.next_pane(-1)),
            "tab.next": lambda: self._turn_tab(1),
            "tab.previous": lambda: self._turn_tab(-1),
            "zoom": self._toggle_zoom,
            "layout.smaller": lambda: self._resize_list(-1),
            "layout.larger": lambda: self._resize_list(1),
            "layout.reset": lambda: self._resize_list(0),
        }

    def go(self, pane: str) -> None:
        """Make a pane active."""
        changed = self._panes.activate(pane)
        self._presenter.draw(Part.LAYOUT | Part.TITLES)
        if changed:
            self._entered(pane)

    def show(self, pane: str) -> None:
        """Make sure that a pane is on the screen; the list stays active. A zoomed pane stays zoomed."""
        if self._panes.is_visible(pane) or self._panes.is_zoomed:
            return
        self._panes.show_tab(pane)
        if self._panes.active != "jobs":
            self._panes.activate(pane)
        self._presenter.draw(Part.LAYOUT)

    def is_visible(self, pane: str) -> bool:
        return self._panes.is_visible(pane)

    def unzoom(self) -> bool:
        """Show all panes again. Return False when none is zoomed."""
        if not self._panes.is_zoomed:
            return False
        self._toggle_zoom()
        return True

    @property
    def is_layer_open(self) -> bool:
        """A zoomed pane, or a pane that hides the list, can be closed before the application exits."""
        return self._panes.is_zoomed or not self._panes.is_visible("jobs")

    def _toggle_zoom(self) -> None:
        self._view.change(zoom=not self._panes.is_zoomed)
        self._presenter.draw(Part.LAYOUT)

    def _turn_tab(self, step: int) -> None:
        tab = self._panes.next_tab(step)
        if self._panes.active != "jobs" or not self._panes.is_split:
            self.go(tab)
            return
        self._panes.show_tab(tab)  # the list stays active where it stays visible
        self._presenter.draw(Part.LAYOUT | Part.TITLES)
        self._entered(tab)

    def _resize_list(self, steps: int) -> None:
        if self._panes.resize_list(steps):
            self._presenter.draw(Part.LAYOUT)
        else:
            self._prompt.show_message("Only one pane fits a terminal of this size.", "dim")
