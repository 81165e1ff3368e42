"""State of a chart over the whole screen: its curves, the cross-hair, and the keys that move it. Without widgets."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from fttui.learning.run import Run
from fttui.ui.cockpit.curve_settings import AXIS_WORDS, CurveSettings
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.render.chart.cross_hair import CrossHair
from fttui.ui.render.chart.view import Curves, View, curves_of
from fttui.ui.render.curve_style import SMOOTHINGS

LINEAR = "linear"
"""Word for the usual vertical axis."""
USUAL = (LINEAR, AXIS_WORDS["step"])
"""Words about settings that nobody has changed."""
JUMPS = 10
"""Number of jumps from one end of the axis to the other."""


class ChartState:
    """Curves with the user's settings, and the cross-hair over them."""

    def __init__(self, settings: CurveSettings) -> None:
        self.settings = settings
        self.cross = CrossHair()
        self.curves: Sequence[Curves] = ()
        self.positions: Sequence[float] = ()
        """Positions of all points on the horizontal axis, in ascending order."""
        self._axis = ""

    def curves_of(self, name: str, run: Run, *, is_live: bool) -> Curves:
        """Return the lines of a run with the present settings."""
        settings = self.settings
        smooth = SMOOTHINGS[settings.style.smoothing]
        return curves_of(name, run, settings.group, smooth=smooth, unit=settings.axis, is_live=is_live)

    def sync(self, curves: Sequence[Curves]) -> None:
        """Take over new curves: the cross-hair follows them, and keeps its point in another unit of the axis."""
        before, self.curves = self.curves, curves
        if self._axis != self.settings.axis and curves:
            self.cross.rescale(lambda at: _same_point(before, curves, at))
        self._axis = self.settings.axis
        points = {x for each in curves for series in (each.train, each.valid) for x in series.steps}
        self.positions = sorted(points | {each.base[0] for each in curves if each.base is not None})
        self.cross.sync(self.positions)

    def view(self) -> View:
        """Return the present settings of a drawing. A cross-hair outside the range is not drawn."""
        style, zoom, cursor = self.settings.style, self.cross.zoom, self.cross.at
        if cursor is not None and zoom is not None and not zoom[0] <= cursor <= zoom[1]:
            cursor = None
        view = View(0, 0, is_log=style.is_log, is_whole=style.is_whole, unit=self.settings.axis)
        return view._replace(zoom=zoom, cursor=cursor)

    @property
    def checkpoints(self) -> Sequence[float]:
        """Positions of the checkpoints of all runs, in ascending order."""
        return sorted({step for each in self.curves for step in each.checkpoints})

    @property
    def axis_words(self) -> str:
        return AXIS_WORDS[self.settings.axis]

    @property
    def words(self) -> list[str]:
        """Words for the title about the settings: `linear`, `smoothing 0.9`."""
        style = self.settings.style
        return [
            "log axis" if style.is_log else LINEAR,
            *(["whole range"] if style.is_whole else []),
            *([f"smoothing {style.smoothing}"] if style.smoothing != "auto" else []),
        ]


def _same_point(before: Sequence[Curves], after: Sequence[Curves], at: float) -> float:
    """Return the position, after a change of the axis, of the point nearest to a position before it."""
    distance, found = math.inf, at
    for old, new in zip(before, after, strict=False):
        places = [(old.base[0], new.base[0])] if old.base is not None and new.base is not None else []
        for series, moved in ((old.train, new.train), (old.valid, new.valid)):
            index = series.index_near(at)
            if index is not None and moved.steps:
                # Times that go backwards have fewer points.
                places.append((series.steps[index], moved.steps[min(index, len(moved.steps) - 1)]))
        for x, place in places:
            if abs(x - at) < distance:
                distance, found = abs(x - at), place
    return found


class CrossHairKeys:
    """Commands that move the cross-hair and choose a range."""

    def __init__(
        self,
        state: ChartState,
        scale: Callable[[], tuple[float, float]],
        draw: Callable[[], object],
        note: Callable[[str], object],
    ) -> None:
        """
        Args:
            scale: returns the length of the axis that is shown, and the width of a column on it.
            draw: draws the chart.
            note: shows a sentence.
        """
        self._state = state
        self._scale = scale
        self._draw = draw
        self._note = note

    @property
    def handlers(self) -> Handlers:
        return {
            "move.left": lambda: self._move(-1),
            "move.right": lambda: self._move(1),
            "move.half_up": lambda: self._jump(-1),
            "move.half_down": lambda: self._jump(1),
            "move.first": lambda: self._to_end(last=False),
            "move.last": lambda: self._to_end(last=True),
            "search.next": lambda: self._to_checkpoint(forward=True),
            "search.previous": lambda: self._to_checkpoint(forward=False),
            "mark.range": self._range,
        }

    def _move(self, steps: int) -> None:
        self._state.cross.move(steps, self._state.positions, self._scale()[1])
        self._draw()

    def _jump(self, steps: int) -> None:
        self._state.cross.move_by(steps * self._scale()[0] / JUMPS, self._state.positions)
        self._draw()

    def _to_end(self, *, last: bool) -> None:
        self._state.cross.move_to_end(self._state.positions, last=last)
        self._draw()

    def _to_checkpoint(self, *, forward: bool) -> None:
        marks = self._state.checkpoints
        if not self._state.cross.move_to_mark(marks, self._state.positions, forward=forward):
            where = f" {'after' if forward else 'before'} this step" if marks else ""
            self._note(f"No checkpoint{where}.")
        self._draw()

    def _range(self) -> None:
        is_open = self._state.cross.toggle_range(self._state.positions)
        self._draw()
        if is_open:
            self._note("Range: move the cross-hair, then v shows the range. esc gives it up.")
