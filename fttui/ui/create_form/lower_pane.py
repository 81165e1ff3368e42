"""Lower pane of the create form: its parts with titles, as tabs or beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widget import Widget

from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Span, rule_line
from fttui.ui.widgets.line_view import TextRow

WIDE = 120
"""Cells of a screen from which the pane is at the right of the fields."""
BROAD = 180
"""Cells of a screen from which all parts are beside each other."""


class Pane(Protocol):
    """A part of the lower pane. Each one is a widget."""

    label: str

    @property
    def state(self) -> str:
        """Text at the right end of the title."""

    def refit(self) -> None:
        """Follow a change of the size."""


class KeyPane(Pane, Protocol):
    """A part that may have the keys."""

    hints: tuple[str, ...]
    """Keys for the footer, the longest text first."""

    @property
    def is_offered(self) -> bool:
        """The part has something to show."""

    def set_active(self, is_active: bool) -> None:
        """Follow that the part gets or loses the keys."""

    def press(self, key: str, character: str | None) -> bool:
        """Handle a key. Return False when the part does not use it."""


class LowerPane(Container):
    """Shows the suggestions; `f2` gives the keys to one of the other parts."""

    def __init__(self, choices: Pane, parts: Sequence[KeyPane], glyphs: Glyphs) -> None:
        super().__init__(id="form-lower")
        self._glyphs = glyphs
        self._choices = choices
        self._parts = parts
        self._chosen = 0
        """Part that has the keys, or had them last."""
        self.has_keys = False
        self._cells = 0

    def compose(self) -> ComposeResult:
        yield from self._slot(self._choices)
        with Horizontal(id="form-parts"):
            for part in self._parts:
                yield from self._slot(part)

    def _slot(self, pane: Pane) -> ComposeResult:
        with Vertical(id=f"slot-{pane.label.lower()}", classes="slot"):
            yield TextRow(id=f"title-{pane.label.lower()}")
            assert isinstance(pane, Widget)
            yield pane

    @property
    def part(self) -> KeyPane | None:
        """Part with the keys."""
        return self._parts[self._chosen] if self.has_keys else None

    @property
    def can_take_keys(self) -> bool:
        """One of the parts has something to show."""
        return any(part.is_offered for part in self._parts)

    def choose_first(self) -> None:
        """Make the first part the one that gets the keys."""
        if not self.has_keys:
            self._chosen = 0

    def take_keys(self) -> None:
        """Give the keys to the part that had them last, or to one that has something to show."""
        if not self._parts[self._chosen].is_offered:
            self._chosen = next(at for at, part in enumerate(self._parts) if part.is_offered)
        self.has_keys = True
        self._parts[self._chosen].set_active(True)
        self.lay_out(self._cells)

    def release_keys(self) -> None:
        """Give the keys back to the fields."""
        self.has_keys = False
        self._parts[self._chosen].set_active(False)
        self.lay_out(self._cells)

    def step(self, by: int) -> bool:
        """Give the keys to the next part. Return False at the ends."""
        at = self._chosen + by
        if not 0 <= at < len(self._parts) or not self._parts[at].is_offered:
            return False
        self._parts[self._chosen].set_active(False)
        self._chosen = at
        self._parts[at].set_active(True)
        self.lay_out(self._cells)
        return True

    def lay_out(self, cells: int) -> None:
        """Show the parts that fit on a screen of `cells` columns.

        That is one of them with the others as tabs. On a wide screen it is the suggestions above one part, on a very
        wide one above all parts.
        """
        self._cells = cells
        offered = [part for part in self._parts if part.is_offered]
        chosen = self._parts[self._chosen] if self._parts[self._chosen].is_offered or self.has_keys else None
        for part in self._parts:
            is_shown = part is chosen and (self.has_keys or self._is_wide)
            self._slot_of(part).display = part in offered if self._is_broad else is_shown
        self._slot_of(self._choices).display = self._is_wide or not self.has_keys
        self.query_one("#form-parts").display = any(self._slot_of(part).display for part in self._parts)
        self.show_titles()

    def _slot_of(self, pane: Pane) -> Widget:
        return self.query_one(f"#slot-{pane.label.lower()}")

    @property
    def _is_wide(self) -> bool:
        return self._cells >= WIDE

    @property
    def _is_broad(self) -> bool:
        return self._cells >= BROAD

    def show_titles(self) -> None:
        """Update the titles."""
        active: Pane = self._parts[self._chosen] if self.has_keys else self._choices
        everything: tuple[Pane, ...] = (self._choices, *self._parts)
        for pane in everything:
            named = everything
            if self._is_wide:
                named = (pane,) if pane is self._choices or self._is_broad else tuple(self._parts)
            title: list[Span] = []
            for one in named:
                if title:
                    title.append((f" {self._glyphs.rule} ", "rule"))
                role = "bold" if one is pane else "dim"
                title.append((f">{one.label}", "title") if one is active else (one.label, role))
            row = self.query_one(f"#title-{pane.label.lower()}", TextRow)
            row.fill(partial(rule_line, title=title, right=pane.state, glyphs=self._glyphs))

    def refit(self, cells: int) -> None:
        """Follow a change of the size of the screen."""
        self.lay_out(cells)
        for pane in (self._choices, *self._parts):
            pane.refit()
