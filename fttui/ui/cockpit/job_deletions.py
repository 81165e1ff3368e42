"""Deletion of jobs and of what belongs to them: tuned models, checkpoints, archived copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from fttui.core import questions
from fttui.core.availability import Verb
from fttui.models.job_key import JobKey
from fttui.models.row import JobRow
from fttui.store.snapshot import Outcome
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.outcomes import OutcomeReport, confirm
from fttui.ui.cockpit.pane_controller import ControllerContext
from fttui.ui.render.status_line import ALL
from fttui.ui.workers import StartAction

if TYPE_CHECKING:
    from fttui.store.port import StorePort

Ask = Callable[[], None]
"""Opens the question before a deletion."""


class JobDeletions:
    """Asks what to delete for the target jobs, tells what is lost, and sends it to the store."""

    def __init__(self, context: ControllerContext, report: OutcomeReport, start: StartAction) -> None:
        self._model, _, _, self._prompt = context
        self._report = report
        self._start = start

    @property
    def handlers(self) -> Handlers:
        return {"job.delete": self.delete}

    async def delete(self) -> None:
        """Ask what to delete, if there is a choice, and then whether to delete it."""
        store, rows = self._model.store, self._model.targets()
        reason = self._model.refusal("job.delete") or ("" if rows else "no job is selected")
        if reason or store is None:
            self._prompt.show_message(f"delete: {reason or 'not connected yet'}", "warn")
            return
        choices = await self._choices(store, rows)
        if len(choices) == 1:
            ((_, ask),) = choices.values()
            ask()
        else:
            jobs = questions.title_of(rows[0]) if len(rows) == 1 else f"{len(rows)} jobs"
            self._prompt.open_menu(f"Delete what of {jobs}?", choices, hint="esc nothing")

    async def _choices(self, store: StorePort, rows: Sequence[JobRow]) -> dict[str, tuple[str, Ask]]:
        """Return what can be deleted at present: a word and the question by key."""
        from fttui.core.affected import checkpoint_models, loss_of

        choices: dict[str, tuple[str, Ask]] = {}
        kinds = self._model.deletable(rows)
        if "job" in kinds:
            able = self._able("delete_job", rows)
            word = "job" if len(rows) == 1 else f"{len(able)} jobs"
            is_local = all(map(self._model.is_local, able))
            # Read before the question opens, so that keys typed after the choice meet the question.
            loss = await loss_of(store, self._model.snapshot.rows, able) if is_local else None
            choices["j"] = (word, partial(self._ask_jobs, store, able, rows, loss))
        if "model" in kinds:
            kept = [row for row in rows if not row.gone and not self._model.why_no_route("delete_model", row)]
            models = {_model_of(row): row for row in kept if row.fine_tuned_model}
            word = "model" if len(models) == 1 else f"{len(models)} models"
            choices["m"] = (word, partial(self._ask_models, store, models))
        if "checkpoints" in kinds:
            (row,) = rows
            checkpoints = checkpoint_models(store, row, is_local=self._model.is_local(row))
            word = f"{len(checkpoints)} checkpoint{'' if len(checkpoints) == 1 else 's'}"
            choices["c"] = (word, partial(self._ask_checkpoints, row, checkpoints))
        if "copy" in kinds:
            copies = self._able("delete_copy", rows)
            word = "archived copy" if len(rows) == 1 else f"{len(copies)} archived copies"
            choices["a"] = (word, partial(self._ask_copies, copies, rows))
        return choices

    def _able(self, verb: Verb, rows: Sequence[JobRow]) -> list[JobRow]:
        return [row for row in rows if not self._model.why_not(verb, row)]

    def _provider(self, rows: Sequence[JobRow]) -> str:
        if self._model.service.profile != ALL:
            return self._model.service.profile
        profiles = {row.profile for row in rows}
        return next(iter(profiles)) if len(profiles) == 1 else "their providers"

    # Questions

    def _ask_jobs(
        self, store: StorePort, able: list[JobRow], rows: Sequence[JobRow], loss: questions.JobLoss | None
    ) -> None:
        if loss is None:
            question = questions.delete_jobs_question(able, rows, questions.JobLoss(), self._provider(able))
        else:
            question = questions.delete_jobs_question(able, rows, loss)
        confirm(self._prompt, question, len(able), lambda: self._start(partial(self._send_jobs, store, able)))

    async def _send_jobs(self, store: StorePort, rows: Sequence[JobRow]) -> None:
        self._report.show(await store.delete_jobs([row.id for row in rows]), "deleted")

    def _ask_models(self, store: StorePort, models: Mapping[str, JobRow]) -> None:
        from fttui.core.affected import checkpoint_models, heirs_of

        rows = list(models.values())
        heirs = heirs_of(self._model.snapshot.rows, (row.fine_tuned_model for row in rows), rows)
        checkpoints = 0
        if len(rows) == 1:
            checkpoints = len(checkpoint_models(store, rows[0], is_local=self._model.is_local(rows[0])))
        question = questions.delete_models_question(list(models), rows, heirs, checkpoints)
        self._confirm_models(question, list(models), "models")

    def _ask_checkpoints(self, row: JobRow, models: list[str]) -> None:
        from fttui.core.affected import heirs_of

        plain = [JobKey.parse(model).id if row.profile else model for model in models]
        heirs = heirs_of(self._model.snapshot.rows, plain, [row])
        self._confirm_models(questions.delete_checkpoints_question(row, len(models), heirs), models, "checkpoints")

    def _confirm_models(self, question: str, models: list[str], things: str) -> None:
        confirm(
            self._prompt,
            question,
            len(models),
            lambda: self._start(partial(self._send_models, models, things)),
            things=things,
        )

    async def _send_models(self, models: Sequence[str], things: str) -> None:
        if self._model.store is not None:
            outcomes: dict[str, Outcome] = {name: await self._model.store.delete_model(name) for name in models}
            self._report.show(outcomes, "deleted", things=things)

    def _ask_copies(self, able: list[JobRow], rows: Sequence[JobRow]) -> None:
        question = questions.delete_copies_question(able, rows, self._provider(able))
        confirm(self._prompt, question, len(able), lambda: self._start(partial(self._send_copies, able)))

    async def _send_copies(self, rows: Sequence[JobRow]) -> None:
        if self._model.store is not None:
            self._report.show(await self._model.store.forget([row.id for row in rows]), "deleted")


def _model_of(row: JobRow) -> str:
    return str(JobKey(row.profile, row.fine_tuned_model)) if row.profile else row.fine_tuned_model
