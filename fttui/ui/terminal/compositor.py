"""Frames that render only the widgets that changed.

Textual surrounds all changes of a frame with one rectangle and renders every widget that this rectangle meets. A cursor
that moves in the list changes lines in opposite corners of the screen, so that would be every widget at each key.

The structure of Textual's compositor is private. The first frame that cannot be composed this way switches to
Textual's own way for the rest of the session. `FTTUI_DIFF=0` does so from the start.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

_Piece = tuple[int, int, int]
"""A row of the screen, and the columns that a widget shows there: the first, and the one after the last."""


class ChangesCompositor(Compositor):
    """Compositor of a screen that renders the changed lines of the widgets that show them."""

    works = os.environ.get("FTTUI_DIFF") != "0"
    """Textual has the expected structure."""

    def render_partial_update(self) -> ChopsUpdate | None:
        if ChangesCompositor.works and self._dirty_regions:
            try:
                update = self._compose(self._dirty_regions)
            except Exception:
                ChangesCompositor.works = False
            else:
                self._dirty_regions.clear()
                return update
        return super().render_partial_update()

    def _compose(self, changed: Iterable[Region]) -> ChopsUpdate | None:
        screen = self.size.region
        regions = [region.intersection(screen) for region in changed]
        rows: dict[int, dict[int, Strip]] = {}
        for widget, whole, pieces in self._shown(self._regions_to_spans(filter(None, regions))):
            top, bottom = pieces[0][0], pieces[-1][0] + 1
            first, last = min(left for _, left, _ in pieces), max(right for _, _, right in pieces)
            # Lines between the changed ones are cached.
            lines = widget.render_lines(Region(first - whole.x, top - whole.y, last - first, bottom - top))
            for y, left, right in pieces:
                strip = lines[y - top]
                if (left, right) != (first, last):
                    strip = strip.crop(left - first, right - first)
                rows.setdefault(y, {})[left] = strip
        if not rows:
            return None
        chops: list[dict[int, Strip | None]] = [{} for _ in range(screen.height)]
        ends: list[list[int]] = [[] for _ in range(screen.height)]
        spans = []
        for y, strips in sorted(rows.items()):
            chops[y].update(sorted(strips.items()))
            ends[y] = [left + strip.cell_length for left, strip in chops[y].items() if strip is not None]
            spans += [(y, left, right) for left, right in zip(chops[y], ends[y], strict=True)]
        return ChopsUpdate(chops, spans, ends)

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
