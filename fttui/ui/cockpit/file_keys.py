"""What keys do to files: load the provider's list, mark, download, delete."""

from __future__ import annotations

from collections.abc import Mapping

from fttui.store.snapshot import Outcome
from fttui.ui.cockpit.desk import Desk
from fttui.ui.cockpit.pane_export import shown_path
from fttui.ui.panes.files import FileRow


class FileKeys(Desk):
    """The part of the main screen that handles files."""

    def _go(self, pane: str) -> None:
        came = self._pane != pane
        super()._go(pane)
        if pane == "files" and came:
            self._ask_for_files()

    def _file_targets(self) -> list[str]:
        """The files that a key acts on: those that are marked, else the one under the cursor."""
        files = self.side.files
        return [id for id in files.keys if id in files.marks] or [id for id in (files.cursor,) if id is not None]

    def _mark_file(self) -> None:
        files = self.side.files
        if files.cursor is not None:
            files.show_marks(files.marks ^ {files.cursor})
            self._move(1)
            self._show_titles()

    def _mark_all_files(self) -> None:
        files = self.side.files
        shown = frozenset(files.keys)
        files.show_marks(frozenset() if shown <= files.marks else shown)
        self._show_titles()

    def _ask_download(self) -> None:
        """Ask where to, and write the file there."""
        row = self.side.files.row
        if row is None or self._store is None:
            self.prompt.say("no file is selected", "dim")
            return
        self.prompt.type_path("download to: ", row.local_name, lambda path: self._download(row, path))

    def _download(self, row: FileRow, path: str) -> None:
        self.prompt.say(f"downloading {row.name or row.id}…", "dim")
        self.run_worker(self._send_download(row, path), group="action", exit_on_error=False)

    async def _send_download(self, row: FileRow, path: str) -> None:
        if self._store is not None:
            # A result file is base64 of CSV on the wire, and of no use as that.
            as_csv = row.role == "result" and path.endswith(".csv")
            outcome = await self._store.download(row.id, path, overwrite=True, as_csv=as_csv)  # asked before
            self._hands.tell({row.id: outcome}, "written", well=f"wrote {shown_path(path)}")

    def _files_deleted(self, outcomes: Mapping[str, Outcome]) -> None:
        """What the provider has no more leaves the list."""
        gone = {id for id, outcome in outcomes.items() if outcome.ok}
        self._files = [file for file in self._files if file.id not in gone]
        self._deleted |= gone
        self.side.files.show_marks(self.side.files.marks - gone)
        self._show_files()
        self._show_titles()
