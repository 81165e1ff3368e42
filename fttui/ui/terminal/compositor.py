"""Frames that render only the widgets that changed.

Textual surrounds all changes of a frame with one rectangle and renders every widget that this rectangle meets. A cursor
that moves in the list changes lines in opposite corners of the screen, so that would be every widget at each key. In a
frame of the whole screen Textual renders the widgets behind others too.

The structure of Textual's compositor is private. The first frame that cannot be composed this way switches to
Textual's own way for the rest of the session. `FTTUI_DIFF=0` does so from the start.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from fttui.ui.terminal import fallbacks

_Piece = tuple[int, int, int]
"""A row of the screen, and the columns that a widget shows there: the first, and the one after the last."""


class ChangesCompositor(Compositor):
    """Compositor of a screen that renders the changed lines of the widgets that show them."""

    works = os.environ.get("FTTUI_DIFF") != "0"
    """Textual has the expected structure."""

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        rows = self._rows([self.size.region]) if not simplify else None
        if rows is None or any(self._width(rows.get(y, {})) != self.size.width for y in range(self.size.height)):
            return super().render_full_update(simplify)
        self._dirty_regions.clear()
        return LayoutUpdate([rows[y].values() for y in range(self.size.height)], self.size.region)

    def render_partial_update(self) -> ChopsUpdate | None:
        rows = self._rows(self._dirty_regions) if self._dirty_regions else None
        if rows is None:
            return super().render_partial_update()
        self._dirty_regions.clear()
        if not rows:
            return None
        chops: list[dict[int, Strip | None]] = [{} for _ in range(self.size.height)]
        ends: list[list[int]] = [[] for _ in range(self.size.height)]
        spans = []
        for y, strips in sorted(rows.items()):
            chops[y].update(strips)
            ends[y] = [left + strip.cell_length for left, strip in strips.items()]
            spans += [(y, left, right) for left, right in zip(strips, ends[y], strict=True)]
        return ChopsUpdate(chops, spans, ends)

    @staticmethod
    def _width(row: dict[int, Strip]) -> int:
        return sum(strip.cell_length for strip in row.values())

    def _rows(self, changed: Iterable[Region]) -> dict[int, dict[int, Strip]] | None:
        """Render regions of the screen as strips by row and first column. None: Textual's structure is unknown."""
        if not ChangesCompositor.works:
            return None
        screen = self.size.region
        regions = [region.intersection(screen) for region in changed]
        try:
            shown = self._shown(self._regions_to_spans(filter(None, regions)))
        except fallbacks.STRUCTURAL as error:
            ChangesCompositor.works = False
            fallbacks.give_up("drawing only the changed widgets", error)
            return None
        rows: dict[int, dict[int, Strip]] = {}
        for widget, whole, pieces in shown:
            top, bottom = pieces[0][0], pieces[-1][0] + 1
            first, last = min(left for _, left, _ in pieces), max(right for _, _, right in pieces)
            # Lines between the changed ones are cached.
            lines = widget.render_lines(Region(first - whole.x, top - whole.y, last - first, bottom - top))
            for y, left, right in pieces:
                strip = lines[y - top]
                if (left, right) != (first, last):
                    strip = strip.crop(left - first, right - first)
                rows.setdefault(y, {})[left] = strip
        return {y: dict(sorted(strips.items())) for y, strips in rows.items()}

    def _shown(self, spans: Iterable[_Piece]) -> Iterable[tuple[Widget, Region, list[_Piece]]]:
        """Find the widgets that show these spans of rows, the region of each, and its pieces."""
        found: dict[Widget, tuple[Widget, Region, list[_Piece]]] = {}
        layers = self.layers_visible
        for y, *span in spans:
            hidden = [(span[0], span[1])]
            for widget, visible, whole in layers[y]:  # front to back
                first, after = visible.column_span
                behind = []
                for left, right in hidden:
                    start, end = max(left, first), min(right, after)
                    if start >= end:
                        behind.append((left, right))
                        continue
                    found.setdefault(widget, (widget, whole, []))[2].append((y, start, end))
                    behind += [(left, start)] * (left < start) + [(end, right)] * (end < right)
                hidden = behind
                if not hidden:
                    break
        return found.values()
