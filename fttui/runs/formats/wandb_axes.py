"""Step axes of W&B: the metrics that `define_metric(…, step_metric=…)` counts by a value of its own."""

from collections.abc import Mapping

from fttui.runs.formats import values
from fttui.runs.formats.protobuf import fields

MOST_METRICS = 1000
"""Definitions of one run that are kept."""


class StepAxes:
    """Step metrics of a run, and their last values."""

    def __init__(self) -> None:
        self._by_name: dict[str, str] = {}
        """Step metric by the name of a metric."""
        self._by_start: dict[str, str] = {}
        """Step metric by the start of names, from patterns such as `val/*`."""
        self._last: dict[str, int] = {}
        """Last value by step metric."""

    def define(self, message: bytes) -> None:
        """Add a definition. The later one of the same metric counts.

        Raises:
            Malformed: the bytes are no message.
        """
        texts = {field.number: field.text for field in fields(message)}
        name, pattern, axis = texts.get(1, ""), texts.get(2, ""), texts.get(4, "")
        table, key = (self._by_start, pattern.removesuffix("*")) if pattern else (self._by_name, name)
        # Epochs are a second unit: all curves of a run have one axis, and the other metrics count steps.
        if not axis or "epoch" in axis.lower():
            table.pop(key, None)
        elif len(table) < MOST_METRICS:
            table[key] = axis

    def take(self, record: Mapping[str, object]) -> None:
        """Note the values of the step metrics in a record."""
        if not self._by_name and not self._by_start:
            return
        for axis in {*self._by_name.values(), *self._by_start.values()} & record.keys():
            if (at := values.step(record[axis])) is not None:
                self._last[axis] = at

    def is_axis(self, name: str) -> bool:
        """Tell whether a value is a step and no metric."""
        return name in self._last

    def step(self, name: str) -> int | None:
        """Return the step of a metric by its own axis, as it was last logged; None without one."""
        axis = self._by_name.get(name)
        if axis is None and self._by_start:
            starts = (start for start in self._by_start if name.startswith(start))
            axis = self._by_start.get(max(starts, key=len, default=""))
        return self._last.get(axis) if axis is not None else None
