"""Commands of the curve pane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fttui.ui.cockpit.curve_settings import CurveSettings
from fttui.ui.cockpit.exporter import Exportable, Exporter
from fttui.ui.cockpit.jobs_controller import JobsController
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import Part
from fttui.ui.cockpit.pane_controller import ControllerContext, PaneController
from fttui.ui.panes.curve import CurveView

if TYPE_CHECKING:
    from fttui.learning.run import Run


class CurveController(PaneController):
    """Controller of the curve. Its commands work in every pane and bring the curve into view."""

    def __init__(self, view: CurveView, context: ControllerContext, jobs: JobsController) -> None:
        super().__init__(view, context)
        self._jobs = jobs
        self._settings = CurveSettings(context.model, self._runs, self._changed)
        self._exporter = Exporter(
            context.prompt, Exportable("curve", ("csv",), lambda: self._model.selected or "", self._export_content)
        )

    @property
    def handlers(self) -> Handlers:
        return {**super().handlers, "filter.text": self._jobs.filter_prompt.open, "export": self.export}

    @property
    def handlers_everywhere(self) -> Handlers:
        return self._settings.handlers

    def move(self, lines: int) -> None:
        """Show the curve of another job."""
        self._jobs.move(lines)

    def open(self) -> None:
        if self._model.selected is not None:
            self._layout.go("detail")

    def leave(self) -> None:
        self._layout.go("jobs")

    def export(self, argument: str = "") -> None:
        self._exporter.run(argument)

    def _runs(self) -> Sequence[Run]:
        store, id = self._model.store, self._model.selected
        return [store.run(id)] if store is not None and id is not None else []

    def _changed(self, words: str) -> None:
        self._layout.show("curve")
        self._presenter.draw(Part.CURVE | Part.TITLES)
        self._prompt.show_message(words, "dim")

    def _export_content(self, format: str) -> str:
        from fttui.models.metric import points_csv

        store = self._model.store
        return points_csv(store.points(self._model.selected or "") if store is not None else [])
