"""Alarms and stop rules on simulated runs: false findings in healthy runs, detections and delays in sick ones.

    python -m tests.benchmarks.alarms [--seed N] [--healthy N] [--sick N]

The thresholds in `fttui.learning` were chosen with seed 1. docs/alarms.md reports seed 2.
"""

import argparse
from collections import Counter
from statistics import median

from fttui.learning.alarms import STOPPABLE, check_job
from fttui.learning.finding import JobState
from fttui.learning.run import Run
from fttui.learning.stop_rule import StopRule
from fttui.models.status import Status
from tests.support import simulated_runs
from tests.support.simulated_runs import Simulated, points_of

LOOKS = 25
"""Number of moments at which a running job is looked at."""
REAL = (
    "good",
    "lr-x3",
    "diverge-x40",
    "diverge-x100",
    "diverge-x300",
    "diverge-x2000",
    "overfit",
    "overfit-small-data",
)


def raised(simulated: Simulated) -> dict[str, int]:
    """Return the kinds that a run raises while it runs and after its end, each with the step of the first look."""
    run, found = simulated.run, dict[str, int]()
    total = run.total_steps or run.last_step
    for look in range(1, LOOKS + 1):
        step = max(1, total * look // LOOKS)
        shown = simulated_runs.until(run, step)
        if not shown.times.values:
            continue
        is_over = step >= total and simulated.silent_from is None
        now = shown.times.values[-1] + (
            86_400.0 if simulated.silent_from is not None and step >= run.last_step else 1.0
        )
        state = JobState(
            shown,
            Status.SUCCEEDED if is_over else Status.RUNNING,
            now,
            last_event_at=shown.times.values[-1],
            has_validation_file=True,
        )
        for kind in check_job(state).kinds():
            found.setdefault(kind, step)
    return found


def stopped(simulated: Simulated) -> str:
    """Return the kind at which all rules together stop a run; empty when it reaches its end."""
    run = simulated.run
    rule = StopRule(STOPPABLE, True, Run(total_steps=run.total_steps))
    for step, values in points_of(run):
        if rule.add(step, values) and (found := rule.alarms()):
            return found[0].kind.value
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--healthy", type=int, default=200)
    parser.add_argument("--sick", type=int, default=50)
    given = parser.parse_args()
    base = given.seed * 10_000
    wrong = Counter[str]()
    loud = []
    for number in range(given.healthy):
        kinds = raised(simulated_runs.healthy(base + number))
        wrong.update(kinds)
        if kinds:
            loud.append((number, kinds))
    print(f"healthy     {len(loud)} of {given.healthy} raise an alarm: {loud}")
    for kind, make in simulated_runs.SICK.items():
        delays, others = [], Counter[str]()
        missed = []
        for number in range(given.sick):
            simulated = make(base + number)
            kinds = raised(simulated)
            if kind in kinds:
                delays.append((kinds[kind] - (simulated.onset or 0)) / (simulated.run.total_steps or 1))
            else:
                missed.append(number)
            others.update(other for other in kinds if other != kind)
        delay = f"median delay {median(delays):.0%} of the run" if delays else ""
        print(f"{kind:<11} {len(delays)} of {given.sick}; {delay}; missed {missed}; other kinds: {dict(others)}")
    ends = Counter(stopped(simulated_runs.healthy(base + number)) for number in range(given.healthy))
    print(f"stop rules, healthy: {dict(ends)}")
    for kind, make in simulated_runs.SICK.items():
        if kind in STOPPABLE:
            ends = Counter(stopped(make(base + number)) for number in range(given.sick))
            print(f"stop rules, {kind}: {dict(ends)}")
    for name in REAL:
        kinds = raised(Simulated(simulated_runs.real_run(name)))
        print(f"{name:<19} {kinds or 'nothing'}")


if __name__ == "__main__":
    main()
