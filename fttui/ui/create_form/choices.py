"""Pane of the create form with the suggestions for the focused field, or the field's page of help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fttui.models.hyperparameters import Range
from fttui.text import fit, pad, width, wrap
from fttui.ui.create_form.fields import BY_NAME, page_of
from fttui.ui.create_form.suggestions import PATHS, Suggestion
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span
from fttui.ui.widgets.line_list import LineList

_WIDE = 72
"""Cells from which the end of a file's id is shown."""
_WIDEST = 24
"""Cells of a column beside a sentence."""
_LEAST_ABOUT = 12
"""Cells of a sentence before it is left out."""
_LEAST = 20
"""Cells of a name before other columns are left out."""


class ChoicesPane(LineList):
    """Suggestions, one row each. No row is highlighted until the user moves into the list."""

    label = "Choices"

    def __init__(self, glyphs: Glyphs, ranges: Mapping[str, Range]) -> None:
        super().__init__(id="choices")
        self._glyphs = glyphs
        self._ranges = ranges
        self._field = self._label = ""
        self._found: Sequence[Suggestion] = ()
        self._total = 0
        self._texts: list[str] = []
        """Paragraphs shown in the place of a list."""
        self._role = "dim"
        self._lines: list[str] = []
        self._wrapped_for = 0
        self.highlighted: int | None = None

    @property
    def state(self) -> str:
        """Text at the end of the title: the field, and the number of suggestions."""
        if not self._field:
            return ""
        label = self._label or BY_NAME[self._field].label
        if self._texts or not self._found:
            return label
        return f"{label} {self._glyphs.dot} {len(self._found):,} of {self._total:,}"

    @property
    def found(self) -> Sequence[Suggestion]:
        """Suggestions shown."""
        return self._found

    @property
    def is_page(self) -> bool:
        """The help of a field is shown."""
        return self._texts == page_of(self._field, self._ranges) if self._field else False

    def show_list(self, name: str, found: Sequence[Suggestion], total: int, label: str = "") -> None:
        """Show suggestions of a field, none of them highlighted.

        Args:
            total: number of suggestions for an empty text.
            label: name of the list; empty for that of the field.
        """
        self._label = label
        self._field, self._found, self._total, self._texts = name, found, total, []
        self.highlighted = None
        self._keys, self._cursor = [each.text for each in found], 0
        self.scroll_to_line(0)
        self.lines_changed()

    def show_page(self, name: str) -> None:
        """Show the help of a field."""
        self.show_text(name, page_of(name, self._ranges), "")

    def show_rest(self) -> bool:
        """Scroll to the part of the help that does not fit. Return False when its end is shown."""
        top = self.scroll_offset.y
        if top + self.page_height >= self.line_count():
            return False
        self.scroll_to_line(top + self.page_height)
        return True

    def show_text(self, name: str, paragraphs: list[str], role: str = "dim") -> None:
        """Show paragraphs in the place of suggestions."""
        self._field, self._found, self._texts, self._role, self._label = name, (), paragraphs, role, ""
        self.highlighted, self._wrapped_for = None, 0
        self.refit()
        self.scroll_to_line(0)

    def highlight(self, index: int | None) -> None:
        """Highlight a suggestion, or none."""
        before, self.highlighted = self.highlighted, index
        if index is not None:
            self.move_to(index)
        self.redraw(*(at for at in (before, index) if at is not None))

    # Lines

    def on_resize(self) -> None:
        self.refit()

    def refit(self) -> None:
        """Wrap paragraphs at the present width."""
        if self.size.width != self._wrapped_for:
            self._wrapped_for = self.size.width
            self._lines = [line for text in self._texts for line in wrap(text, max(20, self._wrapped_for - 2))]
        self.lines_changed()

    def line_count(self) -> int:
        return len(self._lines) if self._texts else len(self._found)

    def line_at(self, index: int) -> Line:
        if self._texts:
            return [(f" {self._lines[index]}", self._role)]
        return choice_line(self._found, index, self.scrollable_content_region.width, self._glyphs, self._field)

    def is_cursor(self, index: int) -> bool:
        return index == self.highlighted


def choice_line(found: Sequence[Suggestion], index: int, cells: int, glyphs: Glyphs, field: str) -> Line:
    """Return one suggestion as a row: name, kind or size, source, end of the id.

    The columns are as wide as the widest of their texts. Columns that leave no room for the name are left out.
    """
    each = found[index]
    if any(one.about for one in found):
        return _about_line(found, index, cells, glyphs)
    names = ("kind", "source", "id") if cells >= _WIDE else ("kind", "source")
    columns = [(getattr(each, name), max(width(getattr(one, name)) for one in found)) for name in names]
    room = cells - 2
    kept: list[tuple[str, int]] = []
    for text, most in columns:
        if most and room - most - 2 >= _LEAST:
            kept.append((text, most))
            room -= most + 2
    spans: list[Span] = [(f" {pad(_middle_cut(each.shown, room, glyphs), room)}", "")]
    for at, (text, most) in enumerate(kept):
        is_size = at == 0 and field in PATHS
        spans.append((f"  {pad(fit(text, most), most, right=is_size)}", "dim"))
    return spans


def _about_line(found: Sequence[Suggestion], index: int, cells: int, glyphs: Glyphs) -> Line:
    """Return a row whose last column is a sentence, which takes the rest: name, default, range, help."""
    each = found[index]
    spans: list[Span] = []
    room = cells - 1
    for name, role in (("shown", ""), ("kind", "dim"), ("source", "dim")):
        most = min(_WIDEST, max(width(getattr(one, name)) for one in found))
        if most and (not spans or room - most - 2 >= 0):
            spans.append((f"{'  ' if spans else ' '}{pad(getattr(each, name), most, ellipsis=glyphs.cut)}", role))
            room -= most + (2 if len(spans) > 1 else 1)
    if room > _LEAST_ABOUT:
        spans.append((f"  {fit(each.about, room - 2, ellipsis=glyphs.cut)}", "dim"))
    return spans


def _middle_cut(text: str, cells: int, glyphs: Glyphs) -> str:
    """Cut a name that is too long before its end, which distinguishes paths and models."""
    if width(text) <= cells:
        return text
    tail = text[-(cells * 2 // 3) :]
    return fit(text, max(1, cells - width(tail)), ellipsis=glyphs.cut) + tail
