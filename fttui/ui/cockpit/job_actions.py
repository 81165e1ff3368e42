"""Actions on jobs: create, clone, cancel, pause and resume."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from fttui.config.choose import LOCAL
from fttui.core.availability import pause_or_resume
from fttui.core.questions import cancel_question
from fttui.models.row import JobRow
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.outcomes import OutcomeReport, confirm
from fttui.ui.cockpit.pane_controller import ControllerContext
from fttui.ui.workers import StartAction

if TYPE_CHECKING:
    from fttui.models.job import Job
    from fttui.store.snapshot import Outcome

Closed = Callable[["Outcome | None", Sequence[str]], None]
"""Receives the outcome of the form, None when the user left it, and the ids of the files it uploaded."""
OpenForm = Callable[["Job | None", Closed], Awaitable[None]]
"""Opens the form that creates a job, filled with the settings of a job or with defaults."""


class JobActions:
    """Checks that an action is possible, asks the user, and sends it to the store."""

    def __init__(
        self,
        context: ControllerContext,
        report: OutcomeReport,
        start: StartAction,
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
        self._start = start
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
            self._model.watched.update(getattr(outcome, "ids", (outcome.id,)))
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
        ids = [row.id for row in able]
        question = cancel_question(able, rows, self._checkpoints(able))
        confirm(self._prompt, question, len(ids), lambda: self._cancel(ids), verb="cancel")

    def _checkpoints(self, rows: Sequence[JobRow]) -> int:
        """Return the number of checkpoints of a single job."""
        from fttui.core.affected import checkpoints_kept

        store = self._model.store
        if store is None or len(rows) != 1:
            return 0
        is_local = self._model.service.is_local or rows[0].profile == LOCAL
        return checkpoints_kept(store, rows[0], is_local=is_local)

    def _cancel(self, ids: list[str]) -> None:
        self._model.cancel_sent(ids)
        self._report.redraw(frozenset(ids))
        self._start(partial(self._send_cancel, ids))

    async def _send_cancel(self, ids: list[str]) -> None:
        if self._model.store is None:
            return
        try:
            outcomes = await self._model.store.cancel(ids)
        finally:
            self._model.cancel_answered(ids)
            self._report.redraw(frozenset(ids))
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
            self._start(partial(self._send_pause, able))
            return
        verbs = [verb for verb, ids in able.items() if ids]
        words = " and ".join(f"{verb} {len(able[verb])}" for verb in verbs)
        question = f"{words.capitalize()} jobs?"
        only = verbs[0] if len(verbs) == 1 else "change"
        confirm(self._prompt, question, number, lambda: self._start(partial(self._send_pause, able)), verb=only)

    async def _send_pause(self, able: dict[str, list[str]]) -> None:
        if self._model.store is None:
            return
        if running := able["pause"]:
            self._report.show(await self._model.store.pause(running), "paused")
        if paused := able["resume"]:
            self._report.show(await self._model.store.resume(paused), "resumed")

    # Refusals

    def refuse(self, command_id: str) -> bool:
        """Show the reason why a command is impossible. Return False when it is possible."""
        reason = self._model.refusal(command_id)
        if reason:
            self._prompt.show_message(f"{command_id.removeprefix('job.')}: {reason}", "warn")
        return bool(reason)
