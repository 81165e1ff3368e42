"""What keys take away: to the terminal's clipboard, or into a file."""

from __future__ import annotations

from functools import partial

from fttui.ui.cockpit.command_line import OrderError
from fttui.ui.cockpit.desk import Desk
from fttui.ui.cockpit.pane_export import curl_words, job_json, jobs_csv, jobs_json, log_jsonl, log_text, shown_path
from fttui.ui.messages import SequenceAsked
from fttui.ui.render.detail_lines import web_address
from fttui.ui.render.rows import short_id
from fttui.ui.terminal.escape_codes import clipboard, to_file

WHOLE = 1_000_000
"""Events of a log that are copied or written at most."""
KINDS = {"jobs": ("csv", "json"), "detail": ("json", "csv"), "log": ("log", "jsonl")}
"""What a pane can be written as, the usual first; the detail as CSV is the job's metrics by step."""


class CopyKeys(Desk):
    """The part of the main screen that copies and exports."""

    def _copy_ids(self, ids: list[str]) -> None:
        self._copy("\n".join(ids), short_id(ids[0]) if len(ids) == 1 else f"{len(ids)} ids")

    def action_copy_more(self) -> None:
        """A menu of what else there is to copy."""
        job = self._store.job(self._shown) if self._store is not None and self._shown is not None else None
        if job is None or self._store is None:
            self.prompt.say("no job is selected", "warn")
            return
        events, place = partial(self._store.events, self._shown or "", limit=WHOLE), self._place
        choices = {
            "i": ("id", lambda: self._copy(job.id, "the id")),
            "m": ("model", lambda: self._copy(job.fine_tuned_model or job.model, "the model")),
            "f": ("file", lambda: self._copy(job.training_file, "the training file's id")),
            "j": ("JSON", lambda: self._copy(job_json(job.raw), "the JSON")),
            "n": ("log line", lambda: self._copy(self.log_view.line_text, "the log line")),
            "l": ("log", lambda: self._copy(log_text(events()), "the log")),
        }
        if place.base_url:
            words = curl_words(place.base_url, job.id, azure=place.is_azure)
            choices["c"] = ("curl", lambda: self._copy(words, "the curl command, without the key,"))
        self.prompt.choose("copy", choices)

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

    def _ask_export(self) -> None:
        """Ask for a name and write what the pane shows there."""
        usual = KINDS[self._pane][0]
        name = "jobs.csv" if self._pane == "jobs" else f"{self._shown}.{usual}"
        self.prompt.type_path("write to: ", name.replace("/", "-"), self._export)

    def _order_export(self, argument: str) -> None:
        """`:export [csv|json|jsonl|log] [PATH]`.

        Raises:
            OrderError: the pane cannot be written as that.
        """
        if self._pane == "files":
            self.prompt.say("files are downloaded: e", "warn")
            return
        kinds = KINDS[self._pane]
        word, _, rest = argument.partition(" ")
        kind = word if word in ("csv", "json", "jsonl", "log") else ""
        path = rest.strip() if kind else argument
        if kind and kind not in kinds:
            raise OrderError(f"the {self._pane} pane is written as {' or '.join(kinds)}")
        if path:
            self.prompt.confirm_path(path, partial(self._export, kind=kind))
        else:
            self._ask_export()

    def _export(self, path: str, kind: str = "") -> None:
        """Write what the pane shows; `kind` wins over what the name says."""
        from fttui.store.archive.export import csv_of

        rows, id, store = self._rows(), self._shown, self._store
        kind = kind or path.rpartition(".")[2]
        shown = self.jobs.list.keys
        if self._pane == "jobs" or id is None or store is None:
            if kind == "json" and store is not None:
                found = (store.job(key) for key in shown)
                content = jobs_json(job.raw for job in found if job is not None)
            else:
                content = jobs_csv(rows[key] for key in shown)
        elif self._pane == "detail" and kind == "csv":
            content = csv_of(store.points(id))
        elif self._pane == "detail":
            job = store.job(id)
            content = job_json(job.raw if job is not None else None)
        else:
            content = (log_jsonl if kind == "jsonl" else log_text)(store.events(id, limit=WHOLE))
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
        except OSError as error:
            self.prompt.say(f"not written ({error.strerror or error}): {path}", "warn")
        else:
            self.prompt.say(f"wrote {shown_path(path)}")
