"""Series of one metric by step, with their smoothing and noise. Standard library only."""

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence

WEIGHTS = ((30, 0.0), (100, 0.6), (400, 0.8), (3_000, 0.95))
"""Weight of the exponential mean for a series of fewer points than the first number. See `weight_for`."""
LONGEST_WEIGHT = 0.99
RECENT = 400
"""Most points from which the noise is estimated: its last part, because noise shrinks during a run."""
LARGEST = 1e100
"""Bound of the values of a series. No metric is larger, and sums of larger ones overflow.

A larger value counts as not finite, one below the reciprocal as 0.
"""
LAST_STEP = 10**12
"""Largest step. Steps outside 0 to this one are ignored."""
MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution for a median absolute deviation of 1."""


class Series:
    """Values by step, in ascending order of steps. A step that comes again is ignored.

    Finite values are separate from the rest, so that `min` and `max` of a slice are fast.
    """

    def __init__(self, points: Iterable[tuple[float, float]] = ()) -> None:
        self.steps: list[float] = []
        self.values: list[float] = []
        self.gaps: list[int] = []
        """Indices in `values` before which a value was not finite."""
        self.not_finite: list[float] = []
        """Steps whose value is not finite."""
        self._smoothed: dict[float, tuple[list[float], float, float]] = {}
        self._calm: dict[tuple[float, float], tuple[int, float, int]] = {}
        self._widest: tuple[int, float] = (1, 0.0)
        for step, value in points:
            self.append(step, value)

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def last_step(self) -> float:
        """Newest step, with a finite value or not. Minus infinity for an empty series."""
        last = self.steps[-1] if self.steps else -math.inf
        return max(last, self.not_finite[-1]) if self.not_finite else last

    @property
    def is_lost(self) -> bool:
        """The newest value is not finite."""
        return bool(self.not_finite) and (not self.steps or self.not_finite[-1] > self.steps[-1])

    def append(self, step: float, value: float) -> None:
        """Add a point. A step that is not above the last one, or out of range, is ignored."""
        if step <= self.last_step or not 0 <= step <= LAST_STEP:
            return
        if not abs(value) <= LARGEST:
            self.not_finite.append(step)
            if not self.gaps or self.gaps[-1] != len(self.steps):
                self.gaps.append(len(self.steps))
            return
        self.steps.append(step)
        self.values.append(value if abs(value) >= 1 / LARGEST else 0.0)

    def without_first(self) -> "Series":
        """Return a series without the first value."""
        rest = Series()
        rest.steps, rest.values = self.steps[1:], self.values[1:]
        rest.gaps = [index - 1 for index in self.gaps if index]
        rest.not_finite = list(self.not_finite)
        return rest

    def smoothed(self, weight: float) -> Sequence[float]:
        """Return the exponential mean of the values, without the bias of its start. Only new points are computed.

        Args:
            weight: weight of the past, from 0 (no smoothing) to below 1.
        """
        if not weight:
            return self.values
        means, mean, share = self._smoothed.get(weight, ([], 0.0, 0.0))
        for value in self.values[len(means) :]:
            mean = mean * weight + value * (1 - weight)
            share = share * weight + (1 - weight)
            means.append(mean / share)
        self._smoothed[weight] = means, mean, share
        return means

    def first_rise(self, weight: float, ratio: float, start: int, lowest: float, at: int) -> tuple[int, float, int]:
        """Find the first smoothed value above `ratio` times the lowest before it. Only new points are looked at.

        Args:
            start: index of the first value that counts.
            lowest: lowest value before it, found at index `at`.

        Returns:
            Index of the value, or the number of values without one; the lowest value before it, and its index.
        """
        values = self.smoothed(weight)
        index, lowest, at = self._calm.get((weight, ratio), (start, lowest, at))
        for value in itertools.islice(values, index, None):
            if value < lowest:
                lowest, at = value, index
            elif value > ratio * lowest:
                break
            index += 1
        self._calm[weight, ratio] = index, lowest, at
        return index, lowest, at

    def widest_step(self) -> float:
        """Return the largest difference of successive values. Only new points are looked at."""
        known, widest = self._widest
        if len(self.values) > known:
            new = itertools.islice(self.values, known - 1, None)
            widest = max(widest, *(later - earlier for earlier, later in itertools.pairwise(new)))
            self._widest = len(self.values), widest
        return widest

    def index_near(self, step: float) -> int | None:
        """Return the index of the point nearest to a step, or None for an empty series."""
        if not self.steps:
            return None
        index = bisect_left(self.steps, step)
        if index and (index == len(self.steps) or step - self.steps[index - 1] <= self.steps[index] - step):
            index -= 1
        return index

    def noise(self) -> float:
        """Return the standard deviation of single values about their trend: see `noise_of`."""
        return noise_of(self.values[-min(RECENT, max(20, len(self.values) // 2)) :])


def noise_of(values: Sequence[float]) -> float:
    """Return the standard deviation of values about their trend, from successive differences.

    Differences remove the level and nearly all of the trend. Their median absolute deviation ignores spikes. 0 for
    fewer than four values.
    """
    if len(values) < 4:
        return 0.0
    from statistics import median  # late: the cockpit starts without it

    differences = [later - earlier for earlier, later in itertools.pairwise(values)]
    middle = median(differences)
    return MAD_TO_SIGMA * median(abs(difference - middle) for difference in differences) / math.sqrt(2)


def weight_for(points: float) -> float:
    """Return the weight of smoothing for a series that will have this number of points.

    It depends on the length that the run will have, so that a line is not drawn anew while points arrive. The list,
    the sentences, the alarms and the curve use the same weight, so that their figures agree.
    """
    return next((weight for limit, weight in WEIGHTS if points < limit), LONGEST_WEIGHT)


def smoothed_noise(noise: float, weight: float) -> float:
    """Return the standard deviation of an exponential mean of values with independent noise."""
    return noise * math.sqrt((1 - weight) / (1 + weight))
