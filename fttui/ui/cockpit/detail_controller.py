"""Commands of the detail pane: search, JSON and export."""

from __future__ import annotations

from fttui.ui.cockpit.exporter import Exportable, Exporter
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import Part
from fttui.ui.cockpit.pane_controller import ControllerContext, PaneController
from fttui.ui.cockpit.pane_export import job_json
from fttui.ui.cockpit.search import Search
from fttui.ui.panes.detail import DetailView


class DetailController(PaneController):
    """Controller of the detail pane."""

    def __init__(self, view: DetailView, context: ControllerContext, search: Search) -> None:
        super().__init__(view, context)
        self._detail = view
        self._search = search
        self._exporter = Exporter(
            context.prompt,
            Exportable("detail", ("json", "csv"), lambda: self._model.selected or "", self._export_content),
        )

    @property
    def handlers(self) -> Handlers:
        return {**super().handlers, **self._search.handlers, "export": self.export}

    @property
    def handlers_everywhere(self) -> Handlers:
        return {"detail.raw": self._toggle_json}

    def move(self, lines: int) -> None:
        self._detail.scroll_lines(lines)

    def open(self) -> None:
        if self._model.selected is not None:
            self._layout.go("log")

    def leave(self) -> None:
        """End the search, else go to the list."""
        if not self._search.clear():
            self._layout.go("jobs")

    def export(self, argument: str = "") -> None:
        self._exporter.run(argument)

    def _toggle_json(self) -> None:
        self._model.shows_json = not self._model.shows_json
        self._layout.go("detail")
        self._presenter.draw(Part.DETAIL_TOP)

    def _export_content(self, format: str) -> str:
        from fttui.models.metric import points_csv

        store, job = self._model.store, self._model.job
        if format == "csv":
            return points_csv(store.points(self._model.selected or "") if store is not None else [])
        return job_json(job.sent if job is not None else None)
