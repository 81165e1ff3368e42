"""Metrics events in the log: columns by metric, under a heading. Pure."""

import math
from collections.abc import Mapping, Sequence

from fttui.lean_typing import NamedTuple
from fttui.learning.figures import figure
from fttui.learning.metric_groups import split_name
from fttui.models.raw_json import decode
from fttui.models.summary import TRAIN, VALID, WHOLE
from fttui.text import count, fit, pad, width
from fttui.ui.render.rows import Line, Span

TIME, STEP, VALUE = 9, 8, 9
"""Cells of the columns, with the space before each."""
LONGEST_HEADING = 14
MOST_METRICS = 64
"""Most metrics of a log that get a column. A server may send a new name with each event."""
_SHORT = {"mean_token_accuracy": "ACC", "accuracy": "ACC", "learning_rate": "LR", "tokens_per_second": "TOK/S"}
_ROLES = {TRAIN: "train", VALID: "valid", WHOLE: "best"}


class LogColumn(NamedTuple):
    """Column of a metric."""

    name: str
    """Wire name of the metric."""
    heading: str
    cells: int
    missing: str
    """Sign for a step without this metric."""


class Measured(NamedTuple):
    """Metrics of one event."""

    step: int | None
    values: Mapping[str, float]
    """Finite numbers, and NaN for others, by wire name."""


def measured(data: str) -> Measured | None:
    """Return the metrics of an event's `data`; None if it has no numbers."""
    from fttui.models import lenient  # late: the JSON models are imported after the first frame of the list
    from fttui.models.event import metrics_of

    members = decode(data)
    if not isinstance(members, dict) or not (values := metrics_of(members, keep_not_finite=True)):
        return None
    return Measured(lenient.whole(members.get("step")), values)


class LogColumns:
    """Columns of one log. A metric gets its column when the first event with it is loaded."""

    def __init__(self, missing: str) -> None:
        """
        Args:
            missing: sign for a metric that was not measured at a step.
        """
        self._missing = missing
        self._names: dict[str, None] = {}
        self._fitted: tuple[int, int, Sequence[LogColumn]] = (0, 0, ())
        self._shapes: set[frozenset[str]] = set()
        """Members of the events seen. Most events have the same, and need no second look."""

    def __bool__(self) -> bool:
        return bool(self._names)

    def learn(self, data: str) -> None:
        """Add the metrics of an event."""
        members = decode(data)
        shape = frozenset(members) if isinstance(members, dict) else frozenset()
        if shape in self._shapes or len(self._names) >= MOST_METRICS:
            return
        if (found := measured(data)) is not None:
            if len(found.values) >= len(shape - {"step", "total_steps"}):
                self._shapes.add(shape)  # a value that is no number now may be one in a later event
            self._names |= dict.fromkeys(found.values)

    def fitting(self, cells: int) -> Sequence[LogColumn]:
        """Return the columns that fit beside time and step. Training and validation loss always stay."""
        if self._fitted[:2] != (cells, len(self._names)):
            self._fitted = cells, len(self._names), self._fit(cells)
        return self._fitted[2]

    def _fit(self, cells: int) -> Sequence[LogColumn]:
        room = cells - TIME - STEP - 1
        shown: list[LogColumn] = []
        for name in self._order():
            heading = heading_of(name)
            column = LogColumn(name, heading, max(VALUE, width(heading) + 1), "" if name == WHOLE else self._missing)
            room -= column.cells
            if room < 0 and name not in (TRAIN, VALID):
                break
            shown.append(column)
        return shown

    def _order(self) -> Sequence[str]:
        """Return the metrics by importance: the losses, what only this server sends, the accuracies."""
        others = [name for name in self._names if name not in _ROLES and split_name(name)[1] != "whole"]
        accuracies = [name for name in others if heading_of(name).endswith("ACC")]
        whole = [WHOLE] if WHOLE in self._names else []
        return [TRAIN, VALID, *whole, *(name for name in others if name not in accuracies), *accuracies]

    def heading(self, cells: int) -> Line:
        """Build the heading."""
        text = pad(" TIME", TIME) + pad("STEP", STEP, right=True)
        return [(text + "".join(pad(each.heading, each.cells, right=True) for each in self.fitting(cells)), "head")]

    def line(self, time: str, found: Measured, cells: int) -> Line:
        """Build the line of an event.

        Args:
            time: time of the event in eight cells.
        """
        step = self._missing if found.step is None else str(found.step)
        spans: list[Span] = [(f" {time}", "dim"), (f"{step:>{STEP}}", "")]
        for column in self.fitting(cells):
            value = found.values.get(column.name)
            if value is None:
                spans.append((f"{column.missing:>{column.cells}}", "dim"))
            else:
                role = _ROLES.get(column.name, "dim") if math.isfinite(value) else "fail"
                spans.append((f"{value_text(value):>{column.cells}}", role))
        return spans


def heading_of(name: str) -> str:
    """Return the heading of a metric: `VALID`, `V ACC`, `LR`, `GRAD NORM`."""
    if name in _ROLES:
        return {TRAIN: "TRAIN", VALID: "VALID", WHOLE: "WHOLE"}[name]
    base, part = split_name(name)
    words = _SHORT.get(base) or base.removeprefix("mean_").replace("_", " ").upper()
    return fit(f"V {words}" if part == "valid" else words, LONGEST_HEADING, ellipsis="")


def value_text(value: float) -> str:
    """Format a value in at most eight cells."""
    if not math.isfinite(value):
        return "nan"
    if value.is_integer() and 10_000 <= value < 1e15:
        return count(int(value))
    text = figure(value)
    return text if len(text) < VALUE else f"{value:.1e}"
