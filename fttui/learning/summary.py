"""The numbers by which a run is judged. Standard library only."""

from fttui.learning.run import Run
from fttui.models.summary import TRAIN, VALID, WHOLE, Summary

FIRST_SMOOTHED = 5
"""Number of points before a smoothed loss counts as the best: the mean of few points is noise."""


def summarize(run: Run) -> Summary:
    """Return the numbers by which a run is judged."""
    metric, series, values = run.judged()
    not_finite = sum(len(run.get(name).not_finite) for name in (TRAIN, VALID))
    if not metric:
        return Summary(not_finite=not_finite, base=run.base_value())
    best = min(range(first_judged(len(values), is_smoothed=metric != WHOLE), len(values)), key=values.__getitem__)
    train = run.train
    return Summary(
        metric=metric,
        last=None if series.is_lost else values[-1],
        last_step=int(series.steps[-1]),
        best=values[best],
        best_step=int(series.steps[best]),
        train=run.smoothed(train)[-1] if train.values and not train.is_lost else None,
        train_last=train.values[-1] if train.values else None,
        noise=run.noise(),
        not_finite=not_finite,
        base=run.base_value(),
    )


def first_judged(number: int, *, is_smoothed: bool) -> int:
    """Return the index of the first of `number` losses that may be the best of a run."""
    return min(FIRST_SMOOTHED, number) - 1 if is_smoothed else 0
