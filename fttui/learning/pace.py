"""Time left of a run, from the times of its steps. Standard library only."""

from bisect import bisect_left, bisect_right

from fttui.learning.run import Run

LEAST_STEPS = 4
"""Number of timed steps before a time is estimated."""
STARTING = 0.1
"""Part of the steps at the start that do not count."""
PAUSE = 20.0
"""A wait of this many usual waits between two steps is a pause, and does not count."""


def seconds_per_step(run: Run) -> float | None:
    """Return the mean seconds of a step after the first tenth of the steps, or None with too few of them.

    Validation and checkpoints count, because the steps to come have them too. Pauses and the start do not count. Newer
    steps alone estimate worse: other programs slow a run down for a while, and times are whole seconds. Measured by
    `python -m tests.benchmarks.time_left`.
    """
    steps, times = run.times.steps, run.times.values
    first = bisect_right(steps, 0)  # step 0 is a validation, and the first step after it includes the start
    if len(steps) - first < LEAST_STEPS:
        return None
    start = min(max(first, bisect_left(steps, steps[-1] * STARTING)), len(steps) - LEAST_STEPS)
    waits = [
        (later - earlier, steps[start + index + 1] - steps[start + index])
        for index, (earlier, later) in enumerate(zip(times[start:], times[start + 1 :], strict=False))
    ]
    each = sorted(wait / length for wait, length in waits)
    # Times are whole seconds, so the usual wait of fast steps is 0: the mean stands in for it.
    mean = sum(wait for wait, _ in waits) / sum(length for _, length in waits)
    longest = PAUSE * max(each[len(each) // 2], mean)
    counted = [(wait, length) for wait, length in waits if 0 <= wait <= max(longest * length, 1.0)]
    total = sum(length for _, length in counted)
    return sum(wait for wait, _ in counted) / total if total else None


def time_left(run: Run, now: float) -> float | None:
    """Return the expected seconds until the last step of a running job.

    None when the length or the pace is unknown, and when the job should have ended already.

    Args:
        now: Unix seconds.
    """
    pace = seconds_per_step(run)
    if pace is None or not run.total_steps:
        return None
    remaining = (run.total_steps - run.times.steps[-1]) * pace
    passed = max(0.0, now - run.times.values[-1])
    if passed > remaining and passed > 5.0 * max(pace, 1.0):
        return None
    return max(0.0, remaining - passed)


def about(seconds: float | None) -> str:
    """Return the time left as a text: `about 15 s left`, in steps that grow with the time. Empty for None.

    Under a minute in 5 seconds, under 10 minutes in half minutes, under an hour in minutes, then in 5 minutes.
    """
    return "" if seconds is None else f"about {rounded(seconds)} left"


def rounded(seconds: float) -> str:
    """Return a duration in coarse steps: `15 s`, `2 min`, `2.5 min`, `1 h 5 min`, `3 d 4 h`."""
    if seconds < 57.5:
        return f"{max(5, 5 * round(seconds / 5))} s"
    if seconds < 585:
        return f"{round(seconds / 30) / 2:g} min"
    if seconds < 3570:
        return f"{round(seconds / 60)} min"
    hours, minutes = divmod(5 * round(seconds / 300), 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
