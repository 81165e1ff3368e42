"""The part of the form that tells what a field takes, and what its text may become."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from textual.worker import WorkType

from fttui.text import fit, width
from fttui.ui.create_form.fields import LABEL, Fields
from fttui.ui.create_form.form import FIELDS
from fttui.ui.create_form.precheck import FILES
from fttui.ui.create_form.suggestions import Offer, listed
from fttui.ui.render.detail_lines import file_words
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.widgets.entry import Entry

if TYPE_CHECKING:
    from fttui.store.port import StorePort


class Walk(NamedTuple):
    """A walk through what a field may become."""

    name: str
    typed: str
    """What stood in the field before."""
    offers: list[Offer]
    at: int
    """Which of them stands there now; -1 for what was typed."""

    @property
    def text(self) -> str:
        return self.offers[self.at].text if self.at >= 0 else self.typed


_HINTS = {field.name: (f"{field.label}: {field.hint}", field.hint) for field in FIELDS}


class Completing(Fields):
    """A ghost and → for what a text becomes, a line that lists the rest, and ctrl+n to walk through it."""

    def __init__(self, store: StorePort, values: dict[str, str], glyphs: Glyphs, now: Callable[[], float]) -> None:
        super().__init__(values, glyphs)
        self._store = store
        self._now = now
        self._walked = Walk("", "", [], -1)

    def _begin(self) -> None:
        super()._begin()
        for name in FILES:
            self._show_name(name)
        self.run_worker(self._learn(), group="known", exit_on_error=False)

    async def _learn(self) -> None:
        """What the provider has, to be suggested."""
        models, files = await asyncio.gather(self._store.models(), self._store.files())
        self._offers.learn([model.id for model in models], files, self._now())
        self._show_hint()
        for name in FILES:
            self._show_name(name)
        self._learnt()

    def _learnt(self) -> None:
        """What the provider has is known."""

    async def action_walk(self, by: int) -> None:
        """Put the next thing that the focused field may become there, as the hint lists them; after the last one, what
        was typed."""
        entry = self.focused
        if not isinstance(entry, Entry) or entry.id is None or entry.locked:
            return
        walk = self._walked
        if not self._is_walking(entry):
            await self._offers.look(entry.id, typed := entry.value)
            offers = self._offers.of(entry.id, typed) or self._offers.all(entry.id)
            texts = [offer.text for offer in offers]
            walk = Walk(entry.id, typed, offers, texts.index(typed) if typed in texts else -1)
        if walk.offers:
            self._walked = walk = walk._replace(at=(walk.at + 1 + by) % (len(walk.offers) + 1) - 1)
            entry.put(walk.text)
            self._show_hint()

    def _is_walking(self, entry: Entry) -> bool:
        return entry.id == self._walked.name and entry.value == self._walked.text

    def _typed(self, name: str) -> None:
        super()._typed(name)
        if name in FILES:
            self._show_name(name)
        entry = self.focused
        if entry is not None and entry.id == name:
            self._show_hint()
            self._look_behind(name, self._entry(name).value)

    def _look_behind(self, name: str, text: str) -> None:
        """Offer what stands in a directory once it is read."""

        async def look() -> None:
            while not await self._offers.look(name, text):
                pass
            if self._entry(name).value == text:
                self._show_hint()

        # The function, not its coroutine: one that is replaced before it begins would be a fault.
        work: WorkType[None] = look
        self.run_worker(work, group="look", exclusive=True, exit_on_error=False)

    def _entered(self) -> None:
        super()._entered()
        self._show_hint()

    def _fit(self) -> None:
        super()._fit()
        for name in FILES:
            self._show_name(name)
        self._show_hint()

    def _show_hint(self) -> None:
        """What the focused field takes; while one is typing, what that may become."""
        entry = self.focused
        if not isinstance(entry, Entry) or entry.id is None:
            return
        cells = max(20, self._row("form-hint").size.width - 1)
        offers, at = self._walked.offers, self._walked.at
        if not self._is_walking(entry):
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
