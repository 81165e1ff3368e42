"""Simulated training runs, healthy and sick, with known answers. Everything follows from a seed."""

import csv
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fttui.learning.run import Run, run_of

CURVES = Path(__file__).parents[1] / "fixtures" / "curves"
"""Real runs of the embedded trainer: see `real_run`."""


class Simulated(NamedTuple):
    """A run and the step at which its sickness begins; None for a healthy run."""

    run: Run
    onset: int | None = None
    silent_from: float | None = None
    """Unix seconds after which a stalled run sends nothing."""


class Shape(NamedTuple):
    """Parameters of a run."""

    steps: int
    floor: float
    drop: float
    decay: Callable[[float], float]
    """Part of `drop` that is left after a part of the run, from 1 to about 0."""
    noise: float
    """Standard deviation of the training loss of one step, relative to the loss."""
    valid_every: int
    epochs: int
    spikes: float
    """Probability of a spike at one step."""
    seconds: float
    """Seconds of one step."""


def draw(chance: random.Random) -> Shape:
    """Draw the parameters of a run."""
    kind = chance.choice(("power", "exponential", "cosine"))
    power, rate = chance.uniform(0.2, 0.5), chance.uniform(1.5, 3.0)
    decays: dict[str, Callable[[float], float]] = {
        "power": lambda part: (1 + 60 * part) ** -power,
        "exponential": lambda part: math.exp(-rate * part),
        "cosine": lambda part: (1 + math.cos(math.pi * part)) / 2 * 0.4 + 0.6 * (1 + 80 * part) ** -power,
    }
    return Shape(
        steps=int(10 ** chance.uniform(1.8, 3.4)),
        floor=chance.uniform(0.4, 2.0),
        drop=chance.uniform(0.5, 4.0),
        decay=decays[kind],
        noise=10 ** chance.uniform(-2.0, -0.5),
        valid_every=chance.choice((1, 1, 1, 5, 10)),
        epochs=chance.randint(1, 6),
        spikes=chance.choice((0.0, 0.0, 0.005, 0.02)),
        seconds=10 ** chance.uniform(-1.0, 1.5),
    )


def healthy(seed: int) -> Simulated:
    """Return a run that learns until its end: noisy, with spikes and with pauses at checkpoints."""
    chance = random.Random(f"healthy {seed}")
    return Simulated(_run(chance, draw(chance), lambda part, loss: (loss, loss)))


def diverging(seed: int) -> Simulated:
    """Return a run whose loss grows from some step on, exponentially or to a higher level."""
    chance = random.Random(f"diverging {seed}")
    shape, start, sharp = draw(chance), chance.uniform(0.02, 0.7), chance.uniform(4.0, 30.0)
    top = chance.uniform(2.5, 60.0)

    def bend(part: float, loss: float) -> tuple[float, float]:
        if part < start:
            return loss, loss
        grown = loss * (1 + (top - 1) * (1 - math.exp(-sharp * (part - start))))
        return grown, grown

    return Simulated(_run(chance, shape, bend), int(start * shape.steps))


def overfitting(seed: int) -> Simulated:
    """Return a run whose validation loss rises by at least a tenth while its training loss falls."""
    chance = random.Random(f"overfitting {seed}")
    shape, start, rise = draw(chance), chance.uniform(0.15, 0.6), chance.uniform(0.12, 1.0)
    shape = shape._replace(epochs=max(5, shape.epochs), noise=min(shape.noise, 0.15), steps=max(150, shape.steps))

    def bend(part: float, loss: float) -> tuple[float, float]:
        if part < start:
            return loss, loss
        gone = (part - start) / (1 - start)
        lowest = shape.floor + shape.drop * shape.decay(start)
        return loss * (1 - 0.7 * gone), lowest * (1 + rise * gone)

    return Simulated(_run(chance, shape, bend), int(start * shape.steps))


def plateau(seed: int) -> Simulated:
    """Return a run that stops learning early. It has enough steps, and little enough noise, to tell."""
    chance = random.Random(f"plateau {seed}")
    shape, start = draw(chance), chance.uniform(0.03, 0.3)
    shape = shape._replace(steps=max(500, shape.steps), valid_every=1, noise=min(shape.noise, 0.04))
    level = shape.floor + shape.drop * shape.decay(start)
    return Simulated(
        _run(chance, shape, lambda part, loss: (loss, loss) if part < start else (level, level)),
        int(start * shape.steps),
    )


def not_finite(seed: int) -> Simulated:
    """Return a run whose losses are not numbers from some step on."""
    chance = random.Random(f"not finite {seed}")
    shape, start = draw(chance), chance.uniform(0.05, 0.9)

    def bend(part: float, loss: float) -> tuple[float, float]:
        return (loss, loss) if part < start else (math.nan, math.nan)

    return Simulated(_run(chance, shape, bend), int(start * shape.steps) + 1)


def stalled(seed: int) -> Simulated:
    """Return a run that stops reporting in its middle."""
    chance = random.Random(f"stalled {seed}")
    whole = _run(chance, draw(chance), lambda part, loss: (loss, loss))
    last = max(6, int(chance.uniform(0.1, 0.9) * (whole.total_steps or 0)))
    run = until(whole, last)
    return Simulated(run, last, run.times.values[-1])


SICK = {
    "non_finite": not_finite,
    "diverging": diverging,
    "overfitting": overfitting,
    "plateau": plateau,
    "stalled": stalled,
}
"""Makers of sick runs by the kind of the alarm that they must raise."""


def until(run: Run, step: int) -> Run:
    """Return a run as it was known at a step."""
    shown = Run(total_steps=run.total_steps, n_epochs=run.n_epochs)
    shown.checkpoints = tuple(saved for saved in run.checkpoints if saved <= step)
    for name, series in run.series.items():
        points = sorted(
            [*zip(series.steps, series.values, strict=True), *((gap, math.nan) for gap in series.not_finite)]
        )
        for at, value in points:
            if at <= step:
                shown.add(int(at), {name: value})
    for at, seconds in zip(run.times.steps, run.times.values, strict=True):
        if at <= step:
            shown.times.append(at, seconds)
    return shown


def points_of(run: Run) -> list[tuple[int, dict[str, float]]]:
    """Return the metrics of a run by step."""
    points: dict[int, dict[str, float]] = {}
    for name, series in run.series.items():
        for step, value in zip(series.steps, series.values, strict=True):
            points.setdefault(int(step), {})[name] = value
        for step in series.not_finite:
            points.setdefault(int(step), {})[name] = math.nan
    return sorted(points.items())


def real_run(name: str) -> Run:
    """Return a run of the embedded trainer. Names that begin with `diverge` and `overfit` are sick."""
    points, epochs = [], []
    with (CURVES / f"{name}.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            step, at = int(row.pop("step")), float(row.pop("created_at"))
            points.append((step, {key: float(value) for key, value in row.items() if value}, at))
            if row["full_valid_loss"]:
                epochs.append(step)
    return run_of(points, total_steps=points[-1][0], n_epochs=len(epochs), checkpoints=epochs)


def _run(chance: random.Random, shape: Shape, bend: Callable[[float, float], tuple[float, float]]) -> Run:
    gap, lull = chance.uniform(0.0, 0.1), chance.uniform(1.0, 8.0)
    ends = [round(shape.steps * epoch / shape.epochs) for epoch in range(1, shape.epochs + 1)]
    now, points = 1_790_000_000.0, []
    for step in range(1, shape.steps + 1):
        part = step / shape.steps
        train, valid = bend(part, shape.floor + shape.drop * shape.decay(part))
        values = {"train_loss": train * _noisy(chance, shape.noise, shape.spikes)}
        if step % shape.valid_every == 0:
            values["valid_loss"] = (valid + gap) * _noisy(chance, shape.noise * 0.6, 0.0)
        now += shape.seconds * chance.uniform(0.7, 1.5)
        if step in ends:
            # The whole file is measured once an epoch: little noise, and a pause.
            values["full_valid_loss"] = (valid + gap) * _noisy(chance, shape.noise * 0.1, 0.0)
            now += shape.seconds * lull
        points.append((step, values, float(int(now))))
    return run_of(points, total_steps=shape.steps, n_epochs=shape.epochs, checkpoints=ends)


def _noisy(chance: random.Random, noise: float, spikes: float) -> float:
    factor = max(0.05, chance.gauss(1.0, noise))
    return factor * chance.uniform(1.5, 4.0) if chance.random() < spikes else factor


def with_base(run: Run, base: float, wait: float = 40.0) -> Run:
    """Return a run with the validation of its base model, some seconds before the first step."""
    points: list[tuple[int, dict[str, float], float | None]] = [
        (0, {"full_valid_loss": base}, run.times.values[0] - wait)
    ]
    for step, at in zip(run.times.steps, run.times.values, strict=True):
        series = {name: each for name, each in run.series.items() if step in each.steps}
        points.append((int(step), {name: each.values[each.steps.index(step)] for name, each in series.items()}, at))
    return run_of(points, total_steps=run.total_steps, n_epochs=run.n_epochs, checkpoints=run.checkpoints)
