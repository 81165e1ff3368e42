"""Alarms that rest on the curve of a run: not finite, diverging, overfitting, plateau. Standard library only.

The thresholds were chosen on simulated runs of one seed. docs/alarms.md has the results on another seed and on real
runs; `python -m tests.benchmarks.alarms` computes them.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from statistics import median

from fttui.learning.checkpoints import best_step
from fttui.learning.figures import short_figure
from fttui.learning.finding import Finding, JobState, Skipped
from fttui.learning.run import Run
from fttui.learning.series import noise_of, smoothed_noise
from fttui.learning.summary import FIRST_SMOOTHED, first_judged
from fttui.models.summary import EQUAL_WITHIN, VALID, WHOLE

FIRST = 10
"""Number of first training losses whose median is the start of the curve."""
WINDOW = 7
"""Number of successive training losses whose median must be high: fewer may be spikes."""
RISE = 1.5
"""Ratio of a diverging training loss to the lowest before it."""
RISE_SIGMAS = 8.0
RISE_OF_START = 0.1
"""Least rise as a part of the first loss: near zero, ratios say nothing."""
WORSE = 0.03
"""Least relative rise of the validation loss of an overfitted run."""
WORSE_SIGMAS = 4.0
AFTER_BEST = 0.1
"""Least part of a run's validation losses of single steps that must follow the best."""
FLAT_PART = 0.6
"""Part of the steps so far that must be level."""
FLAT_LEAST = 50
"""Least number of points of the level part."""
FLAT_OF_LOSS = 0.01
"""Largest fall within the level part, as a part of the loss."""
FLAT_OF_DROP = 0.04
"""Largest fall within the level part, as a part of the fall before it."""
FLAT_UNTIL = 0.9
"""Part of the run after which a level curve is no alarm: the run ends soon."""


def not_finite(state: JobState) -> Finding | Skipped | None:
    """Find losses that are not a number or infinite."""
    run = state.run
    steps = sorted({*run.train.not_finite, *run.valid.not_finite, *run.whole.not_finite})
    if not steps:
        return None if run.series else Skipped("no metrics")
    first, count = int(steps[0]), len(steps)
    recovered = bool(run.train.steps) and run.train.steps[-1] > steps[-1]
    values = "1 value" if count == 1 else f"{count} values"
    message = (
        f"Loss {'was' if recovered else 'is'} not a number {'at' if recovered else 'since'} step {first} ({values})."
    )
    return Finding(
        message, f"loss not a number since step {first}", _time(run, first), {"step": first, "values": count}
    )


def diverging(state: JobState) -> Finding | Skipped | None:
    """Find a smoothed training loss that has risen far above its lowest value, in most of the newest points."""
    run = state.run
    values, steps = run.train.values, run.train.steps
    if len(values) <= WINDOW:
        return Skipped("too few training losses")
    weight = run.weight(run.train)
    smoothed = run.smoothed(run.train)
    # The mean of the first few points is noise, so their median stands for them.
    lowest, at = median(values[:FIRST]), min(FIRST, len(values)) // 2
    start = min(FIRST, WINDOW)
    if len(values) >= FIRST:  # before, the median may change
        start, lowest, at = run.train.first_rise(weight, RISE, start, lowest, at)
        if start == len(smoothed):
            return None
    noise = smoothed_noise(_relative_noise(values), weight)
    least_ratio = max(RISE, math.exp(min(RISE_SIGMAS * noise, 50.0)))
    onset: int | None = None
    for index in range(start, len(smoothed)):
        if smoothed[index] < lowest:
            lowest, at = smoothed[index], index
        elif (
            smoothed[index] > least_ratio * lowest
            and smoothed[index] - lowest > RISE_OF_START * abs(smoothed[0])
            and median(values[max(0, index - WINDOW + 1) : index + 1]) > least_ratio * lowest
        ):
            onset = index
            break
    if onset is None:
        return None
    top = max(range(onset, len(smoothed)), key=smoothed.__getitem__)
    advice = f" A lower learning rate may help (now {state.learning_rate})." if state.learning_rate else ""
    rise = (
        f"smoothed training loss rose from {short_figure(lowest)} (step {steps[at]:.0f}) "
        f"to {short_figure(smoothed[top])} (step {steps[top]:.0f})"
    )
    peak, now = short_figure(smoothed[top]), short_figure(smoothed[-1])
    # Below everything before the rise: the run has recovered, but the rise has cost steps and remains a finding.
    if smoothed[-1] < min(lowest, *values[:FIRST]):
        message, word = f"Diverged for a time: {rise} and has fallen to {now} since.{advice}", "diverged at"
    else:
        message, word = f"Diverging: {rise}.{advice}", "diverging since"
    short = f"{word} step {steps[onset]:.0f} · rose to {peak}, now {now}"
    numbers = {"from": lowest, "from_step": steps[at], "to": smoothed[top], "to_step": steps[top], "step": steps[onset]}
    return Finding(message, short, _time(run, steps[onset]), numbers)


def overfitting(state: JobState) -> Finding | Skipped | None:
    """Find a validation loss that has risen from its lowest value while the training loss fell."""
    run = state.run
    metric, series, values = run.judged()
    if metric not in (WHOLE, VALID):
        if state.has_validation_file:
            return Skipped("no validation loss yet" if state.status.is_live else "no validation loss")
        return Skipped("no validation file" if run.series else "no metrics")
    if len(values) < 3:
        return Skipped("too few validation losses")
    start = first_judged(len(values), is_smoothed=metric != WHOLE)
    best = min(range(start, len(values)), key=values.__getitem__)
    after = len(values) - 1 - best
    if after < (2 if metric == WHOLE else max(10, AFTER_BEST * len(values))):
        return None
    least = max(WORSE_SIGMAS * run.noise(), WORSE * abs(values[best]))
    if values[-1] - values[best] <= least or min(values[-2:]) - values[best] <= least / 2:
        return None
    train_best, train_last = _train_at(run, series.steps[best]), _train_at(run, series.steps[-1])
    if train_best is None or train_last is None:
        return Skipped("no training loss")
    if train_best - train_last <= EQUAL_WITHIN * smoothed_noise(run.train.noise(), run.weight(run.train)):
        return None
    step, last_step = int(series.steps[best]), int(series.steps[-1])
    kept = best_step(run)
    checkpoint = f" Best checkpoint: step {kept}." if kept is not None else ""
    rise = f"from {short_figure(values[best])} (step {step}) to {short_figure(values[-1])} (step {last_step})"
    fall = f"from {short_figure(train_best)} to {short_figure(train_last)}"
    message = f"Overfitting: validation rose {rise} while training fell {fall}.{checkpoint}"
    short = f"overfitting since step {step} · best {short_figure(values[best])}, now {short_figure(values[-1])}"
    numbers = {
        "best": values[best], "best_step": step, "last": values[-1], "last_step": last_step,
        "train_best": train_best, "train_last": train_last,
    }  # fmt: skip
    if kept is not None:
        numbers["checkpoint_step"] = kept
    return Finding(message, short, _time(run, step), numbers)


def plateau(state: JobState) -> Finding | Skipped | None:
    """Find a running job whose loss has been level for a large part of its steps.

    The curve is level when even the upper bound of its fall is small beside what the run has learned. In a run with
    much noise and few steps that cannot be told, and the rule finds nothing.
    """
    run = state.run
    if not state.status.is_live:
        return Skipped()
    name = "validation" if len(run.valid) > FLAT_LEAST else "training loss"
    series = run.valid if name == "validation" else run.train
    if run.total_steps and run.last_step > FLAT_UNTIL * run.total_steps:
        return None
    start = bisect_right(series.steps, series.steps[-1] * (1 - FLAT_PART)) if series.steps else 0
    window = series.values[start:]
    if len(window) < FLAT_LEAST:
        return Skipped("too few losses")
    noise, smoothed = series.noise(), run.smoothed(series)
    fall, error = _fall(window, noise)
    drop = median(series.values[:WINDOW]) - median(window)
    most = max(FLAT_OF_LOSS * abs(median(window)), FLAT_OF_DROP * drop)
    if fall + EQUAL_WITHIN * error > most or fall < -2 * EQUAL_WITHIN * error:
        return None
    third = len(window) // 3
    levels = [median(window[:third]), median(window[third:-third]), median(window[-third:])]
    if max(levels) - min(levels) > most + EQUAL_WITHIN * error:
        return None  # a valley: the loss fell and rose again
    whole = run.trained().values
    if whole and whole[-1] - min(whole) > EQUAL_WITHIN * run.noise():
        return None  # it rises: see `overfitting`
    best = min(range(min(FIRST_SMOOTHED, len(smoothed)) - 1, len(smoothed)), key=smoothed.__getitem__)
    step, level = int(series.steps[best]), int(series.steps[-1] - series.steps[start])
    message = f"Flat: {name} has been level for {level} steps (best {short_figure(smoothed[best])} at step {step})."
    numbers = {"steps": level, "best": smoothed[best], "best_step": step}
    return Finding(message, f"{name} flat for {level} steps", _time(run, series.steps[start]), numbers)


def _fall(values: Sequence[float], noise: float) -> tuple[float, float]:
    """Return the fall of a window along its least-squares line, and its standard error. Spikes are clipped."""
    middle, count = median(values), len(values)
    clipped = [min(max(value, middle - 4 * noise), middle + 4 * noise) for value in values]
    mean, centre = sum(clipped) / count, (count - 1) / 2
    spread = sum((index - centre) ** 2 for index in range(count))
    slope = sum((index - centre) * (value - mean) for index, value in enumerate(clipped)) / spread
    return -slope * (count - 1), noise / math.sqrt(spread) * (count - 1)


def _relative_noise(values: Sequence[float]) -> float:
    """Return the standard deviation of the logarithm of single values about their trend.

    In a diverging run the noise grows with the loss, so absolute noise would hide the rise.
    """
    return noise_of([math.log(value) for value in values if value > 0])


def _train_at(run: Run, step: float) -> float | None:
    index = run.train.index_near(step)
    return None if index is None else run.smoothed(run.train)[index]


def _time(run: Run, step: float) -> float | None:
    index = run.times.index_near(step)
    return None if index is None else run.times.values[index]
