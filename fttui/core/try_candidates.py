"""Models to try: the base model, the tuned model and the checkpoints of a job, or a model alone."""

from collections.abc import Sequence
from typing import NamedTuple

from fttui.learning.checkpoints import Checkpoints
from fttui.models.row import JobRow, short_model

BASE, TUNED, CHECKPOINT, ALONE = "base", "tuned", "checkpoint", "model"


class Candidate(NamedTuple):
    """A model that can be tried."""

    model: str
    kind: str = ALONE
    """`base`, `tuned`, `checkpoint`, or `model` for one of which nothing else is known."""
    step: int | None = None
    is_best: bool = False
    """Checkpoint with the best validation of the job."""

    @property
    def name(self) -> str:
        """Short name beside the answer: `base`, `tuned`, `step 180`, or the model."""
        if self.kind == CHECKPOINT:
            return f"step {self.step}" if self.step is not None else self.model
        return short_model(self.model) if self.kind == ALONE else self.kind

    @property
    def title(self) -> str:
        """Long name: `base Qwen/Qwen3-0.6B`, `tuned step 360 ✶`."""
        if self.kind == BASE:
            return f"base {short_model(self.model)}"
        best = " ✶" if self.is_best else ""
        at = f" step {self.step}" if self.kind == TUNED and self.step is not None else ""
        return f"{self.name}{at}{best}"


def candidates(job: JobRow, checkpoints: Checkpoints) -> list[Candidate]:
    """Return the models of a job: base, tuned, then the other checkpoints by step."""
    best = checkpoints.best
    found = [Candidate(job.model, BASE)] if job.model else []
    saved = {row.model: row for row in checkpoints.rows if row.model}
    if job.fine_tuned_model:
        row = saved.pop(job.fine_tuned_model, None)
        is_best = row is not None and row == best
        found.append(Candidate(job.fine_tuned_model, TUNED, row.step if row else None, is_best))
    found += [Candidate(model, CHECKPOINT, row.step, row == best) for model, row in saved.items()]
    return found


def newest(found: Sequence[Candidate]) -> Candidate | None:
    """Return the tuned model among the models of a job, else its last checkpoint; None without either."""
    tuned = [candidate for candidate in found if candidate.kind == TUNED]
    return next(iter(tuned), found[-1] if found and found[-1].kind == CHECKPOINT else None)


def why_no_model(job: JobRow) -> str:
    """Return the reason why a job without checkpoints has no model to try."""
    if not job.status.is_live:
        return f"{job.name} ended without a model"
    whole, epochs = job.total_steps, job.epochs
    if whole and epochs.isdecimal() and int(epochs):
        return f"{job.name} has no model yet; its first checkpoint comes at step {-(-whole // int(epochs))}"
    return f"{job.name} has no model yet"
