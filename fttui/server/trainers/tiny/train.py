"""The training loop: steps, metrics, checkpoints, and a saved state for an exact restart.

All random choices are functions of the seed and the step. The saved state therefore consists of the step, the weights
and the two vectors of the optimizer.
"""

import os
import time
from typing import Any

import numpy as np

from fttui.server.trainers.protocol import Progress, RunSettings
from fttui.server.trainers.tiny.job_files import (
    Damaged,
    load_model,
    load_state,
    save_model,
    save_state,
    set_state_aside,
)
from fttui.server.trainers.tiny.network import STANDARD, Floats, Ints, Network, Shape, base_weights
from fttui.server.trainers.tiny.objectives import CheckStop, Metrics, Objective, Preference, Supervised
from fttui.server.trainers.tiny.samples import FORWARD, Samples, read_prompts

LEARNING_RATE = 4e-3
PREFERENCE_RATE = 4e-4
"""Lower for DPO, which only has to tell two answers apart: a higher rate destroys the rest of the model."""
WARMUP_STEPS = 10
CLIP = 1.0
DECAY_1, DECAY_2 = 0.9, 0.99

VALIDATION_EXAMPLES = 5
"""Examples in the validation batch of a step."""
VALIDATION_POINTS = 300
"""Approximate number of steps with a validation batch. Limits the time that long runs spend on validation."""
SAVE_EVERY = 1.0
"""Minimum seconds between saved states: about the work that a kill loses."""
SAVE_SHARE = 0.03
"""Largest share of the time to spend on saving."""


class Diverged(Exception):
    """The loss is not a finite number."""


class TrainingRun:
    """Training of one job."""

    def __init__(
        self,
        directory: str,
        settings: RunSettings,
        progress: Progress,
        check_stop: CheckStop = lambda: None,
        shape: Shape = STANDARD,
    ) -> None:
        self._directory = directory
        self._settings = settings
        self._progress = progress
        self._raise_if_stopped = check_stop
        self._may_stop = True
        self._shape = shape
        start = base_weights(shape) if settings.start_model is None else load_model(settings.start_model, shape)
        reference = Network(start, shape)
        self._train = self._objective(settings.training_file, reference)
        self._valid = self._objective(settings.validation_file, reference) if settings.validation_file else None
        self._epoch_steps = -(-len(self._train) // settings.batch_size)
        self._steps = self._epoch_steps * settings.epochs

        prompts = read_prompts(settings.validation_file or settings.training_file, settings.method)
        self._samples = Samples(prompts, self._work(), settings.epochs, shape.reach)

        self._step = 0
        self._weights = start.copy()
        self._moments = (np.zeros_like(start), np.zeros_like(start))
        if (saved := self._saved_state()) is not None:
            header, vectors = saved
            self._step = int(header["step"])
            self._weights, *moments = vectors
            self._moments = (moments[0], moments[1])
        self._saved_step = self._step
        self._between_steps = True
        self._gradient = np.empty_like(start)
        self._epoch_order: tuple[int, Ints] = (-1, np.empty(0, dtype=np.int64))
        self._network = Network(self._weights, shape)

    def _work(self) -> float:
        """Return the work of the run, counted in tokens of the training. Tokens of the validation are cheaper."""
        trained = self._train.tokens * self._settings.epochs
        if self._valid is None:
            return trained
        steps = self._steps // self._validation_stride
        single = steps * min(VALIDATION_EXAMPLES, len(self._valid)) * self._valid.tokens / len(self._valid)
        return trained + FORWARD * (single + self._valid.tokens * (self._settings.epochs + 1))

    def _saved_state(self) -> tuple[dict[str, Any], list[Floats]] | None:
        """Return the saved state. A damaged one is set aside: without it, the same numbers are computed again."""
        try:
            return load_state(self._directory, 3)
        except Damaged as error:
            aside = set_state_aside(self._directory)
            words = f"The saved state cannot be used: {error}. It was set aside as {aside}"
            self._progress.write("message", level="warn", message=f"{words}; the training begins again at step 1")
            return None

    def _objective(self, path: str, reference: Network) -> Objective:
        if self._settings.method == "dpo":
            return Preference(path, self._check_stop, reference, self._settings.beta)
        return Supervised(path, self._check_stop)

    def _check_stop(self) -> None:
        if self._may_stop:
            self._raise_if_stopped()

    def run(self) -> dict[str, Any]:
        """Train to the end. Return the members of the result line.

        Raises:
            Diverged: the loss is not a finite number.
        """
        next_save = time.monotonic()
        if self._step == 0:
            self._report_base()
            self._report_samples(0)
        while self._step < self._steps:
            self._train_step()
            began = time.monotonic()
            if began >= next_save:
                self.save()
                ended = time.monotonic()
                next_save = ended + max(SAVE_EVERY, (ended - began) / SAVE_SHARE)
        return {"checkpoint": self._steps, "trained_tokens": self._train.tokens * self._settings.epochs}

    def save(self) -> None:
        """Save the state after the last complete step, unless it is saved already.

        Nothing is saved between the update of a step and its progress line: a restart from the older state gives the
        same numbers.
        """
        if self._between_steps and self._step != self._saved_step:
            self._progress.sync()
            save_state(self._directory, {"step": self._step}, [self._weights, *self._moments])
            self._saved_step = self._step

    def _report_base(self) -> None:
        """Validate the model before the first step, so that the curve begins with it. A restart repeats the line."""
        if self._valid is None:
            return
        metrics = _prefixed("full_valid", self._valid.measure(self._network, list(range(len(self._valid)))))
        if metrics and all(map(np.isfinite, metrics.values())):  # else the first step reports what is wrong
            self._progress.write("metrics", step=0, total_steps=self._steps, **metrics)

    def _report_samples(self, step: int) -> None:
        if found := self._samples.of(self._network, is_end=step in (0, self._steps)):
            self._progress.write("samples", step=step, samples=found)

    def _train_step(self) -> None:
        step = self._step + 1
        epoch, within = divmod(self._step, self._epoch_steps)
        order, size = self._order(epoch), self._settings.batch_size
        self._gradient.fill(0)
        indices = order[within * size : (within + 1) * size].tolist()
        batch_metrics = self._train.measure(self._network, indices, self._gradient)
        # The update must not be saved before its progress line is written, so allow no interruption from here on.
        self._between_steps = self._may_stop = False
        if batch_metrics.loss is not None:
            if not np.isfinite(batch_metrics.loss):
                raise Diverged(f"the loss at step {step} is not a finite number")
            self._update(step, self._gradient)
        metrics = {"step": step, "total_steps": self._steps, **_prefixed("train", batch_metrics)}
        if self._valid is not None and self._validates(step):
            first = step * VALIDATION_EXAMPLES
            indices = sorted({(first + index) % len(self._valid) for index in range(VALIDATION_EXAMPLES)})
            metrics |= _prefixed("valid", self._valid.measure(self._network, indices))
        ends_epoch = within + 1 == self._epoch_steps
        if ends_epoch and self._valid is not None:
            self._may_stop = True  # full validation can take long; an older state costs less than waiting
            all_indices = list(range(len(self._valid)))
            metrics |= _prefixed("full_valid", self._valid.measure(self._network, all_indices))
        self._progress.write("metrics", **metrics)
        if ends_epoch:
            name = f"step-{step}.bin"
            save_model(os.path.join(self._directory, name), self._shape, self._weights)
            self._report_samples(step)
            self._progress.write("checkpoint", step=step, path=name, metrics=metrics)
        self._step = step
        self._between_steps = self._may_stop = True

    def _order(self, epoch: int) -> Ints:
        """Return the order of the examples in an epoch, a function of seed and epoch."""
        if self._epoch_order[0] != epoch:
            random = np.random.default_rng([self._settings.seed, epoch])
            self._epoch_order = (epoch, random.permutation(len(self._train)))
        return self._epoch_order[1]

    def _validates(self, step: int) -> bool:
        return step in (1, self._steps) or step % self._validation_stride == 0

    @property
    def _validation_stride(self) -> int:
        return -(-self._steps // VALIDATION_POINTS)

    def _update(self, step: int, gradient: Floats) -> None:
        """Update the weights by Adam with clipped gradient, linear warm-up, and linear decay to a tenth."""
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
        schedule = min(1.0, step / warmup) * (1 - 0.9 * max(0, step - warmup) / max(1, self._steps - warmup))
        base = PREFERENCE_RATE if self._settings.method == "dpo" else LEARNING_RATE
        rate = base * self._settings.learning_rate_multiplier * schedule
        np.divide(square, 1 - DECAY_2**step, out=gradient)
        np.sqrt(gradient, out=gradient)
        gradient += 1e-8
        np.divide(mean, gradient, out=gradient)
        gradient *= rate / (1 - DECAY_1**step)
        self._weights -= gradient


def _prefixed(prefix: str, metrics: Metrics) -> dict[str, float]:
    values = {
        f"{prefix}_loss": metrics.loss,
        f"{prefix}_mean_token_accuracy": metrics.accuracy,
        f"{prefix}_mean_reward_margin": metrics.margin,
        f"{prefix}_preference_accuracy": metrics.preferred,
    }
    return {name: value for name, value in values.items() if value is not None}
