"""Error of the time left, over runs of the embedded trainer.

    python -m tests.benchmarks.time_left

Goal: within 25 % of the truth, or within half of the 5 seconds to which short times are rounded, at 9 of 10 moments
after the first fifth of a run. The runs are those of tests/fixtures/curves/, with times in whole seconds.
"""

from fttui.learning.pace import time_left
from fttui.learning.run import Run
from tests.support.simulated_runs import CURVES, real_run

ROUNDED = 5.0
"""Seconds to which times under a minute are rounded."""


def main() -> None:
    runs = {path.stem: real_run(path.stem) for path in sorted(CURVES.glob("*.csv"))}
    hits = moments = 0
    for name, run in runs.items():
        good, total = judged(run)
        hits, moments = hits + good, moments + total
        print(f"{name:<19} {good / total:.0%} of {total} moments")
    print(f"all                 {hits / moments:.1%} of {moments} moments")


def judged(run: Run) -> tuple[int, int]:
    """Return the number of moments with a good estimate, and of all moments after the first fifth."""
    end, steps = run.times.values[-1], run.times.steps
    good = total = 0
    shown = Run(total_steps=run.total_steps)
    for step, at in zip(steps, run.times.values, strict=True):
        shown.add(int(step), {"train_loss": 1.0}, at)
        if step <= (run.total_steps or 0) / 5 or step >= (run.total_steps or 0):
            continue
        total += 1
        estimate, truth = time_left(shown, at), end - at
        good += estimate is not None and abs(estimate - truth) <= max(0.25 * truth, ROUNDED / 2)
    return good, total


if __name__ == "__main__":
    main()
