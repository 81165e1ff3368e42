"""Models to try: the base model, the tuned model and the checkpoints of a job, or a model alone."""

from collections.abc import Sequence

from fttui.lean_typing import NamedTuple
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
    job: str = ""
    """Name of the job, where models of several jobs are shown; empty elsewhere."""

    @property
    def name(self) -> str:
        """Short name beside the answer: `base`, `tuned`, `step 180`, or the model."""
        if self.job:
            return self.job
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


class Subject(NamedTuple):
    """Models to try together, and their job."""

    title: str
    """Name of the job, or the model."""
    shown: tuple[Candidate, ...]
    """One or two models, the second of which is the interesting one."""
    choices: tuple[Candidate, ...] = ()
    """All models of the job."""
    job: str = ""
    """Id of the job, whose files have the prompts; empty without one."""


def renewed(subject: Subject, job: JobRow, checkpoints: Checkpoints) -> Subject:
    """Return a subject with the models that its job has meanwhile. The models that are shown stay."""
    found = {candidate.model: candidate for candidate in candidates(job, checkpoints)}
    shown = tuple(found.get(candidate.model, candidate) for candidate in subject.shown)
    return subject._replace(shown=shown, choices=tuple(found.values()))


def subject_of(job: JobRow, checkpoints: Checkpoints, chosen: str = "") -> Subject | None:
    """Return the base model against the newest model of a job, or against a chosen one. None without a model."""
    found = candidates(job, checkpoints)
    tried = next((each for each in found if each.model == chosen), None) if chosen else newest(found)
    if tried is None:
        return None
    base = [each for each in found if each.kind == BASE and each != tried]
    return Subject(job.name, (*base, tried), tuple(found), job.id)


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
