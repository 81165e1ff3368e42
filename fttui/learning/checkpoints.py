"""Checkpoints of a run with the losses at their steps, and the best of them. Standard library only."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from fttui.lean_typing import NamedTuple, Protocol
from fttui.learning.figures import figure
from fttui.learning.run import Run
from fttui.learning.series import Series, smoothed_noise
from fttui.learning.summary import first_judged
from fttui.models.summary import EQUAL_WITHIN, TRAIN, VALID, WHOLE, are_equal

REWARDS = ("full_valid_mean_reward", "valid_mean_reward")
"""Rewards of reinforcement fine-tuning, for which more is better."""


class Sent(Protocol):
    """A checkpoint as the provider sent it."""

    @property
    def id(self) -> str: ...
    @property
    def step_number(self) -> int | None: ...
    @property
    def created_at(self) -> float | None: ...
    @property
    def fine_tuned_model_checkpoint(self) -> str: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...
    @property
    def size(self) -> int | None: ...


class Saved(NamedTuple):
    """A checkpoint with the losses at its step. A missing number is None."""

    id: str
    step: int | None
    epoch: int | None
    valid: float | None
    """Validation loss, else validation reward."""
    train: float | None
    """Smoothed training loss."""
    at: float | None
    """Time in Unix seconds."""
    model: str
    size: int | None = None
    """Bytes on this machine."""

    @property
    def gap(self) -> float | None:
        """Validation loss minus training loss."""
        return None if self.valid is None or self.train is None else self.valid - self.train


class Checkpoints(NamedTuple):
    """Checkpoints of a run."""

    rows: Sequence[Saved] = ()
    """By step, the newest last."""
    metric: str = ""
    """Wire name of the values by which they are judged; empty without any."""
    best: Saved | None = None
    """Checkpoint with the best value. None for a single one."""
    noise: float = 0.0
    """Standard deviation of a value without learning."""

    @property
    def is_loss(self) -> bool:
        return self.metric not in REWARDS

    def is_equal(self, row: Saved) -> bool:
        """Tell whether a checkpoint is as good as the best within noise."""
        best = self.best
        return (
            best is not None
            and row.valid is not None
            and best.valid is not None
            and are_equal(row.valid, best.valid, self.noise)
        )

    def sentences(self) -> list[str]:
        """Say which checkpoint is best, the most important first. Empty without a best one."""
        best = self.best
        if best is None or best.valid is None:
            return []
        kind = "validation" if self.is_loss else "validation reward"
        said = [f"{_step(best)} is best: {kind} {figure(best.valid)}."]
        last = self.rows[-1]
        bound = f"±{figure(EQUAL_WITHIN * self.noise)}"
        if last == best:
            said.append("It is the last one.")
        elif last.valid is not None and self.is_equal(last):
            said.append(f"The last one is equal within noise ({figure(abs(last.valid - best.valid))} of {bound}).")
        elif last.valid is not None:
            said.append(f"The last one is {figure(abs(last.valid - best.valid))} worse.")
        equal = [row for row in self.rows if row not in (best, last) and row.step is not None and self.is_equal(row)]
        if equal:
            steps = [str(row.step) for row in equal]
            listed = " and ".join(filter(None, (", ".join(steps[:-1]), steps[-1])))
            are = "Step {} is" if len(equal) == 1 else "Steps {} are"
            said.append(f"{are.format(listed)} equal to it within noise ({bound}).")
        return said


def judged_checkpoints(sent: Iterable[Sent], run: Run) -> Checkpoints:
    """Return the checkpoints of a run with the losses at their steps.

    The loss over the whole validation file counts, else the smoothed validation loss, else the validation reward. A
    number that the run does not have comes from the checkpoint itself.
    """
    ordered = sorted(sent, key=lambda each: (each.step_number or 0, each.created_at or 0.0))
    metric = next((name for name in (WHOLE, VALID, *REWARDS) if _is_measured(name, ordered, run)), "")
    rows = [
        Saved(
            each.id,
            each.step_number,
            _epoch(each.step_number, run),
            _value(metric, each, run),
            _value(TRAIN, each, run) if metric not in REWARDS else None,
            each.created_at,
            each.fine_tuned_model_checkpoint,
            each.size,
        )
        for each in ordered
    ]
    valued = [row for row in rows if row.valid is not None]
    found = Checkpoints(rows, metric)
    if len(rows) < 2 or not valued:
        return found
    sign = 1 if found.is_loss else -1
    best = min(valued, key=lambda row: sign * (row.valid or 0.0))
    return found._replace(best=best, noise=_noise(metric, run))


def best_step(run: Run) -> int | None:
    """Return the step of the checkpoint with the lowest loss; without a loss at any, of the last one before the best.

    A loss over the whole file counts at its own step only. None for a run without such a checkpoint.
    """
    metric, series, values = run.judged()
    if not metric:
        return None
    measured = []
    for saved in run.checkpoints:
        index = bisect_right(series.steps, saved) - 1
        if index >= 0 and (metric != WHOLE or series.steps[index] == saved):
            measured.append((values[index], saved))
    if measured:
        return min(measured)[1]
    lowest = series.steps[
        min(range(first_judged(len(values), is_smoothed=metric != WHOLE), len(values)), key=values.__getitem__)
    ]
    return max((saved for saved in run.checkpoints if saved <= lowest), default=None)


def _is_measured(name: str, sent: Sequence[Sent], run: Run) -> bool:
    values = run.trained().values if name == WHOLE else run.get(name).values
    return bool(values) or any(math.isfinite(each.metrics.get(name, math.nan)) for each in sent)


def _value(name: str, sent: Sent, run: Run) -> float | None:
    """Return the value of a metric at the step of a checkpoint: losses of single steps are smoothed."""
    series = run.get(name)
    step = sent.step_number
    index = -1 if step is None else bisect_right(series.steps, step) - 1
    if index >= 0 and name in (VALID, TRAIN):
        return run.smoothed(series)[index]
    if index >= 0 and series.steps[index] == step:
        return series.values[index]
    value = sent.metrics.get(name, math.nan)
    return value if math.isfinite(value) else None


def _epoch(step: int | None, run: Run) -> int | None:
    if step is None or not run.total_steps or not run.n_epochs:
        return None
    return max(1, math.ceil(step * run.n_epochs / run.total_steps))


def _noise(metric: str, run: Run) -> float:
    if metric not in REWARDS:
        return run.noise()
    series: Series = run.get(REWARDS[1])
    return smoothed_noise(series.noise(), run.weight(series)) if metric == REWARDS[0] else series.noise()


def _step(row: Saved) -> str:
    return f"Step {row.step}" if row.step is not None else row.id
