"""Lines of progress of a running training: metrics by the names of the API, phases, what it runs on."""

import math
import resource
import sys
import time
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from fttui.server.trainers.protocol import Progress

_TRAIN = {
    "loss": "train_loss",
    "mean_token_accuracy": "train_mean_token_accuracy",
    "rewards/accuracies": "train_preference_accuracy",
    "rewards/margins": "train_mean_reward_margin",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
}
"""Names of the API, by the names in TRL's log."""
_VALID = {
    "mean_token_accuracy": "mean_token_accuracy",
    "rewards/accuracies": "preference_accuracy",
    "rewards/margins": "mean_reward_margin",
}
FULL_VALID, VALID = "full_valid", "valid"
"""Names of the validation sets: all examples, and the few of a step."""
_PHASE_EVERY = 1.0
"""Least seconds between two lines of a phase."""


class Diverged(Exception):
    """The loss is not a finite number."""


class Phases:
    """Phases before the first step. Without progress to write to, they are dropped."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._next = 0.0

    def begin(self, name: str) -> None:
        """Report a new phase."""
        self._write(name)

    def downloading(self, done: int, total: int) -> None:
        """Report the bytes of a download."""
        if done == 0 or done == total or self._is_due():
            known = {"done": done, "total": total} if total else {}
            self._write("downloading", **known, unit="bytes")

    def preparing(self, done: int) -> None:
        """Report the examples that are ready."""
        if self._is_due():
            self._write("preparing", done=done, unit="examples")

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _PHASE_EVERY
        return True

    def _write(self, name: str, **members: Any) -> None:
        if self._progress is not None:
            self._progress.write("phase", phase=name, **members)


class Reporter(TrainerCallback):
    """Writes one metrics line a step, and one for the validation before the first."""

    def __init__(self, progress: Progress | None) -> None:
        """
        Args:
            progress: None in a process that is not the first.
        """
        self._progress = progress
        self._line: dict[str, Any] | None = None
        self.last: dict[str, float] = {}
        """Metrics of the last line, without its steps."""
        self._began = self._took = 0.0
        self._tokens = 0.0

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.flush()
        self._began = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._took = time.monotonic() - self._began

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        logs = logs or {}
        if "loss" in logs:
            if not math.isfinite(logs["loss"]):
                raise Diverged(f"the loss at step {state.global_step} is not a finite number")
            self._line = {"step": state.global_step, "total_steps": state.max_steps}
            self._line |= {_TRAIN[name]: value for name, value in logs.items() if name in _TRAIN}
            self._line |= self._measured(logs)
        for which in (VALID, FULL_VALID):
            loss = logs.get(f"eval_{which}_loss")
            if loss is None:
                continue
            if self._line is None:  # before the first step
                self._line = {"step": state.global_step, "total_steps": state.max_steps}
            if math.isfinite(loss):
                self._line[f"{which}_loss"] = loss
            found = {f"{which}_{_VALID[name]}": logs[f"eval_{name}"] for name in _VALID if f"eval_{name}" in logs}
            self._line |= found

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.flush()

    def flush(self) -> None:
        """Write the line of the last step, if it is not written."""
        if self._line is None:
            return
        line = {name: value for name, value in self._line.items() if math.isfinite(value)}
        if self._progress is not None:
            self._progress.write("metrics", **line)
        self.last = {name: value for name, value in line.items() if name not in ("step", "total_steps")}
        self._line = None

    def _measured(self, logs: dict[str, float]) -> dict[str, float]:
        """Return the measured values, which differ between runs."""
        measured = {"step_seconds": round(self._took, 4), "device_memory_gib": round(peak_memory() / 2**30, 3)}
        if "num_tokens" in logs:
            measured["tokens_per_second"] = round((logs["num_tokens"] - self._tokens) / max(self._took, 1e-6))
            self._tokens = logs["num_tokens"]
        return measured


def peak_memory() -> int:
    """Return the most bytes that were in use: on the GPU of this process, else by the process itself."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
