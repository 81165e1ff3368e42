"""A training run as series by step: losses, accuracies and every other number that a provider sends.

This module is the only place that turns points into series. Standard library only.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fttui.learning.series import Series, smoothed_noise, weight_for
from fttui.models.summary import TRAIN, VALID, WHOLE

MOST_EPOCHS = 10_000
"""Number of epochs above which a run has none: no server trains that long."""


@dataclass
class Run:
    """Series of one job. Series grow while the job runs."""

    series: dict[str, Series] = field(default_factory=dict)
    """Series by the wire name of the metric."""
    times: Series = field(default_factory=Series)
    """Unix seconds by step, as far as they are known."""
    total_steps: int | None = None
    """Length of the whole run in steps, if known."""
    n_epochs: float | None = None
    checkpoints: tuple[int, ...] = ()
    """Steps at which a checkpoint was saved."""

    def add(self, step: int, values: Mapping[str, float], at: float | None = None) -> None:
        """Add the metrics of one step. Steps must come in ascending order for each metric.

        Args:
            at: time of the step in Unix seconds.
        """
        for name, value in values.items():
            self.series.setdefault(name, Series()).append(step, value)
        if at is not None:
            self.times.append(step, at)

    def get(self, name: str) -> Series:
        """Return a series, empty for a metric that the run does not have."""
        found = self.series.get(name)
        return Series() if found is None else found  # a series of gaps alone is false

    @property
    def size(self) -> int:
        """Number of all points, with those that are not finite. It grows with each."""
        return sum(len(series) + len(series.not_finite) for series in (*self.series.values(), self.times))

    @property
    def train(self) -> Series:
        return self.get(TRAIN)

    @property
    def valid(self) -> Series:
        return self.get(VALID)

    @property
    def whole(self) -> Series:
        return self.get(WHOLE)

    @property
    def last_step(self) -> int:
        """Newest step of any metric, 0 without metrics."""
        last = max((series.last_step for series in self.series.values()), default=0)
        return 0 if math.isinf(last) else int(last)

    @property
    def epoch_ends(self) -> Sequence[float]:
        """Steps at which an epoch ends, the end of the run included. Empty when the length is unknown."""
        if not self.total_steps or not self.n_epochs or not 1 <= self.n_epochs <= MOST_EPOCHS:
            return ()
        return [self.total_steps * epoch / self.n_epochs for epoch in range(1, int(self.n_epochs) + 1)]

    @property
    def epoch(self) -> int | None:
        """Number of the current epoch, counted from 1. None when the length is unknown."""
        if not self.epoch_ends or not self.last_step or not self.total_steps or not self.n_epochs:
            return None
        return max(1, math.ceil(self.last_step * self.n_epochs / self.total_steps))

    def base_value(self, metric: str = WHOLE, train: str = TRAIN) -> float | None:
        """Return the value of a metric at step 0, before any training: that of the base model. None without it.

        Args:
            train: the metric of training steps of the same kind. A run that has it at step 0 counts its steps from 0.
        """
        found, trained = self.get(metric).steps, self.get(train).steps
        if not found or found[0] != 0 or (trained and trained[0] == 0):
            return None
        return self.get(metric).values[0]

    def trained(self, metric: str = WHOLE, train: str = TRAIN) -> Series:
        """Return a series without the value of the base model, which is no result of the training."""
        series = self.get(metric)
        return series if self.base_value(metric, train) is None else series.without_first()

    def weight(self, series: Series) -> float:
        """Return the weight of smoothing for a series of this run."""
        points = float(len(series))
        if self.total_steps and series.steps and series.steps[-1] > 0:
            points *= max(1.0, self.total_steps / series.steps[-1])
        return weight_for(points)

    def smoothed(self, series: Series) -> Sequence[float]:
        """Return the smoothed values of a series."""
        return series.smoothed(self.weight(series))

    def judged(self) -> tuple[str, Series, Sequence[float]]:
        """Return the loss by which the run is judged: wire name, series and values.

        The loss over the whole validation file, else the smoothed validation loss, else the smoothed training loss.
        The name is empty without any loss. The base model is not judged: see `base_value`.
        """
        if (whole := self.trained()).values:
            return WHOLE, whole, whole.values
        for name in (VALID, TRAIN):
            series = self.get(name)
            if series.values:
                return name, series, self.smoothed(series)
        return "", Series(), ()

    def noise(self) -> float:
        """Return the standard deviation by which the judged loss changes without learning.

        A loss over the whole file is measured rarely. Its noise is that of the smoothed loss of single steps, which
        shows by how much the model itself moves to and fro.
        """
        for series in (self.valid, self.train):
            if len(series) >= 4:
                return smoothed_noise(series.noise(), self.weight(series))
        return self.trained().noise()


def run_of(
    points: Iterable[tuple[int, Mapping[str, float], float | None]],
    *,
    total_steps: int | None = None,
    n_epochs: float | None = None,
    checkpoints: Iterable[int] = (),
) -> Run:
    """Return a run from points: step, values by wire name, and Unix seconds or None. Steps may come in any order."""
    run = Run(total_steps=total_steps, n_epochs=n_epochs, checkpoints=tuple(sorted(set(checkpoints))))
    for step, values, at in sorted(points, key=lambda point: point[0]):
        run.add(step, values, at)
    return run
