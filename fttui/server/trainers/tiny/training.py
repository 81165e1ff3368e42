"""The training loop: steps, measurements, checkpoints, and a state from which it goes on with the same numbers.

Everything that looks random is a function of the seed and the place in the run, so the state needs only the
step, the weights and the optimizer's two vectors.
"""

import json
import os
import time
from typing import Any, NamedTuple

import numpy as np

from fttui.server.trainers.tiny.files import Progress, load_model, load_state, save_model, save_state
from fttui.server.trainers.tiny.network import STANDARD, Floats, Ints, Network, Shape, base_weights
from fttui.server.trainers.tiny.objectives import Measure, Objective, Preference, Pulse, Supervised

LEARNING_RATE = 4e-3
PREFERENCE_RATE = 4e-4
"""DPO only has to tell two answers apart, and unlearns everything else when it is pulled too hard."""
WARMUP_STEPS = 10
CLIP = 1.0
DECAY_1, DECAY_2 = 0.9, 0.99

VALIDATION_EXAMPLES = 5
"""Examples in the small validation batch of a step."""
VALIDATION_POINTS = 300
"""A run validates at about this many of its steps, so that a long one does not spend its time on it."""
SAVE_EVERY = 1.0
"""Seconds between saved states, at least: about what a kill costs."""
SAVE_SHARE = 0.03
"""The share of its time that a trainer may spend on saving."""


class Diverged(Exception):
    """The loss is no longer a number."""


class Plan(NamedTuple):
    """The job as `job.json` gives it, resolved: nothing is `auto` any more."""

    method: str
    training_file: str
    validation_file: str | None
    start_model: str | None
    """A model file to start from; None is the base model."""
    seed: int
    epochs: int
    batch_size: int
    learning_rate_multiplier: float
    beta: float

    @classmethod
    def read(cls, directory: str) -> "Plan":
        """Read `job.json` in the job's directory.

        Raises:
            OSError, ValueError, KeyError: it cannot be read, or lacks something.
        """
        with open(os.path.join(directory, "job.json"), encoding="utf-8") as file:
            job: dict[str, Any] = json.load(file)

        def path(name: str | None) -> str | None:
            return os.path.join(directory, name) if name else None

        given = job["hyperparameters"]
        training_file = path(job["training_file"])
        assert training_file is not None
        return cls(
            method=job["method"],
            training_file=training_file,
            validation_file=path(job.get("validation_file")),
            start_model=path(job["model"].get("path")),
            seed=int(job["seed"]),
            epochs=int(given["n_epochs"]),
            batch_size=int(given["batch_size"]),
            learning_rate_multiplier=float(given["learning_rate_multiplier"]),
            beta=float(given.get("beta", 0.1)),
        )


class Training:
    """One job's training. `run` returns the members of its result line."""

    def __init__(
        self, directory: str, plan: Plan, progress: Progress, pulse: Pulse = lambda: None, shape: Shape = STANDARD
    ) -> None:
        self._directory = directory
        self._plan = plan
        self._progress = progress
        self._outer_pulse = pulse
        self._may_stop = True
        self._shape = shape
        start = base_weights(shape) if plan.start_model is None else load_model(plan.start_model, shape)
        reference = Network(start, shape)
        self._train = self._objective(plan.training_file, reference)
        self._valid = self._objective(plan.validation_file, reference) if plan.validation_file else None
        self._epoch_steps = -(-len(self._train) // plan.batch_size)
        self._steps = self._epoch_steps * plan.epochs

        self._step = 0
        self._weights = start.copy()
        self._moments = (np.zeros_like(start), np.zeros_like(start))
        if (saved := load_state(directory, 3)) is not None:
            header, vectors = saved
            self._step = int(header["step"])
            self._weights, *moments = vectors
            self._moments = (moments[0], moments[1])
        self._saved_step = self._step
        self._between_steps = True
        self._gradient = np.empty_like(start)
        self._epoch_order: tuple[int, Ints] = (-1, np.empty(0, dtype=np.int64))
        self._network = Network(self._weights, shape)

    def _objective(self, path: str, reference: Network) -> Objective:
        if self._plan.method == "dpo":
            return Preference(path, self._pulse, reference, self._plan.beta)
        return Supervised(path, self._pulse)

    def _pulse(self) -> None:
        if self._may_stop:
            self._outer_pulse()

    def run(self) -> dict[str, Any]:
        """Train to the end.

        Raises:
            Diverged: the loss became infinite or no number.
        """
        next_save = time.monotonic()
        while self._step < self._steps:
            self._one_step()
            began = time.monotonic()
            if began >= next_save:
                self.save()
                ended = time.monotonic()
                next_save = ended + max(SAVE_EVERY, (ended - began) / SAVE_SHARE)
        return {"checkpoint": self._steps, "trained_tokens": self._train.tokens * self._plan.epochs}

    def save(self) -> None:
        """Save the state after the last whole step, unless it is saved already.

        Within a step whose update is done but not told, nothing is saved: an older state gives the same numbers.
        """
        if self._between_steps and self._step != self._saved_step:
            self._progress.sync()
            save_state(self._directory, {"step": self._step}, [self._weights, *self._moments])
            self._saved_step = self._step

    def _one_step(self) -> None:
        step = self._step + 1
        epoch, within = divmod(self._step, self._epoch_steps)
        order, size = self._order(epoch), self._plan.batch_size
        self._gradient.fill(0)
        some = order[within * size : (within + 1) * size].tolist()
        measure = self._train.measure(self._network, some, self._gradient)
        # Until the step is told, its update must not be saved; so as little as can be is interrupted from here on.
        self._between_steps = self._may_stop = False
        if measure.loss is not None:
            if not np.isfinite(measure.loss):
                raise Diverged(f"the loss at step {step} is not a finite number")
            self._update(step, self._gradient)
        metrics = {"step": step, "total_steps": self._steps, **_named("train", measure)}
        if self._valid is not None and self._validates(step):
            first = step * VALIDATION_EXAMPLES
            some = sorted({(first + index) % len(self._valid) for index in range(VALIDATION_EXAMPLES)})
            metrics |= _named("valid", self._valid.measure(self._network, some))
        ends_epoch = within + 1 == self._epoch_steps
        if ends_epoch and self._valid is not None:
            self._may_stop = True  # the whole of it may take long; an older state costs less than waiting
            every = list(range(len(self._valid)))
            metrics |= _named("full_valid", self._valid.measure(self._network, every))
        self._progress.say("metrics", **metrics)
        if ends_epoch:
            name = f"step-{step}.bin"
            save_model(os.path.join(self._directory, name), self._shape, self._weights)
            self._progress.say("checkpoint", step=step, path=name, metrics=metrics)
        self._step = step
        self._between_steps = self._may_stop = True

    def _order(self, epoch: int) -> Ints:
        """The order of the examples in an epoch: a function of the seed and the epoch alone."""
        if self._epoch_order[0] != epoch:
            random = np.random.default_rng([self._plan.seed, epoch])
            self._epoch_order = (epoch, random.permutation(len(self._train)))
        return self._epoch_order[1]

    def _validates(self, step: int) -> bool:
        return step in (1, self._steps) or step % -(-self._steps // VALIDATION_POINTS) == 0

    def _update(self, step: int, gradient: Floats) -> None:
        """One step of Adam, with a linear warm-up, a linear decay to a tenth, and a clipped gradient."""
        norm = float(np.sqrt(np.dot(gradient, gradient)))
        if norm > CLIP:
            gradient *= CLIP / norm
        mean, square = self._moments
        mean *= DECAY_1
        mean += (1 - DECAY_1) * gradient
        square *= DECAY_2
        gradient *= gradient
        square += (1 - DECAY_2) * gradient
        warmup = min(WARMUP_STEPS, max(1, self._steps // 10))
        pace = min(1.0, step / warmup) * (1 - 0.9 * max(0, step - warmup) / max(1, self._steps - warmup))
        base = PREFERENCE_RATE if self._plan.method == "dpo" else LEARNING_RATE
        rate = base * self._plan.learning_rate_multiplier * pace
        np.divide(square, 1 - DECAY_2**step, out=gradient)
        np.sqrt(gradient, out=gradient)
        gradient += 1e-8
        np.divide(mean, gradient, out=gradient)
        gradient *= rate / (1 - DECAY_1**step)
        self._weights -= gradient


def _named(prefix: str, measure: Measure) -> dict[str, float]:
    found = {
        f"{prefix}_loss": measure.loss,
        f"{prefix}_mean_token_accuracy": measure.accuracy,
        f"{prefix}_mean_reward_margin": measure.margin,
        f"{prefix}_preference_accuracy": measure.preferred,
    }
    return {name: value for name, value in found.items() if value is not None}
