"""Suggestions for the focused field: the list in the lower pane, the highlight in it, and facts about the texts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from fttui.core.job_data import FILES
from fttui.text import size_words
from fttui.ui.create_form.choices import ChoicesPane
from fttui.ui.create_form.form import CreateForm
from fttui.ui.create_form.hold_out_action import HoldOutAction
from fttui.ui.create_form.model_settings import ModelSettings
from fttui.ui.create_form.suggestions import PROVIDED, Known, Suggestion, Suggestions
from fttui.ui.create_form.view import FormView
from fttui.ui.render.detail_lines import file_words
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.workers import start_worker

if TYPE_CHECKING:
    from fttui.store.port import FormPort

SHOW_READING = 0.3
"""Seconds until a list that is still being fetched is announced."""
_PATHS = ("/", "~", "./", "../")
"""Starts of the path of a model, which the embedded service takes."""
_NOTHING = {
    "model": "No models. Type a name.",
    "training_file": "No uploaded files. Type a path.",
    "validation_file": "No uploaded files. Type a path.",
    "grader": "No JSON files here. Type a path, or the JSON.",
}


class Completer:
    """Shows the suggestions for the focused field, and puts the chosen one into it."""

    def __init__(
        self,
        view: FormView,
        choices: ChoicesPane,
        form: CreateForm,
        suggestions: Suggestions,
        store: FormPort,
        service: ServiceInfo,
        now: Callable[[], float],
        hold_out: HoldOutAction,
    ) -> None:
        self._view = view
        self._choices = choices
        self._form = form
        self._suggestions = suggestions
        self._store = store
        self._service = service
        self._now = now
        self._hold_out = hold_out
        self._settings = ModelSettings(view, store, self._settings_changed, is_local=service.is_local)
        suggestions.settings = lambda text: self._settings.known.suggestions(text)
        form.settings_error = lambda text: self._settings.known.error(text)
        self._offer: Suggestion | None = None
        self._all_of = ""
        """Field whose text does not narrow its list, because it was there before the field got the focus."""
        self._has_waited = False

    def start(self, learned: Callable[[], None]) -> None:
        """Fetch models and files in a worker.

        Args:
            learned: called when they are known.
        """
        self.show_facts()
        start_worker(self._view, partial(self._learn, learned), group="known")
        self._view.set_timer(SHOW_READING, self._announce)

    async def _learn(self, learned: Callable[[], None]) -> None:
        models, files = await asyncio.gather(self._store.models(), self._store.files())
        jobs = self._store.newest_jobs()
        service = self._service
        self._suggestions.learn(
            Known(models, files, jobs, self._store.best_losses(), self._now(), service.profile, service.is_local)
        )
        self.show_facts()
        self._settings.follow()
        if self._choices.highlighted is None:
            self.show()
        learned()

    def connection_changed(self) -> None:
        """Ask again for what could not be fetched."""
        self._settings.follow()

    def _settings_changed(self) -> None:
        """Follow that the settings of the model's trainer are known, or those of another one."""
        self.show_facts()
        entry = self._view.focused_entry
        if entry is not None and entry.id in ("more", "model"):
            self._show_unless_highlighted()

    def _announce(self) -> None:
        self._has_waited = True
        if not self._suggestions.has_learned:
            self.show()

    # The list

    def focused(self) -> None:
        """Show all suggestions for a field that has just got the focus."""
        entry = self._view.focused_entry
        if entry is None or entry.id is None:
            return
        self._all_of = entry.id
        self.show()
        self._read_directory(entry.id, "")

    def typed(self, name: str) -> None:
        """Follow a change of a field's text."""
        if name == "model":
            self._settings.follow()
        self._show_fact(name)
        entry = self._view.focused_entry
        if entry is not None and entry.id == name:
            self._all_of = ""
            self.show()
            self._read_directory(name, entry.value)

    def _read_directory(self, name: str, text: str) -> None:
        async def read() -> None:
            while not await self._suggestions.look(name, text):
                pass
            entry = self._view.focused_entry
            if entry is not None and entry.id == name and self._text(name) == text:
                self._show_unless_highlighted()

        start_worker(self._view, read, group="look", exclusive=True)

    def _text(self, name: str) -> str:
        """Return the text that narrows the list of a field."""
        return "" if name == self._all_of else self._view.entry(name).value

    def show_offer(self) -> None:
        """Show the list again when the check of the data has changed what is offered."""
        entry = self._view.focused_entry
        if entry is not None and entry.id and (self._hold_out.offer(entry.id) is None) != (self._offer is None):
            self._show_unless_highlighted()

    def _show_unless_highlighted(self) -> None:
        if self._choices.highlighted is None:
            self.show()

    def show(self) -> None:
        """Show the suggestions for the focused field; without a list, its help."""
        entry = self._view.focused_entry
        if entry is None or entry.id is None:
            return
        name, text = entry.id, self._text(entry.id)
        self._offer = self._hold_out.offer(name)
        if not self._suggestions.has_list(name):
            self._choices.show_page(name)
        else:
            found, total = self._suggestions.of(name, text), len(self._suggestions.of(name, ""))
            if self._offer is not None:
                found, total = [self._offer, *found], total + 1
            fault = self._store.list_fault("models" if name == "model" else "files") if name in PROVIDED else ""
            if fault and all(each.is_path for each in found):
                kind, what = ("models", "name") if name == "model" else ("files", "id or a path")
                self._choices.show_text(name, [f"! {kind}: {fault}. Type the {what}."], "warn")
            elif found:
                trainer = self._settings.known.trainer
                label = f"settings of {trainer}" if name == "more" and trainer else ""
                self._choices.show_list(name, found, max(total, len(found)), label)
            else:
                self._choices.show_text(name, [self._nothing(name, text)])
        self._view.lower.show_titles()

    def _nothing(self, name: str, text: str) -> str:
        if name == "more":
            known = self._settings.known
            if known.settings:
                return "No further setting matches. The text is used as typed."
            who = f"The trainer {known.trainer}" if known.trainer else "This provider"
            return f"{who} does not list its settings; they are sent as typed."
        if text and self._suggestions.has_learned:
            return f'Nothing matches "{text}". The text is used as typed.'
        if name in ("model", *FILES) and not self._suggestions.has_learned:
            return f"reading {'models' if name == 'model' else 'files'}..." if self._has_waited else ""
        return _NOTHING.get(name, "")

    def show_help(self) -> None:
        """Show the help of the focused field in the place of its list; then the rest of the help, then the list."""
        entry = self._view.focused_entry
        if entry is None or entry.id is None:
            return
        if self._choices.is_page and self._choices.show_rest():
            return
        if self._choices.is_page and self._suggestions.has_list(entry.id):
            self.show()
        else:
            self._choices.show_page(entry.id)
            self._view.lower.show_titles()

    def close_help(self) -> bool:
        """Show the list in the place of the help that was opened. Return False where there is none to close."""
        entry = self._view.focused_entry
        if not self._choices.is_page or entry is None or not entry.id or not self._suggestions.has_list(entry.id):
            return False
        self.show()
        return True

    # The highlight

    async def walk(self, by: int) -> bool:
        """Move the highlight. Return False when the key moves between fields instead."""
        entry = self._view.focused_entry
        if entry is None or entry.id is None or entry.locked or not self._suggestions.has_list(entry.id):
            return False
        at = self._choices.highlighted
        if at is None:
            if by < 0:
                return False
            await self._suggestions.look(entry.id, self._text(entry.id))
            self.show()
        if not self._choices.found:
            return False
        to = by - 1 if at is None else at + by
        self._choices.highlight(None if to < 0 else min(to, len(self._choices.found) - 1))
        return True

    @property
    def is_highlighted(self) -> bool:
        return self._choices.highlighted is not None

    def drop_highlight(self) -> None:
        """Return from the list to the typed text."""
        self._choices.highlight(None)

    def click(self) -> None:
        """Take the suggestion that was clicked."""
        if self._choices.cursor is not None and not self._choices.is_page:
            self._choices.highlight(self._choices.keys.index(self._choices.cursor))
            self.take()

    def take(self) -> bool:
        """Put the highlighted suggestion into the field. Return False for a directory, which is opened."""
        at, entry = self._choices.highlighted, self._view.focused_entry
        if at is None or entry is None or entry.locked:
            return True
        each = self._choices.found[at]
        self._choices.highlight(None)
        if each is self._offer:
            self._hold_out.start()
            return False
        entry.put(each.text)
        self._all_of = ""
        return not each.is_directory and not each.is_open

    # Facts

    def show_facts(self) -> None:
        """Show the source of the model, and names and sizes of uploaded files, beside them."""
        for name in ("model", *FILES, "more"):
            self._show_fact(name)

    def _show_fact(self, name: str) -> None:
        if name not in ("model", *FILES, "more"):
            return
        self._form.state_facts({name: self._fact(name, self._view.entry(name).value.strip())})
        self._view.show_notes([name])

    def _fact(self, name: str, text: str) -> str:
        if name == "more":
            number = len(self._settings.known.settings)
            return f"{number} this trainer knows" if number else ""
        known = self._suggestions.exact(name, text)
        if name == "model":
            return known.source if known is not None else self._unlisted(text)
        file = self._store.file(text)
        if file is not None:
            return file_words(file)
        return ", ".join(filter(None, (known.shown, known.kind))) if known is not None else ""

    def _unlisted(self, model: str) -> str:
        """Return the fact about a model that the service does not list, but takes."""
        found = self._settings.model(model)
        if found is None or found.source != "hub":
            return ""
        if found.size is None:
            return "not cached: it is downloaded first"
        return f"not cached: downloads about {size_words(found.size)}"

    def missing_model(self, model: str) -> str:
        """Return advice about a model that the service does not list; empty when it may be right."""
        if self._settings.model(model) is not None or (self._service.is_local and model.startswith(_PATHS)):
            return ""
        if not model or not self._suggestions.models or model in self._suggestions.models:
            return ""
        near = self._suggestions.nearest(model)
        return f"{self._service.profile} does not list it." + (f" Did you mean {near}?" if near else "")
