"""What happens after a state is written: metrics, samples and checkpoint are reported, then the state counts."""

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from fttui.server.trainers.hf import processes, states
from fttui.server.trainers.hf.pace import Pace
from fttui.server.trainers.hf.reports import Reporter
from fttui.server.trainers.hf.samples import Samples
from fttui.server.trainers.protocol import Progress


class Keeper(TrainerCallback):
    """Completes saved states. A kill at any moment leaves a state that is not later than the lines of progress."""

    def __init__(
        self, directory: str, progress: Progress | None, reporter: Reporter, pace: Pace, samples: Samples
    ) -> None:
        self._directory = directory
        self._progress = progress
        self._reporter = reporter
        self._pace = pace
        self._samples = samples

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.global_step == 0:
            self._write_samples(0)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        step = state.global_step
        self._reporter.flush()
        processes.wait_for_all()  # every process writes a part of the state
        if self._progress is not None:
            self._progress.sync()
            if self._pace.ends_epoch(state):
                self._write_samples(step)
                name = states.keep_model(self._directory, step)
                self._progress.write("checkpoint", step=step, path=name, metrics=self._reporter.last)
                self._progress.sync()
            states.complete(self._directory, step)
        processes.wait_for_all()

    def _write_samples(self, step: int) -> None:
        if self._progress is not None and (answers := self._samples.take()):
            self._progress.write("samples", step=step, samples=answers)
