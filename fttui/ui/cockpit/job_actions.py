"""Actions on jobs: create, clone, cancel, pause, resume and delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fttui.core.availability import pause_or_resume, why_none
from fttui.models.job_key import JobKey
from fttui.models.row import JobRow, short_id
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.outcomes import OutcomeReport, confirm
from fttui.ui.cockpit.pane_controller import ControllerContext

if TYPE_CHECKING:
    from fttui.models.job import Job
    from fttui.store.snapshot import Outcome

Closed = Callable[["Outcome | None", Sequence[str]], None]
"""Receives the outcome of the form, None when the user left it, and the ids of the files it uploaded."""
OpenForm = Callable[["Job | None", Closed], Awaitable[None]]
"""Opens the form that creates a job, filled with the settings of a job or with defaults."""
Run = Callable[[Coroutine[Any, Any, None]], object]
"""Runs a coroutine in the background. It is never cancelled: a request that is half sent must finish and report."""


class JobActions:
    """Checks that an action is possible, asks the user, and sends it to the store."""

    def __init__(
        self,
        context: ControllerContext,
        report: OutcomeReport,
        run: Run,
        open_form: OpenForm,
        delete_files: Callable[[Sequence[str], str], None],
        show_job: Callable[[str], None],
    ) -> None:
        """
        Args:
            delete_files: asks a question about files and deletes them at the provider.
            show_job: shows a job in the list without a filter.
        """
        self._model, _, _, self._prompt = context
        self._report = report
        self._run = run
        self._open_form = open_form
        self._delete_files = delete_files
        self._show_job = show_job

    @property
    def handlers(self) -> Handlers:
        return {
            "job.create": self.create,
            "job.clone": self.clone,
            "job.cancel": self.cancel,
            "job.pause": self.pause,
            "job.delete": self.delete,
        }

    # Create

    async def create(self) -> None:
        """Open the form."""
        if not self.refuse("job.create"):
            await self._open_form(None, self._form_closed)

    async def clone(self) -> None:
        """Open the form with the settings of the selected job."""
        if self.refuse("job.clone"):
            return
        if (job := self._model.job) is None:
            self._prompt.show_message("The settings of this job are not loaded yet.", "warn")
            return
        await self._open_form(job, self._form_closed)

    def _form_closed(self, outcome: Outcome | None, uploaded: Sequence[str]) -> None:
        if outcome is not None:
            self._prompt.show_message(
                outcome.message or f"Created {self._report.name(outcome.id)}", "" if outcome.ok else "warn"
            )
            self._model.watched.add(outcome.id)
            self._show_job(outcome.id)
        elif uploaded:
            files, them = ("file", "it") if len(uploaded) == 1 else ("files", "them")
            self._delete_files(uploaded, f"No job uses the {len(uploaded)} uploaded {files}. Delete {them}?")

    # Cancel, pause, resume

    def cancel(self) -> None:
        """Ask, then cancel those of the targets that can be cancelled."""
        if self.refuse("job.cancel"):
            return
        rows = self._model.targets()
        able = [row for row in rows if not self._model.why_not("cancel", row)]
        one = len(able) == 1
        number = f"{len(able)} of {len(rows)}" if len(able) < len(rows) else f"{len(able)}"
        jobs = f"{short_id(able[0].id)} ({able[0].status_text})" if one else f"{number} jobs ({_states(able)})"
        question = f"Cancel {jobs}? {'It' if one else 'They'} cannot be resumed."
        ids = [row.id for row in able]
        confirm(self._prompt, question, "cancel", len(ids), lambda: self._cancel(ids))

    def _cancel(self, ids: list[str]) -> None:
        self._model.cancel_sent(ids)
        self._report.redraw(frozenset(ids))
        self._run(self._send_cancel(ids))

    async def _send_cancel(self, ids: list[str]) -> None:
        if self._model.store is not None:
            outcomes = await self._model.store.cancel(ids)
            self._model.cancel_answered(ids)
            self._report.show(outcomes, "cancelled")

    def pause(self) -> None:
        """Pause running jobs and resume paused ones; ask when there are several."""
        if self.refuse("job.pause"):
            return
        able: dict[str, list[str]] = {"pause": [], "resume": []}
        for row in self._model.targets():
            verb = pause_or_resume(row)
            if not self._model.why_not(verb, row):
                able[verb].append(row.id)
        number = sum(map(len, able.values()))
        if number == 1:
            self._run(self._send_pause(able))
            return
        words = " and ".join(f"{verb} {len(ids)}" for verb, ids in able.items() if ids)
        question = f"{words.capitalize()} jobs?"
        confirm(self._prompt, question, "do it", number, lambda: self._run(self._send_pause(able)))

    async def _send_pause(self, able: dict[str, list[str]]) -> None:
        if self._model.store is None:
            return
        if running := able["pause"]:
            self._report.show(await self._model.store.pause(running), "paused")
        if paused := able["resume"]:
            self._report.show(await self._model.store.resume(paused), "resumed")

    # Delete

    def delete(self) -> None:
        """Offer to delete the tuned models of jobs, or their copies in the archive."""
        rows = self._model.targets()
        if self.refuse("job.delete"):
            return
        if not rows:
            self._prompt.show_message("delete: no job is selected", "warn")
            return
        models = list(dict.fromkeys(_model_id(row) for row in rows if row.fine_tuned_model))
        choices: dict[str, tuple[str, Callable[[], None]]] = {
            "a": ("archived copy", lambda: self._ask_delete_copies(rows))
        }
        if models:
            word = "tuned model" if len(models) == 1 else f"{len(models)} tuned models"
            choices = {"m": (word, lambda: self._ask_delete_models(models))} | choices
        jobs = short_id(rows[0].id) if len(rows) == 1 else f"{len(rows)} jobs"
        self._prompt.open_menu(f"Delete for {jobs}:", choices)

    def _ask_delete_models(self, models: list[str]) -> None:
        if reason := self._model.why_not("delete_model"):
            self._prompt.show_message(f"delete: {reason}", "warn")
            return
        named = models[0] if len(models) == 1 else f"{len(models)} tuned models"
        question = f"Delete {named}? Requests to it will fail."
        confirm(self._prompt, question, "delete", len(models), lambda: self._run(self._delete_models(models)))

    async def _delete_models(self, models: list[str]) -> None:
        if self._model.store is not None:
            outcomes = {name: await self._model.store.delete_model(name) for name in models}
            self._report.show(outcomes, "deleted", things="models")

    def _ask_delete_copies(self, rows: list[JobRow]) -> None:
        if reason := why_none("delete_copy", rows, self._model.access()):
            self._prompt.show_message(f"delete: {reason}", "warn")
            return
        ids = [row.id for row in rows if not self._model.why_not("delete_copy", row)]
        jobs = short_id(ids[0]) if len(ids) == 1 else f"{len(ids)} jobs"
        if len(ids) < len(rows):
            jobs = f"{len(ids)} of {len(rows)} jobs"
        question = f"Delete the archived copy of {jobs}? There is no other copy."
        confirm(self._prompt, question, "delete", len(ids), lambda: self._run(self._delete_copies(ids)))

    async def _delete_copies(self, ids: list[str]) -> None:
        if self._model.store is not None:
            self._report.show(await self._model.store.forget(ids), "deleted")

    # Refusals

    def refuse(self, command_id: str) -> bool:
        """Show the reason why a command is impossible. Return False when it is possible."""
        reason = self._model.refusal(command_id)
        if reason:
            self._prompt.show_message(f"{command_id.removeprefix('job.')}: {reason}", "warn")
        return bool(reason)


def _model_id(row: JobRow) -> str:
    return str(JobKey(row.profile, row.fine_tuned_model)) if row.profile else row.fine_tuned_model


def _states(rows: Iterable[JobRow]) -> str:
    """Return the number of jobs for each status: `2 running, 1 queued`."""
    found: dict[str, int] = {}
    for row in rows:
        found[row.status_text] = found.get(row.status_text, 0) + 1
    return ", ".join(f"{number} {status}" for status, number in found.items())
