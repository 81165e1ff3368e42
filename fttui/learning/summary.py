"""Summary of a run in a few numbers: last and best loss, training loss, gap and noise. Standard library only."""

from typing import NamedTuple

from fttui.learning.run import TRAIN, VALID, WHOLE, Run

EQUAL_WITHIN = 2.0
"""Standard deviations within which two losses are equal: 95 of 100 chance differences are smaller."""
FIRST_SMOOTHED = 5
"""Number of points before a smoothed loss counts as the best: the mean of few points is noise."""


class Summary(NamedTuple):
    """Numbers by which a run is judged. A missing number is None."""

    metric: str = ""
    """Wire name of the loss of `last` and `best`; empty without any loss."""
    last: float | None = None
    last_step: int | None = None
    best: float | None = None
    """Lowest loss. Where losses are equal within noise, the first of them is not preferred: see `is_last_best`."""
    best_step: int | None = None
    train: float | None = None
    """Smoothed training loss."""
    train_last: float | None = None
    """Training loss of the last step."""
    noise: float = 0.0
    """Standard deviation of `last` and `best` without learning."""
    not_finite: int = 0
    """Number of losses that are not finite."""

    @property
    def is_validation(self) -> bool:
        """The losses come from validation data."""
        return self.metric in (VALID, WHOLE)

    @property
    def gap(self) -> float | None:
        """Validation loss minus training loss."""
        if self.last is None or self.train is None or not self.is_validation:
            return None
        return self.last - self.train

    @property
    def is_last_best(self) -> bool:
        """The last loss is the best, or equal to it within noise."""
        return self.last is not None and self.best is not None and are_equal(self.last, self.best, self.noise)


def are_equal(first: float, second: float, noise: float) -> bool:
    """Tell whether two losses are equal within noise."""
    return abs(first - second) <= EQUAL_WITHIN * noise


def summarize(run: Run) -> Summary:
    """Return the numbers by which a run is judged."""
    metric, series, values = run.judged()
    not_finite = sum(len(run.get(name).not_finite) for name in (TRAIN, VALID))
    if not metric:
        return Summary(not_finite=not_finite)
    start = 0 if metric == WHOLE else min(FIRST_SMOOTHED, len(values)) - 1
    best = min(range(start, len(values)), key=values.__getitem__)
    train = run.train
    return Summary(
        metric=metric,
        last=values[-1],
        last_step=int(series.steps[-1]),
        best=values[best],
        best_step=int(series.steps[best]),
        train=run.smoothed(train)[-1] if train.values else None,
        train_last=train.values[-1] if train.values else None,
        noise=run.noise(),
        not_finite=not_finite,
    )
