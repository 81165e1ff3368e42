"""Hints and completion: the hint row, `ctrl+n` and `ctrl+p`, and the names of files beside their ids."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from textual.worker import WorkType

from fttui.core.create_job import FILES
from fttui.text import fit, width
from fttui.ui.create_form.fields import FIELDS
from fttui.ui.create_form.form import CreateForm
from fttui.ui.create_form.suggestions import Suggestion, Suggestions, suggestion_line
from fttui.ui.create_form.view import LABEL, FormView
from fttui.ui.render.detail_lines import file_words
from fttui.ui.render.glyphs import Glyphs

if TYPE_CHECKING:
    from fttui.store.port import FormPort

_HINTS = {field.name: (f"{field.label}: {field.hint}", field.hint) for field in FIELDS}
"""Long and short hint by field."""


class _Walk(NamedTuple):
    """Position in the suggestions of a field while the user presses `ctrl+n`."""

    name: str
    typed: str
    """Text of the field before the first `ctrl+n`."""
    suggestions: list[Suggestion]
    at: int
    """Index of the suggestion in the field; -1 for the typed text."""

    @property
    def text(self) -> str:
        return self.suggestions[self.at].text if self.at >= 0 else self.typed


class Completer:
    """Completes the focused field from suggestions."""

    def __init__(
        self,
        view: FormView,
        form: CreateForm,
        suggestions: Suggestions,
        store: FormPort,
        glyphs: Glyphs,
        now: Callable[[], float],
    ) -> None:
        self._view = view
        self._form = form
        self._suggestions = suggestions
        self._store = store
        self._glyphs = glyphs
        self._now = now
        self._walk = _Walk("", "", [], -1)

    def start(self, learned: Callable[[], None]) -> None:
        """Fetch models and files in a worker.

        Args:
            learned: called when they are known.
        """
        self.show_names()
        self._view.run_worker(self._learn(learned), group="known", exit_on_error=False)

    async def _learn(self, learned: Callable[[], None]) -> None:
        models, files = await asyncio.gather(self._store.models(), self._store.files())
        self._suggestions.learn([model.id for model in models], files, self._now())
        self.refit()
        learned()

    async def walk(self, by: int) -> None:
        """Put the next suggestion into the focused field. The typed text follows after the last suggestion."""
        entry = self._view.focused_entry
        if entry is None or entry.id is None or entry.locked:
            return
        walk = self._walk
        if not self._is_walking(entry.id, entry.value):
            await self._suggestions.look(entry.id, typed := entry.value)
            found = self._suggestions.of(entry.id, typed) or self._suggestions.all(entry.id)
            texts = [suggestion.text for suggestion in found]
            walk = _Walk(entry.id, typed, found, texts.index(typed) if typed in texts else -1)
        if walk.suggestions:
            self._walk = walk = walk._replace(at=(walk.at + 1 + by) % (len(walk.suggestions) + 1) - 1)
            entry.put(walk.text)
            self.show_hint()

    def _is_walking(self, name: str, text: str) -> bool:
        return name == self._walk.name and text == self._walk.text

    def typed(self, name: str) -> None:
        """Follow a change of a field's text."""
        if name in FILES:
            self._show_name(name)
        entry = self._view.focused_entry
        if entry is not None and entry.id == name:
            self.show_hint()
            self._read_directory(name, entry.value)

    def _read_directory(self, name: str, text: str) -> None:
        async def read() -> None:
            while not await self._suggestions.look(name, text):
                pass
            if self._view.entry(name).value == text:
                self.show_hint()

        # The function and not its coroutine, which would warn when it is replaced before it starts.
        work: WorkType[None] = read
        self._view.run_worker(work, group="look", exclusive=True, exit_on_error=False)

    def refit(self) -> None:
        """Show hint and names at the present size of the terminal."""
        self.show_names()
        self.show_hint()

    def show_hint(self) -> None:
        """Show the hint of the focused field; while the user types, its suggestions."""
        entry = self._view.focused_entry
        if entry is None or entry.id is None:
            return
        row = self._view.hint
        cells = max(20, row.size.width - 1)
        suggestions, at = self._walk.suggestions, self._walk.at
        if not self._is_walking(entry.id, entry.value):
            is_typed = entry.value != self._form.initial(entry.id)
            suggestions, at = self._suggestions.of(entry.id, entry.value) if is_typed else [], -1
        if suggestions:
            row.show([(" ", ""), *suggestion_line(suggestions, at, cells, self._glyphs)])
            return
        hint = next((text for text in _HINTS[entry.id] if width(text) <= cells), _HINTS[entry.id][1])
        row.show([(f" {fit(hint, cells, ellipsis=self._glyphs.cut)}", "dim")])

    def show_names(self) -> None:
        """Show the name of each file at the provider beside its id."""
        for name in FILES:
            self._show_name(name)

    def _show_name(self, name: str) -> None:
        file = self._store.file(self._view.entry(name).value.strip())
        words = ""
        if file is not None:
            words = fit(file_words(file), max(8, self._view.cells - LABEL - 30), ellipsis=self._glyphs.cut)
        row = self._view.name_row(name)
        row.display = bool(words)
        row.styles.width = width(words) + 1
        row.show([(f" {words}", "dim")])
