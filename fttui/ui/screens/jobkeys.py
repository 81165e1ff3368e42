"""What keys do to jobs: create, clone, cancel, pause, copy, write to a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.screen import Screen

from fttui.models.row import JobRow
from fttui.store.snapshot import Outcome
from fttui.ui.commands import BY_ID, Command
from fttui.ui.export import job_json, jobs_csv, log_text, series_csv
from fttui.ui.hands import Hands
from fttui.ui.messages import SequenceAsked
from fttui.ui.panes.detail import web_address
from fttui.ui.panes.jobs import JobsPane
from fttui.ui.rows import short_id
from fttui.ui.status import Place
from fttui.ui.terminal import clipboard, to_file
from fttui.ui.widgets.prompt import PromptRow

if TYPE_CHECKING:
    from fttui.store.merged import MergedStore
    from fttui.store.store import Store

    _Screen = Screen[None]
else:
    _Screen = object


class JobKeys(_Screen):
    """The part of the main screen that acts on jobs."""

    jobs: JobsPane
    prompt: PromptRow
    _hands: Hands
    _place: Place
    _store: Store | MergedStore | None
    _shown: str | None
    _pane: str
    _watched: set[str]

    if TYPE_CHECKING:

        def refusal(self, command: Command) -> str: ...
        def _targets(self) -> list[JobRow]: ...
        def _rows(self) -> Mapping[str, JobRow]: ...
        def _change_view(self, **members: object) -> None: ...
        def _go(self, pane: str) -> None: ...
        def _show_job(self) -> None: ...

    async def action_create(self) -> None:
        if self._refuse("job.create") or self._store is None:
            return
        from fttui.wiring import SAMPLE_JOB

        await self._open_form(SAMPLE_JOB if self._place.is_local else {})

    async def action_clone(self) -> None:
        if self._refuse("job.clone") or self._store is None:
            return
        from fttui.ui.form import values_of

        job = self._store.job(self._shown or "")
        if job is None:
            self.prompt.say("this job's settings are not known yet", "warn")
            return
        await self._open_form(values_of(job))

    async def _open_form(self, values: Mapping[str, str]) -> None:
        if self._store is None:
            return
        from fttui.ui.form import EMPTY
        from fttui.ui.screens.create import CreateScreen
        from fttui.wiring import sample_path

        form = CreateScreen(self._store, {**EMPTY, **values}, sample_path, self._place)
        await self.app.push_screen(form, lambda outcome: self._created(outcome, form.uploaded))

    def _created(self, outcome: Outcome | None, uploaded: list[str]) -> None:
        if outcome is None:
            if uploaded:
                self._offer_to_delete(uploaded)
            return
        self.prompt.say(outcome.message or f"created {outcome.id}", "" if outcome.ok else "warn")
        self._watched.add(outcome.id)
        self._change_view(status=0, filter="")
        self.jobs.list.move_to_key(outcome.id)
        self._go("jobs")
        self._show_job()

    def _offer_to_delete(self, ids: list[str]) -> None:
        """Files that were uploaded for a job that was not created lie at the provider for nothing."""
        one = len(ids) == 1

        def delete() -> None:
            self.run_worker(self._delete_files(ids), group="action", exit_on_error=False)

        what = "1 file was" if one else f"{len(ids)} files were"
        self.prompt.ask(f"{what} uploaded for no job. Delete {'it' if one else 'them'}?", delete)

    async def _delete_files(self, ids: list[str]) -> None:
        if self._store is None:
            return
        for id in ids:
            outcome = await self._store.delete_file(id)
            if not outcome.ok:
                self.prompt.say(f"{id} was not deleted: {outcome.message}", "warn")
                return
        self.prompt.say("deleted")

    def action_cancel(self) -> None:
        if not self._refuse("job.cancel"):
            self._hands.cancel(self._targets())

    def action_pause(self) -> None:
        if not self._refuse("job.pause"):
            self._hands.pause(self._targets())

    def _refuse(self, id: str) -> bool:
        command = BY_ID[id]
        if reason := self.refusal(command):
            self.prompt.say(f"{command.label}: {reason}", "warn")
        return bool(reason)

    def action_copy_id(self) -> None:
        ids = [row.id.removeprefix(f"{row.profile}/") for row in self._targets()]
        self._copy("\n".join(ids), short_id(ids[0]) if len(ids) == 1 else f"{len(ids)} ids")

    def action_copy_more(self) -> None:
        job = self._store.job(self._shown) if self._store is not None and self._shown is not None else None
        if job is None or self._store is None:
            self.prompt.say("no job is selected", "warn")
            return
        events = self._store.events(job.id, limit=1_000_000)
        self.prompt.choose(
            "copy",
            {
                "i": ("id", lambda: self._copy(job.id, "the id")),
                "m": ("model", lambda: self._copy(job.fine_tuned_model or job.model, "the model")),
                "f": ("training file", lambda: self._copy(job.training_file, "the training file")),
                "j": ("JSON", lambda: self._copy(job_json(job.raw), "the JSON")),
                "l": ("log", lambda: self._copy(log_text(events), "the log")),
            },
        )

    def action_link(self) -> None:
        job = self._store.job(self._shown) if self._store is not None and self._shown is not None else None
        address = "" if job is None else web_address(self._place.host, job)
        if address:
            self._copy(address, address)
        else:
            self.prompt.say("no web address is known for this job", "dim")

    def _copy(self, text: str, what: str) -> None:
        """To the terminal's clipboard; what is too long for it goes to a file."""
        if not text:
            self.prompt.say("nothing to copy", "dim")
            return
        sequence = clipboard(text)
        if sequence is not None:
            self.post_message(SequenceAsked(sequence))
            self.prompt.say(f"{what} sent to terminal clipboard", "dim")
            return
        try:
            path = to_file(text)
        except OSError as error:
            self.prompt.say(f"too long for the clipboard, and not written: {error.strerror or error}", "warn")
        else:
            self.prompt.say(f"too long for the clipboard: written to {path}")

    def action_export(self) -> None:
        """Ask for a name and write what the pane shows there; never over a file without asking."""
        name = (
            f"{self._shown}.json"
            if self._pane == "detail"
            else f"{self._shown}.log"
            if self._pane == "log"
            else "jobs.csv"
        )

        def done(text: str, accepted: bool) -> None:
            path = os.path.expanduser(text.strip())
            if not accepted or not path:
                return
            if os.path.exists(path):
                self.prompt.ask(f"{path} exists. Overwrite it?", lambda: self._export(path))
            else:
                self._export(path)

        self.prompt.type("write to: ", name, lambda _: None, done)

    def _export(self, path: str) -> None:
        rows, id = self._rows(), self._shown
        if self._pane == "jobs" or id is None or self._store is None:
            content = jobs_csv(rows[key] for key in self.jobs.list.keys)
        elif self._pane == "detail" and path.endswith(".csv"):
            content = series_csv(self._store.points(id))
        elif self._pane == "detail":
            job = self._store.job(id)
            content = job_json(job.raw if job is not None else None)
        else:
            content = log_text(self._store.events(id, limit=1_000_000))
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
        except OSError as error:
            self.prompt.say(f"not written ({error.strerror or error}): {path}", "warn")
        else:
            self.prompt.say(f"wrote {path}")
