"""Decisions at the end of each step: validate, save, stop. All processes of a job decide the same."""

import time
from typing import Any

from datasets import Dataset
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from fttui.server.trainers.hf import processes
from fttui.server.trainers.hf.reports import FULL_VALID, VALID

VALIDATION_EXAMPLES = 5
"""Examples of the validation set of a step."""
VALIDATION_POINTS = 100
"""Approximate number of steps with a validation. Limits the time that long runs spend on it."""
SAVE_SHARE = 0.05
"""Largest share of the time to spend on saving, unless every step is to be saved (save_every=0)."""
PATIENCE = 20.0
"""Seconds after SIGTERM in which a validation may end. The service waits a minute before it kills the trainer."""


class Stopped(Exception):
    """SIGTERM was received, and the last saved state has to do."""


class StopRequest:
    """SIGTERM, once it was received, and its time."""

    def __init__(self) -> None:
        self.since: float | None = None

    def __bool__(self) -> bool:
        return self.since is not None

    def set(self) -> None:
        """Ask the training to save and stop."""
        self.since = time.monotonic()


class Pace(TrainerCallback):
    """Sets the flags of the trainer's control at the end of each step."""

    def __init__(self, stop: StopRequest, save_every: float, checkpoint_steps: int = 0) -> None:
        """
        Args:
            save_every: seconds between saved states.
            checkpoint_steps: steps between checkpoints, besides the ends of epochs; 0 for none.
        """
        self._stop = stop
        self._checkpoint_steps = checkpoint_steps
        self._save_every = save_every
        self._next_save = time.monotonic() + save_every
        self._sets: dict[str, Dataset] = {}
        self._trainer: Trainer | None = None
        self._save_began = 0.0
        self.epoch_steps = 1
        self.stopped = False
        """Whether training ended because of SIGTERM."""

    def attach(self, trainer: Trainer, epoch_steps: int) -> None:
        """Give the trainer whose validation set is chosen at each step, and the number of steps of an epoch."""
        self._trainer, self.epoch_steps = trainer, epoch_steps
        if isinstance(trainer.eval_dataset, dict):
            self._sets = dict(trainer.eval_dataset)
            self._choose(FULL_VALID)

    def is_checkpoint(self, step: int, max_steps: int) -> bool:
        """Return whether a checkpoint follows a step. The whole validation set is computed for it."""
        between = self._checkpoint_steps and step % self._checkpoint_steps == 0
        return step % self.epoch_steps == 0 or step == max_steps or bool(between)

    def checkpoints(self, max_steps: int) -> int:
        """Return the number of checkpoints of a training."""
        return sum(self.is_checkpoint(step, max_steps) for step in range(1, max_steps + 1))

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        step, ends = state.global_step, self.is_checkpoint(state.global_step, state.max_steps)
        control.should_log = True
        if self._sets:
            self._choose(FULL_VALID if ends else VALID)
            every = max(1, -(-state.max_steps // VALIDATION_POINTS))
            control.should_evaluate = ends or step == 1 or step % every == 0
        due, stop = processes.agree(time.monotonic() >= self._next_save, bool(self._stop))
        control.should_save = ends or due or stop
        if stop and step < state.max_steps:
            control.should_training_stop = self.stopped = True
        self._save_began = time.monotonic()

    def on_prediction_step(self, *_: Any, **__: Any) -> None:
        if self._stop.since is not None and time.monotonic() - self._stop.since > PATIENCE:
            raise Stopped

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        ended = time.monotonic()
        least = (ended - self._save_began) / SAVE_SHARE if self._save_every else 0
        self._next_save = ended + max(self._save_every, least)

    def _choose(self, name: str) -> None:
        assert self._trainer is not None
        self._trainer.eval_dataset = {name: self._sets[name]}
