"""Commands that change how curves are drawn. The settings are shared by all charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from fttui.ui.cockpit.curve_drawing import has_axis
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.render.curve_style import AXES, SMOOTHINGS, CurveStyle

if TYPE_CHECKING:
    # Imported late: the first frame has no curve.
    from fttui.learning.metric_groups import MetricGroup
    from fttui.learning.run import Run

T = TypeVar("T")
AXIS_WORDS = {"step": "by step", "epoch": "by epoch", "time": "by time"}


class CurveSettings:
    """Axis, range, smoothing and metric of the charts."""

    def __init__(
        self, model: CockpitModel, runs: Callable[[], Sequence[Run]], changed: Callable[[str], object]
    ) -> None:
        """
        Args:
            runs: returns the runs that are drawn.
            changed: draws the chart after a change, and shows a sentence about it.
        """
        self._model = model
        self._runs = runs
        self._changed = changed

    @property
    def handlers(self) -> Handlers:
        return {
            "curve.scale": self._toggle_scale,
            "curve.range": self._toggle_range,
            "curve.smooth": self._next_smoothing,
            "curve.next_metric": lambda: self._turn_metric(1),
            "curve.previous_metric": lambda: self._turn_metric(-1),
            "curve.axis": self._next_axis,
        }

    @property
    def style(self) -> CurveStyle:
        return self._model.view.current.curve

    @property
    def group(self) -> MetricGroup:
        """The chosen metric; the loss where no run has it."""
        from fttui.learning.metric_groups import LOSS

        groups = self._groups()
        return next((group for group in groups if group.name == self.style.metric), groups[0] if groups else LOSS)

    @property
    def axis(self) -> str:
        """The chosen unit of the horizontal axis; steps where a run does not have it."""
        return self.style.axis if all(has_axis(run, self.style.axis) for run in self._runs()) else "step"

    def _groups(self) -> list[MetricGroup]:
        """Return the metrics of all runs, joined by name."""
        from fttui.learning.metric_groups import MetricGroup, groups_of

        found: dict[str, MetricGroup] = {}
        for run in self._runs():
            for group in groups_of(run):
                known = found.get(group.name, group)
                parts = (known.train or group.train, known.valid or group.valid, known.whole or group.whole)
                found[group.name] = MetricGroup(group.name, *parts)
        return sorted(found.values(), key=lambda group: not group.is_loss)

    def _toggle_scale(self) -> None:
        is_log = not self.style.is_log
        self._restyle("Logarithmic axis." if is_log else "Linear axis.", is_log=is_log)

    def _toggle_range(self) -> None:
        is_whole = not self.style.is_whole
        words = "Every value is in the range." if is_whole else "Values far above the others are outside the range."
        self._restyle(words, is_whole=is_whole)

    def _next_smoothing(self) -> None:
        smoothing = _next(tuple(SMOOTHINGS), self.style.smoothing)
        self._restyle(f"Smoothing: {smoothing}", smoothing=smoothing)

    def _next_axis(self) -> None:
        runs = self._runs()
        axes = [axis for axis in AXES if all(has_axis(run, axis) for run in runs)]
        axis = _next(axes, self.style.axis if self.style.axis in axes else "step")
        self._restyle(f"Curve {AXIS_WORDS[axis]}", axis=axis)

    def _turn_metric(self, step: int) -> None:
        names = [group.name for group in self._groups()]
        if len(names) < 2:
            self._changed("There are no other metrics.")
            return
        metric = _next(names, self.style.metric if self.style.metric in names else names[0], step)
        self._restyle(f"Metric: {metric.replace('_', ' ')}", metric=metric)

    def _restyle(self, words: str, **members: Any) -> None:
        """Change the settings. The change can be undone."""
        self._model.view.change(curve=self.style._replace(**members))
        self._changed(words)


def _next(values: Sequence[T], now: T, step: int = 1) -> T:
    return values[(values.index(now) + step) % len(values)]
