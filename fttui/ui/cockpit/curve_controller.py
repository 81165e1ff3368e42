"""Commands of the curve: axis, range, smoothing and metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from fttui.ui.cockpit.exporter import Exportable, Exporter
from fttui.ui.cockpit.jobs_controller import JobsController
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import Part
from fttui.ui.cockpit.pane_controller import ControllerContext, PaneController
from fttui.ui.panes.curve import CurveView
from fttui.ui.render.curve_style import AXES, SMOOTHINGS

T = TypeVar("T")

AXIS_WORDS = {"step": "by step", "epoch": "by epoch", "time": "by time"}


class CurveController(PaneController):
    """Controller of the curve. Its commands work in every pane and bring the curve into view."""

    def __init__(self, view: CurveView, context: ControllerContext, jobs: JobsController) -> None:
        super().__init__(view, context)
        self._jobs = jobs
        self._exporter = Exporter(
            context.prompt, Exportable("curve", ("csv",), lambda: self._model.selected or "", self._export_content)
        )

    @property
    def handlers(self) -> Handlers:
        return {**super().handlers, "filter.text": self._jobs.filter_prompt.open, "export": self.export}

    @property
    def handlers_everywhere(self) -> Handlers:
        return {
            "curve.scale": self._toggle_scale,
            "curve.range": self._toggle_range,
            "curve.smooth": self._next_smoothing,
            "curve.next_metric": lambda: self._turn_metric(1),
            "curve.previous_metric": lambda: self._turn_metric(-1),
            "curve.axis": self._next_axis,
        }

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

    def _toggle_scale(self) -> None:
        is_log = not self._model.view.current.curve.is_log
        self._restyle("Logarithmic axis." if is_log else "Linear axis.", is_log=is_log)

    def _toggle_range(self) -> None:
        is_whole = not self._model.view.current.curve.is_whole
        words = "Every value is in the range." if is_whole else "Values far above the others are outside the range."
        self._restyle(words, is_whole=is_whole)

    def _next_smoothing(self) -> None:
        smoothing = _next(tuple(SMOOTHINGS), self._model.view.current.curve.smoothing)
        self._restyle(f"Smoothing: {smoothing}", smoothing=smoothing)

    def _next_axis(self) -> None:
        from fttui.ui.cockpit.curve_drawing import has_axis

        run = self._run()
        axes = [axis for axis in AXES if run is None or has_axis(run, axis)]
        now = self._model.view.current.curve.axis
        axis = _next(axes, now if now in axes else "step")
        self._restyle(f"Curve {AXIS_WORDS[axis]}", axis=axis)

    def _turn_metric(self, step: int) -> None:
        from fttui.learning.metric_groups import groups_of

        run = self._run()
        names = [group.name for group in groups_of(run)] if run is not None else []
        if len(names) < 2:
            self._prompt.show_message("This job has no other metrics.", "dim")
            return
        now = self._model.view.current.curve.metric
        metric = _next(names, now if now in names else names[0], step)
        self._restyle(f"Metric: {metric.replace('_', ' ')}", metric=metric)

    def _run(self) -> Any:
        store, id = self._model.store, self._model.selected
        return store.run(id) if store is not None and id is not None else None

    def _restyle(self, words: str, **members: Any) -> None:
        """Change the look of the curve. The change can be undone."""
        self._layout.show("curve")
        self._model.view.change(curve=self._model.view.current.curve._replace(**members))
        self._presenter.draw(Part.CURVE | Part.TITLES)
        self._prompt.show_message(words, "dim")

    def _export_content(self, format: str) -> str:
        from fttui.models.metric import points_csv

        store = self._model.store
        return points_csv(store.points(self._model.selected or "") if store is not None else [])


def _next(values: Sequence[T], now: T, step: int = 1) -> T:
    return values[(values.index(now) + step) % len(values)]
