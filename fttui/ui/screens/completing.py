"""The part of the form that tells what a field takes, and what its text may become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import ModalScreen

from fttui.store.snapshot import Outcome
from fttui.text import fit, width
from fttui.ui.form import FIELDS
from fttui.ui.glyphs import Glyphs
from fttui.ui.offers import Offer, Offers, listed
from fttui.ui.panes.detail import file_words
from fttui.ui.widgets.entry import Entry
from fttui.ui.widgets.line_view import TextRow

if TYPE_CHECKING:
    from fttui.store.merged import MergedStore
    from fttui.store.store import Store

    _Screen = ModalScreen[Outcome | None]
else:
    _Screen = object

LABEL = 18
"""Cells before a field."""
NOWHERE: tuple[str, list[Offer], int] = ("", [], -1)
_HINTS = {field.name: (f"{field.label}: {field.hint}", field.hint) for field in FIELDS}


class Completing(_Screen):
    """A ghost and → for what begins with the text, a line that lists the rest, and ctrl+n to walk through it."""

    _store: Store | MergedStore
    _values: dict[str, str]
    _glyphs: Glyphs
    _offers: Offers
    _walked = NOWHERE
    """What was typed before the walk through the offers of the focused field, those, and where it is."""

    if TYPE_CHECKING:

        def _row(self, id: str) -> TextRow: ...
        def _entry(self, name: str) -> Entry: ...
        @property
        def _cells(self) -> int: ...

    def _begins(self, name: str, text: str) -> str | None:
        return next((offer.text for offer in self._offers.of(name, text) if offer.text.startswith(text)), None)

    def _takes(self, name: str, text: str) -> str | None:
        return next((offer.text for offer in self._offers.of(name, text)), None)

    def action_walk(self, by: int) -> None:
        """Put the next thing that the focused field may become there; after the last one, what was typed."""
        entry = self.focused
        if not isinstance(entry, Entry) or entry.id is None or entry.locked:
            return
        typed, offers, at = self._walked
        if not offers or entry.value != (offers[at].text if at >= 0 else typed):
            typed = entry.value
            offers = self._offers.of(entry.id, typed) or self._offers.all(entry.id)
            texts = [offer.text for offer in offers]
            at = texts.index(typed) if typed in texts else -1
        if offers:
            at = (at + 1 + by) % (len(offers) + 1) - 1
            self._walked = (typed, offers, at)
            entry.put(offers[at].text if at >= 0 else typed)
            self._show_hint()

    def _show_hint(self) -> None:
        """What the focused field takes; while one is typing, what that may become."""
        entry = self.focused
        if not isinstance(entry, Entry) or entry.id is None:
            return
        cells = max(20, self._row("form-hint").size.width - 1)
        typed, offers, at = self._walked
        if not offers or entry.value != (offers[at].text if at >= 0 else typed):
            offers, at = self._offers.of(entry.id, entry.value), -1
            if entry.value == self._values.get(entry.id):
                offers = []
        if offers:
            self._row("form-hint").show([(" ", ""), *listed(offers, at, cells, self._glyphs)])
            return
        words = next((text for text in _HINTS[entry.id] if width(text) <= cells), _HINTS[entry.id][1])
        self._row("form-hint").show([(f" {fit(words, cells, ellipsis=self._glyphs.cut)}", "dim")])

    def _show_name(self, name: str) -> None:
        """Beside the id of a file its name: nobody knows ids."""
        file = self._store.file(self._entry(name).value.strip())
        words = (
            "" if file is None else fit(file_words(file), max(8, self._cells - LABEL - 30), ellipsis=self._glyphs.cut)
        )
        row = self._row(f"name-{name}")
        row.display = bool(words)
        row.styles.width = width(words) + 1
        row.show([(f" {words}", "dim")])
