"""Commands of the files pane: list, mark, download and delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from fttui.models.job_key import JobKey
from fttui.ui.cockpit.clipboard import Clipboard
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import Part
from fttui.ui.cockpit.outcomes import OutcomeReport, confirm
from fttui.ui.cockpit.pane_controller import ControllerContext, PaneController
from fttui.ui.cockpit.pane_export import shown_path
from fttui.ui.panes.files import FileRow, FilesView
from fttui.ui.render.status_line import ALL
from fttui.ui.workers import ACTION, StartWorker


class FilesController(PaneController):
    """Controller of the files pane."""

    def __init__(
        self,
        view: FilesView,
        context: ControllerContext,
        clipboard: Clipboard,
        report: OutcomeReport,
        start_worker: StartWorker,
    ) -> None:
        super().__init__(view, context)
        self._files = view
        self._clipboard = clipboard
        self._report = report
        self._start_worker = start_worker

    @property
    def handlers(self) -> Handlers:
        return {
            **super().handlers,
            "filter.text": lambda: self._prompt.show_message("/ works in the job list, the detail and the log.", "dim"),
            "mark.toggle": self._toggle_mark,
            "mark.all": self._mark_all,
            "copy.id": lambda: self._clipboard.copy_ids(self._targets()),
            "export": self.download,
            "job.delete": self._delete,
        }

    def move(self, lines: int) -> None:
        self._files.move_by(lines)

    def open(self) -> None:
        self.download()

    def leave(self) -> None:
        """Remove the marks, else go to the list of jobs."""
        if self._files.marks:
            self._files.show_marks(frozenset())
            self._presenter.draw(Part.TITLES)
        else:
            self._layout.go("jobs")

    def export(self, argument: str = "") -> None:
        self._prompt.show_message("Press e to download a file.", "warn")

    def entered(self) -> None:
        self.load()

    def load(self) -> None:
        """Fetch the provider's list of files, if the pane is visible."""
        if self._layout.is_visible("files"):
            self._start_worker(self._fetch, group="files", exclusive=True)

    async def _fetch(self) -> None:
        if self._model.store is not None:
            self._model.files = await self._model.store.files()
            self._presenter.draw(Part.FILES | Part.TITLES)

    # Marks

    def _targets(self) -> list[str]:
        """Return the files that a key acts on: the marked ones, else the one under the cursor."""
        files = self._files
        marked = [id for id in files.keys if id in files.marks]
        return marked or ([files.cursor] if files.cursor is not None else [])

    def _toggle_mark(self) -> None:
        if self._files.cursor is not None:
            self._files.show_marks(self._files.marks ^ {self._files.cursor})
            self.move(1)
            self._presenter.draw(Part.TITLES)

    def _mark_all(self) -> None:
        ids = frozenset(self._files.keys)
        self._files.show_marks(frozenset() if ids <= self._files.marks else ids)
        self._presenter.draw(Part.TITLES)

    # Download

    def download(self) -> None:
        """Ask for a path and write the file under the cursor there."""
        row = self._files.row
        if reason := self._model.refusal("export", "files"):
            self._prompt.show_message(f"download: {reason}", "warn")
            return
        if row is None or self._model.store is None:
            self._prompt.show_message("No file is selected.", "dim")
            return
        self._prompt.read_path("download to: ", row.local_name, lambda path: self._start_download(row, path))

    def _start_download(self, row: FileRow, path: str) -> None:
        self._prompt.show_message(f"Downloading {row.name or row.id}…", "dim")
        self._start_worker(partial(self._download, row, path), group=ACTION)

    async def _download(self, row: FileRow, path: str) -> None:
        if self._model.store is not None:
            # The provider sends a result file as base64 of CSV.
            as_csv = row.role == "result" and path.endswith(".csv")
            # The prompt has asked before an existing file is overwritten.
            outcome = await self._model.store.download(row.id, path, overwrite=True, as_csv=as_csv)
            self._report.show({row.id: outcome}, "written", success=f"Wrote {shown_path(path)}")

    # Delete

    async def _delete(self) -> None:
        store, ids, row = self._model.store, self._targets(), self._files.row
        if store is None or self._is_refused(ids):
            return
        from fttui.core.affected import use_of
        from fttui.core.questions import delete_files_question

        use = await use_of(store, ids)
        named = [row.title] if row is not None and ids == [row.id] else ids
        question = delete_files_question(
            named, self._provider(ids), use.users, results_of=use.results_of, without_copy=use.without_copy
        )
        others: dict[str, Callable[[], object]] = {}
        can_download = not self._model.refusal("export", "files")
        if use.without_copy and row is not None and ids == [row.id] and can_download:
            question += " e downloads it first."
            others["e"] = self.download
        self._ask(ids, question, others)

    def _provider(self, ids: Sequence[str]) -> str:
        if self._model.service.profile != ALL:
            return self._model.service.profile
        profiles = {JobKey.parse(id).profile for id in ids}
        return next(iter(profiles)) if len(profiles) == 1 else "their providers"

    def delete(self, ids: Sequence[str], question: str) -> None:
        """Ask, then delete files at the provider."""
        if not self._is_refused(ids):
            self._ask(ids, question)

    def _is_refused(self, ids: Sequence[str]) -> bool:
        reason = self._model.refusal("job.delete", "files")
        reason = reason or ("" if ids else "no file is selected")
        if reason:
            self._prompt.show_message(f"delete: {reason}", "warn")
        return bool(reason)

    def _ask(self, ids: Sequence[str], question: str, others: Mapping[str, Callable[[], object]] | None = None) -> None:
        def act() -> None:
            self._start_worker(partial(self._send_delete, ids), group=ACTION)

        confirm(self._prompt, question, len(ids), act, things="files", others=others)

    async def _send_delete(self, ids: Sequence[str]) -> None:
        if self._model.store is None:
            return
        outcomes = await self._model.store.delete_files(ids)
        gone = {id for id, outcome in outcomes.items() if outcome.ok}
        self._model.files_deleted(gone)
        self._files.show_marks(self._files.marks - gone)
        self._presenter.draw(Part.FILES | Part.TITLES)
        success = f"Deleted {ids[0]}" if len(ids) == 1 else ""
        self._report.show(outcomes, "deleted", things="files", success=success)
