"""Commands that open Try: for the job or checkpoint under the cursor, for two marked jobs, or for a named model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from fttui.core.affected import without_dropped
from fttui.core.job_names import UnclearName, completions, only_match
from fttui.core.try_candidates import ALONE, BASE, Candidate, Subject, newest, renewed, subject_of
from fttui.learning.checkpoints import Checkpoints, judged_checkpoints
from fttui.models.row import JobRow
from fttui.ui.cockpit.command_line import CommandError
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.cockpit.sample_commands import SampleCommands, SamplesLook

if TYPE_CHECKING:
    from textual.screen import Screen

OpenTry = Callable[[CockpitModel, Subject, Callable[[], None]], Awaitable[None]]
"""Opens Try. The last argument is called when it is closed."""


class TryCommands:
    """Finds the models to try, and opens Try, or the answers that were stored during the training."""

    def __init__(
        self,
        screen: Screen[None],
        model: CockpitModel,
        look: SamplesLook,
        open_try: OpenTry,
        show_note: Callable[[str], object],
        closed: Callable[[], None],
    ) -> None:
        """
        Args:
            screen: used to open screens.
            look: what the screen of stored answers needs.
            show_note: shows why nothing is opened.
            closed: called when Try is closed.
        """
        self._model = model
        self._open_try = open_try
        self._show_note = show_note
        self._closed = closed
        self._samples = SampleCommands(screen, model, look, self.try_step, show_note)

    @property
    def handlers(self) -> Handlers:
        return {"model.try": self.open}

    async def open(self) -> None:
        """Open Try for the targets: one job against its base model, or two jobs."""
        if reason := self._model.refusal("model.try"):
            self._show_note(f"try: {reason}")
        else:
            await self.open_jobs(self._model.targets())

    async def open_jobs(self, rows: Sequence[JobRow]) -> None:
        """Open Try for one or two jobs. A job without a model shows its answers during the training."""
        if len(rows) > 2:
            self._show_note("try: it takes one job or two, not more.")
            return
        subjects = [found for row in rows if (found := subject_of(row, self._checkpoints(row)))]
        if subjects:
            await self._open(subjects[0] if len(subjects) == 1 else _joined(*subjects))
        elif rows:
            await self._samples.open(rows[0])

    async def open_step(self, row: JobRow, step: int) -> None:
        """Show the answers that are stored for a step of a job; where there are none, try its checkpoint."""
        if self._model.has_samples(row, step):
            await self._samples.open(row, step)
        elif reason := await self.try_step(row, step):
            self._show_note(reason)

    async def try_step(self, row: JobRow, step: int) -> str:
        """Open Try for the checkpoint of a step. Return why that is impossible; empty when it is open."""
        if reason := self._model.why_not("try_model"):
            return f"try: {reason}"
        checkpoints = self._checkpoints(row)
        found = next((saved.model for saved in checkpoints.rows if saved.step == step and saved.model), "")
        subject = subject_of(row, checkpoints, found) if found else None
        if subject is None:
            return f"No model of step {step} is kept."
        await self._open(subject)
        return ""

    async def _open(self, subject: Subject) -> None:
        await self._open_try(self._model, subject, self._closed)

    async def open_named(self, name: str) -> None:
        """Open Try for a model alone, or for a job. Without a name, for the targets.

        Raises:
            CommandError: several jobs have the name, or no question can be sent.
        """
        if not name:
            await self.open()
            return
        if reason := self._model.why_not("try_model"):
            raise CommandError(f"try: {reason}")
        rows = self._model.rows().values()
        try:
            row = only_match(rows, name, self._model.now())
        except UnclearName as error:
            raise CommandError(str(error).partition("\n")[0]) from None
        if row is not None:
            await self.open_jobs([row])
            return
        made = [row for row in rows if row.fine_tuned_model == name]
        choices = subject_of(made[0], self._checkpoints(made[0])) if made else None
        alone = next((each for each in choices.choices if each.model == name), None) if choices else None
        if alone is None:
            alone = Candidate(name, BASE if any(row.model == name for row in rows) else ALONE)
        subject = Subject(name, (alone,), choices.choices if choices else (alone,), choices.job if choices else "")
        await self._open(subject)

    def names(self) -> Iterable[str]:
        """Return what `:try` completes: jobs, tuned models and base models."""
        rows = list(self._model.rows().values())
        models = [*(row.fine_tuned_model for row in rows), *(row.model for row in rows)]
        return list(dict.fromkeys(filter(None, [*completions(rows), *models])))

    def _checkpoints(self, row: JobRow) -> Checkpoints:
        return _checkpoints_of(self._model, row)


def present_subject(model: CockpitModel, subject: Subject) -> Subject | None:
    """Return a subject with the models that its job has now; None for two jobs, or one that is unknown."""
    row = model.rows().get(subject.job)
    if row is None or any(candidate.job for candidate in subject.shown):
        return None
    return renewed(subject, row, _checkpoints_of(model, row))


def _checkpoints_of(model: CockpitModel, row: JobRow) -> Checkpoints:
    store = model.store
    if store is None:
        return Checkpoints()
    found = judged_checkpoints(store.checkpoints(row.id), store.run(row.id))
    return without_dropped(found) if model.is_local(row) else found


def _joined(first: Subject, second: Subject) -> Subject:
    """Return the newest models of two jobs. The prompts are those of the first one."""
    shown = []
    choices: list[Candidate] = []
    for subject in (first, second):
        tried = newest(subject.choices)
        if tried is not None:
            renamed = tried._replace(job=subject.title)
            shown.append(renamed)
            choices.append(renamed)
    return Subject(f"{first.title}, {second.title}", tuple(shown), tuple(choices), first.job)
