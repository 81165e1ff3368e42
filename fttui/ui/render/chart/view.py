"""Data and settings of a chart. Standard library only.

The drawing follows the prototype in which these rules were found:

* a cell shows one layer, the topmost: raw points < smoothed line < validation < marks; no line is blurred by another;
* every pixel column draws its minimum and maximum, so that a spike of one point among 100,000 is still visible;
* the vertical range is robust: values outside have an arrow and their value;
* a value that is not finite is a gap, with a mark on the axis;
* lines differ by a marker as well as by colour; in ASCII the marker is the line;
* ranges change in steps, so that one new point changes few cells.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fttui.learning.metric_groups import LOSS, MetricGroup
from fttui.learning.run import Run
from fttui.learning.series import Series
from fttui.learning.summary import FIRST_SMOOTHED

Span = tuple[str, str]


class Form(NamedTuple):
    """Division of a cell into pixels, and the characters around the plot."""

    across: int
    down: int
    rule: str
    side: str
    tick_y: str
    tick_x: str
    corner: str
    epoch: str
    grid: str
    checkpoint: str
    best: str
    gap: str
    up: str
    below: str
    line: str
    """A line without marker, for the legend."""
    under_cursor: str


BRAILLE = Form(2, 4, "─", "│", "┤", "┬", "└", "┊", "·", "▴", "✶", "×", "↑", "↓", "⠤⠤", "┴")
BLOCK = BRAILLE._replace(down=2, line="▄▄")
ASCII = Form(1, 3, "-", "|", "+", "+", "+", ":", ".", "^", "*", "x", "^", "v", "--", "+")
FORMS = {"braille": BRAILLE, "block": BLOCK, "ascii": ASCII}
"""Forms by the values of the setting `chart`, apart from `auto`."""


def form_of(wish: str = "auto", *, is_ascii: bool = False) -> Form:
    """Choose the form by the setting `chart`. Where the other glyphs are ASCII, charts are ASCII too."""
    return ASCII if is_ascii else FORMS.get(wish, BRAILLE)


AXES = ("step", "epoch", "time")
"""Units of the horizontal axis."""


class Curves(NamedTuple):
    """The lines and marks of one job, in the unit of the horizontal axis."""

    name: str
    train: Series
    valid: Series
    train_weight: float = 0.0
    """Weight of smoothing, 0 for none."""
    valid_weight: float = 0.0
    base: tuple[float, float] | None = None
    """Position and value of the base model, where the validation line begins. None if `valid` contains it."""
    best: tuple[float, float] | None = None
    """Position and value of the best validation value of the training: of `whole` if it has values."""
    whole: Series = Series()
    """Values over the whole validation file, without that of the base model."""
    untrained: float | None = None
    """Value of the base model over the whole validation file."""
    epochs: Sequence[float] = ()
    """Ends of epochs."""
    checkpoints: Sequence[float] = ()
    total: float | None = None
    """End of the whole run, if known."""
    is_live: bool = False

    @property
    def train_line(self) -> Sequence[float]:
        return self.train.smoothed(self.train_weight)

    @property
    def valid_line(self) -> Sequence[float]:
        return self.valid.smoothed(self.valid_weight)

    @property
    def last(self) -> float:
        """Position of the newest point; 0 without points."""
        return max((series.last_step for series in (self.train, self.valid) if series.steps), default=0.0)

    @property
    def main(self) -> tuple[Series, Sequence[float]]:
        """The line by which runs are compared: validation where there is one, else training."""
        return (self.valid, self.valid_line) if self.valid.steps else (self.train, self.train_line)

    def gain_at(self, at: float) -> float | None:
        """Return the value of the base model minus the newest one over the whole file up to a position."""
        index = bisect_right(self.whole.steps, at) - 1
        return None if self.untrained is None or index < 0 else self.untrained - self.whole.values[index]

    def value_at(self, at: float) -> float | None:
        """Return the value of the main line near a position. None behind its end."""
        if self.base is not None and at == self.base[0]:
            return self.base[1]
        series, line = self.main
        near = series.index_near(at)
        return None if near is None or at > series.steps[-1] + 1 else line[near]


class View(NamedTuple):
    """Settings of a drawing. Sizes are in cells."""

    cells: int
    rows: int
    form: Form = BRAILLE
    is_log: bool = False
    is_whole: bool = False
    """Show the whole vertical range, not the robust one."""
    zoom: tuple[float, float] | None = None
    cursor: float | None = None
    y_range: tuple[float, float] | None = None
    """Range of the last drawing. It stays while it fits."""
    unit: str = "step"
    raw: bool = True
    """Draw single training values behind their smoothed line."""
    hidden: frozenset[int] = frozenset()
    """Indices of runs that are not drawn."""
    front: int | None = None
    """Index of the run that is drawn over the others, which are dim then."""


class Picture(NamedTuple):
    """A drawn chart."""

    lines: list[list[Span]]
    y_range: tuple[float, float]
    """For the next drawing. Exponents of ten with a logarithmic axis."""
    x_range: tuple[float, float]
    notes: list[str]
    """Sentences about values that the chart cannot show."""


def curves_of(
    name: str,
    run: Run,
    group: MetricGroup = LOSS,
    *,
    smooth: float | None = None,
    unit: str = "step",
    is_live: bool = False,
) -> Curves:
    """Return the lines of a run.

    Args:
        smooth: the weight of smoothing; None chooses it by the length of the run.
        unit: the unit of the horizontal axis. A run without epochs or times keeps its steps.
    """
    train, valid, whole = (_rescaled(run, run.get(part), unit) for part in (group.train, group.valid, group.whole))
    # The weight follows the length of the run in steps, whatever the unit of the axis is.
    train_weight, valid_weight = (
        run.weight(run.get(part)) if smooth is None else smooth for part in (group.train, group.valid)
    )
    scale = _scale(run, unit)
    value = run.base_value(group.whole, group.train)
    base = None if value is None else (scale(0), value)
    trained = whole if base is None else whole.without_first()
    best = _best(trained, trained.values, 0, group) or _best(
        valid, valid.smoothed(valid_weight), FIRST_SMOOTHED - 1, group
    )
    if not valid.steps and whole.steps:
        valid, valid_weight, base = whole, 0.0, None
    total = run.total_steps if unit == "step" else run.n_epochs if unit == "epoch" else None
    return Curves(
        name,
        train,
        valid,
        train_weight,
        valid_weight,
        base=base,
        best=best,
        whole=trained,
        untrained=value,
        epochs=[scale(end) for end in run.epoch_ends] if unit != "time" else (),
        checkpoints=[scale(step) for step in run.checkpoints],
        total=None if total is None else float(total),
        is_live=is_live,
    )


def _best(series: Series, values: Sequence[float], start: int, group: MetricGroup) -> tuple[float, float] | None:
    if not series.steps:
        return None
    pick = max if group.higher_is_better else min
    index = pick(range(min(start, len(values) - 1), len(values)), key=values.__getitem__)
    return series.steps[index], values[index]


def _rescaled(run: Run, series: Series, unit: str) -> Series:
    if unit == "step":
        return series
    scale = _scale(run, unit)
    points = [*zip(series.steps, series.values, strict=True), *((step, float("nan")) for step in series.not_finite)]
    return Series((scale(step), value) for step, value in sorted(points, key=lambda point: point[0]))


def _scale(run: Run, unit: str) -> Callable[[float], float]:
    """Return the function from a step to its position on the axis."""
    if unit == "epoch" and run.total_steps and run.n_epochs:
        share = run.n_epochs / run.total_steps
        return lambda step: step * share
    if unit == "time" and run.times.steps:
        start = run.times.values[0]

        def seconds(step: float) -> float:
            index = run.times.index_near(step)
            # Steps of the same second stay apart, in their order.
            return (run.times.values[index or 0] - start) + step * 1e-6

        return seconds
    return lambda step: step
