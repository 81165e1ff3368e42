"""Work after a state is written: report metrics, samples and checkpoint, then let the state count."""

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from fttui.server.trainers.hf import processes, states
from fttui.server.trainers.hf.pace import Pace
from fttui.server.trainers.hf.reports import Reporter
from fttui.server.trainers.hf.samples import Run, Samples
from fttui.server.trainers.protocol import Progress


class Keeper(TrainerCallback):
    """Completes saved states. A kill at any moment leaves a state that is not later than the lines of progress."""

    def __init__(
        self,
        directory: str,
        progress: Progress | None,
        reporter: Reporter,
        pace: Pace,
        samples: Samples,
        micro_batch: tuple[int, int],
    ) -> None:
        """
        Args:
            progress: None in a process that is not the first.
            micro_batch: sequences that are computed at once, and tokens of each.
        """
        self._directory = directory
        self._progress = progress
        self._reporter = reporter
        self._pace = pace
        self._samples = samples
        self._micro_batch = micro_batch

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._progress is not None:
            steps, checkpoints = state.max_steps, self._pace.checkpoints(state.max_steps)
            self._samples.begin(Run(steps, checkpoints, self._micro_batch, args.gradient_accumulation_steps))

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.global_step == 0:
            self._write_samples(0, is_end=True)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        step = state.global_step
        self._reporter.flush()
        processes.wait_for_all()  # every process writes a part of the state
        if self._progress is not None:
            self._progress.sync()
            if self._pace.is_checkpoint(step, state.max_steps):
                self._write_samples(step, is_end=step == state.max_steps)
                name = states.keep_model(self._directory, step)
                self._progress.write("checkpoint", step=step, path=name, metrics=self._reporter.last)
                self._progress.sync()
            states.complete(self._directory, step)
        processes.wait_for_all()

    def _write_samples(self, step: int, *, is_end: bool) -> None:
        if self._progress is not None and (answers := self._samples.take(is_end=is_end)):
            self._progress.write("samples", step=step, samples=answers)
