"""Lower pane of the create form: its parts with titles, as tabs or beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widget import Widget

from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Span, rule_line
from fttui.ui.widgets.line_view import TextRow


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
        self._is_wide = False

    def compose(self) -> ComposeResult:
        for pane in (self._choices, *self._parts):
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

    def take_keys(self) -> None:
        """Give the keys to the part that had them last, or to one that has something to show."""
        if not self._parts[self._chosen].is_offered:
            self._chosen = next(at for at, part in enumerate(self._parts) if part.is_offered)
        self.has_keys = True
        self._parts[self._chosen].set_active(True)
        self.lay_out(self._is_wide)

    def release_keys(self) -> None:
        """Give the keys back to the fields."""
        self.has_keys = False
        self._parts[self._chosen].set_active(False)
        self.lay_out(self._is_wide)

    def step(self, by: int) -> bool:
        """Give the keys to the next part. Return False at the ends."""
        at = self._chosen + by
        if not 0 <= at < len(self._parts) or not self._parts[at].is_offered:
            return False
        self._parts[self._chosen].set_active(False)
        self._chosen = at
        self._parts[at].set_active(True)
        self.lay_out(self._is_wide)
        return True

    def lay_out(self, is_wide: bool) -> None:
        """Show the parts that fit: one with the others as tabs, or suggestions above a part on a wide screen."""
        self._is_wide = is_wide
        shown = self._parts[self._chosen] if self._parts else None
        below = shown if shown is not None and (shown.is_offered or self.has_keys) else None
        for pane in (self._choices, *self._parts):
            is_shown = pane is (below if self.has_keys else self._choices)
            if is_wide:
                is_shown = pane in (self._choices, below)
            self.query_one(f"#slot-{pane.label.lower()}").display = is_shown
        self.show_titles()

    def show_titles(self) -> None:
        """Update the titles."""
        active: Pane = self._parts[self._chosen] if self.has_keys else self._choices
        everything: tuple[Pane, ...] = (self._choices, *self._parts)
        for pane in everything:
            named = everything
            if self._is_wide:
                named = (pane,) if pane is self._choices else tuple(self._parts)
            title: list[Span] = []
            for one in named:
                if title:
                    title.append((f" {self._glyphs.rule} ", "rule"))
                role = "bold" if one is pane else "dim"
                title.append((f">{one.label}", "title") if one is active else (one.label, role))
            row = self.query_one(f"#title-{pane.label.lower()}", TextRow)
            row.fill(partial(rule_line, title=title, right=pane.state, glyphs=self._glyphs))

    def refit(self, is_wide: bool) -> None:
        """Follow a change of the size."""
        self.lay_out(is_wide)
        for pane in (self._choices, *self._parts):
            pane.refit()
