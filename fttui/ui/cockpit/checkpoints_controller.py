"""Commands of the checkpoints pane: sort, copy the name of a model, delete it, export."""

from __future__ import annotations

from functools import partial

from fttui.models.job_key import JobKey
from fttui.models.refusals import GONE
from fttui.models.row import JobRow
from fttui.ui.cockpit.clipboard import Clipboard
from fttui.ui.cockpit.exporter import Exportable, Exporter
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import Part
from fttui.ui.cockpit.outcomes import OutcomeReport, confirm
from fttui.ui.cockpit.pane_controller import ControllerContext, PaneController
from fttui.ui.cockpit.pane_export import checkpoints_csv, checkpoints_json
from fttui.ui.cockpit.try_commands import TryCommands
from fttui.ui.panes.checkpoints import CheckpointsView
from fttui.ui.workers import StartAction

_SORT_WORDS = {
    "step": "the newest first",
    "valid": "the best validation first",
    "train": "the lowest training loss first",
    "gap": "the smallest gap first",
}


class CheckpointsController(PaneController):
    """Controller of the checkpoints pane."""

    def __init__(
        self,
        view: CheckpointsView,
        context: ControllerContext,
        clipboard: Clipboard,
        report: OutcomeReport,
        start: StartAction,
        trying: TryCommands,
    ) -> None:
        super().__init__(view, context)
        self._checkpoints = view
        self._clipboard = clipboard
        self._report = report
        self._start = start
        self._trying = trying
        self._exporter = Exporter(
            context.prompt,
            Exportable("checkpoints", ("csv", "json"), self._file_name, self._export_content),
        )

    @property
    def handlers(self) -> Handlers:
        return {
            **super().handlers,
            "filter.text": lambda: self._prompt.show_message("/ works in the job list, the detail and the log.", "dim"),
            "sort.next": self._next_sort,
            "copy.id": self._copy,
            "model.try": self._try,
            "job.delete": self._delete,
            "export": self.export,
        }

    def move(self, lines: int) -> None:
        self._checkpoints.move_by(lines)
        self._presenter.draw(Part.FOOTER)

    def open(self) -> None:
        """Show the whole name of the model, which a narrow pane cuts."""
        if (row := self._checkpoints.row) is not None:
            self._prompt.show_message(row.model or row.id, "dim")

    def leave(self) -> None:
        self._layout.go("jobs")

    def export(self, argument: str = "") -> None:
        self._exporter.run(argument)

    def _next_sort(self) -> None:
        words = _SORT_WORDS[self._checkpoints.next_sort()]
        self._prompt.show_message(f"Checkpoints: {words}.", "dim")

    def _copy(self) -> None:
        row = self._checkpoints.row
        if row is None or not row.model:
            self._prompt.show_message("No checkpoint with a model is selected.", "dim")
        else:
            self._clipboard.copy(row.model, "the name of the model")

    async def _try(self) -> None:
        job, row = self._model.row, self._checkpoints.row
        if job is not None and row is not None and row.step is not None:
            await self._trying.open_step(job, row.step)
        else:
            await self._trying.open()

    def _delete(self) -> None:
        job, row = self._model.row, self._checkpoints.row
        reason = self._model.refusal("job.delete", "checkpoints")
        if not reason and (job is None or row is None or not row.model):
            reason = "no checkpoint with a model is selected"
        elif not reason and job is not None and job.gone:
            reason = GONE
        elif not reason and self._checkpoints.is_gone:
            reason = "this model is no longer kept"
        if reason or job is None or row is None:
            self._prompt.show_message(f"delete: {reason}", "warn")
            return
        from fttui.core.affected import heirs_of
        from fttui.core.questions import delete_checkpoint_question

        heirs = heirs_of(self._model.snapshot.rows, [row.model], [job])
        question = delete_checkpoint_question(
            job,
            row.step,
            heirs,
            is_best=row == self._checkpoints.table.judged.best,
            is_tuned_model=row.model == job.fine_tuned_model,
        )
        confirm(self._prompt, question, 1, lambda: self._start(partial(self._send_delete, job, row.model)))

    async def _send_delete(self, job: JobRow, model: str) -> None:
        if self._model.store is None:
            return
        name = str(JobKey(job.profile, model)) if job.profile else model
        outcome = await self._model.store.delete_model(name)
        if outcome.ok:
            self._model.deleted_models.add(model)
        self._report.show({name: outcome}, "deleted", things="models", success=f"Deleted {model}")
        self._presenter.draw(Part.DETAIL)

    def _file_name(self) -> str:
        return f"{self._model.selected}-checkpoints" if self._model.selected and self._checkpoints.row else ""

    def _export_content(self, format: str) -> str:
        if format == "json":
            store, selected = self._model.store, self._model.selected
            found = store.checkpoints(selected) if store is not None and selected else ()
            shown = {row.id for row in self._checkpoints.table.judged.rows}
            return checkpoints_json([each for each in found if each.id in shown])
        return checkpoints_csv(self._checkpoints.table.judged)
