"""Settings that the trainer of the form's model takes: fetched when the model is named, and kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.timer import Timer

from fttui.ui.create_form.setting_choices import KnownSettings
from fttui.ui.workers import start_worker

if TYPE_CHECKING:
    from fttui.models.file import Model
    from fttui.store.port import FormPort
    from fttui.ui.create_form.view import FormView

PAUSE = 0.3
"""Seconds without a key before a model is asked for."""


class ModelSettings:
    """Follows the model of the form. Only the embedded service describes its trainers."""

    def __init__(self, view: FormView, store: FormPort, changed: Callable[[], None], *, is_local: bool) -> None:
        """
        Args:
            changed: called when the settings or the facts about the model have changed.
        """
        self._view = view
        self._store = store
        self._changed = changed
        self._is_local = is_local
        self._models: dict[str, Model | None] = {}
        """Models that were asked for, None for those that do not exist. A failed request leaves no entry."""
        self._timer: Timer | None = None
        self.known = KnownSettings()
        """Settings of the present model; none while they are not known."""

    def follow(self) -> None:
        """Ask for the model of the form, unless the answer is known, when no call follows within `PAUSE`."""
        if self._timer is not None:
            self._timer.stop()
        self._show()
        if self._is_local and self._model and self._model not in self._models:
            self._timer = self._view.set_timer(PAUSE, self._start)

    @property
    def _model(self) -> str:
        return self._view.entry("model").value.strip()

    def model(self, id: str) -> Model | None:
        """Return a model that was asked for and exists."""
        return self._models.get(id)

    def _start(self) -> None:
        start_worker(self._view, partial(self._ask, self._model), group="settings", exclusive=True)

    async def _ask(self, id: str) -> None:
        answer = await self._store.model(id)
        if answer.is_certain:
            self._models[id] = answer.model
        self._show(is_answer=True)

    def _show(self, *, is_answer: bool = False) -> None:
        model = self._models.get(self._model)
        found = KnownSettings() if model is None else KnownSettings(model.trainer, model.settings or {})
        if found != self.known or is_answer:
            self.known = found
            self._changed()
