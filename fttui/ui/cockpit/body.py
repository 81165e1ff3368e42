"""Body of the main screen: the panes at the places that `PaneLayout` gives them, and the line between columns."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import Layout, WidgetPlacement
from textual.strip import Strip
from textual.widget import Widget

from fttui.ui.cockpit.layout import PaneLayout
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.widgets.line_view import strip_of

NO_MARGIN = Spacing()


class Divider(Widget):
    """Vertical line between two columns."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="divider")
        self._glyphs = glyphs

    def render_line(self, y: int) -> Strip:
        return strip_of(self, [(self._glyphs.bar, "rule")], self.size.width)


class _PlaceLayout(Layout):
    """Layout that puts each pane at its place and leaves out the hidden panes."""

    name = "places"

    def __init__(self, panes: PaneLayout) -> None:
        self._panes = panes

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> list[WidgetPlacement]:
        # Here, not on resize: the layout comes before that event.
        self._panes.resize(*parent.app.size, rows=size.height)
        places = self._panes.places
        regions = {
            f"{self._panes.front(place)}-pane": Region(place.x, place.y, place.width, place.height) for place in places
        }
        if (x := max(place.x for place in places)) > 0:
            regions["divider"] = Region(x - 1, 0, 1, size.height)
        return [
            WidgetPlacement(regions[child.id], NULL_OFFSET, NO_MARGIN, child)
            for child in children
            if child.id in regions
        ]


class Body(Widget):
    """Container of the panes."""

    DEFAULT_CSS = "Body { height: 1fr; width: 1fr; }"

    def __init__(self, layout: PaneLayout, panes: Iterable[Widget], glyphs: Glyphs) -> None:
        super().__init__(id="body")
        self._own_layout = _PlaceLayout(layout)
        self._panes = layout
        self._children = (*panes, Divider(glyphs))
        self._arranged: object = None

    @property
    def layout(self) -> Layout:
        return self._own_layout

    def compose(self) -> ComposeResult:
        yield from self._children

    def arrange_panes(self) -> bool:
        """Move the panes to their places. Return False when all are there already."""
        shown = [(place, self._panes.front(place)) for place in self._panes.places]
        if shown == self._arranged:
            return False
        self._arranged = shown
        self._clear_arrangement_cache()  # Textual expects that children and size alone decide
        self.refresh(layout=True)
        return True
