"""Copying to the clipboard of the terminal: ids, links, and more of the selected job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textual.message import Message

from fttui.models.row import short_id
from fttui.ui.cockpit.exporter import MOST_EVENTS
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.cockpit.pane_export import curl_command, job_json, log_text
from fttui.ui.messages import EscapeSequenceRequested
from fttui.ui.terminal.escape_codes import clipboard, to_file
from fttui.ui.widgets.prompt import PromptRow


class Clipboard:
    """Sends text to the clipboard of the terminal."""

    def __init__(self, prompt: PromptRow, post: Callable[[Message], object]) -> None:
        """
        Args:
            post: posts a message to the application.
        """
        self._prompt = prompt
        self._post = post

    def copy(self, text: str, name: str) -> None:
        """Copy a text; write it to a file when it is too long for a clipboard. `name` describes it to the user."""
        if not text:
            self._prompt.show_message("Nothing to copy.", "dim")
            return
        sequence = clipboard(text)
        if sequence is not None:
            self._post(EscapeSequenceRequested(sequence))
            self._prompt.show_message(f"Sent {name} to the terminal's clipboard.", "dim")
            return
        try:
            path = to_file(text)
        except OSError as error:
            self._prompt.show_message(
                f"Too long for the clipboard, and cannot write a file: {error.strerror or error}.", "warn"
            )
        else:
            self._prompt.show_message(f"Too long for the clipboard. Wrote {path}")

    def copy_ids(self, ids: Sequence[str]) -> None:
        """Copy ids, one per line."""
        self.copy("\n".join(ids), short_id(ids[0]) if len(ids) == 1 else f"{len(ids)} ids")


class CopyCommands:
    """Commands that copy parts of the selected job."""

    def __init__(
        self, model: CockpitModel, clipboard: Clipboard, prompt: PromptRow, log_line: Callable[[], str]
    ) -> None:
        """
        Args:
            log_line: returns the current line of the log.
        """
        self._model = model
        self._clipboard = clipboard
        self._prompt = prompt
        self._log_line = log_line

    @property
    def handlers(self) -> Handlers:
        return {"copy.id": self._copy_ids, "copy.more": self._choose, "job.link": self._copy_link}

    def _copy_ids(self) -> None:
        self._clipboard.copy_ids([row.id.removeprefix(f"{row.profile}/") for row in self._model.targets()])

    def _choose(self) -> None:
        job, store, service = self._model.job, self._model.store, self._model.service
        if job is None or store is None:
            self._prompt.show_message("No job is selected.", "warn")
            return
        copy = self._clipboard.copy
        events = partial(store.events, self._model.selected or "", limit=MOST_EVENTS)
        choices: dict[str, tuple[str, Callable[[], None]]] = {
            "i": ("id", lambda: copy(job.id, "the id")),
            "m": ("model", lambda: copy(job.fine_tuned_model or job.model, "the model")),
            "f": ("file", lambda: copy(job.training_file, "the training file's id")),
            "j": ("JSON", lambda: copy(job_json(job.sent), "the JSON")),
            "n": ("log line", lambda: copy(self._log_line(), "the log line")),
            "l": ("log", lambda: copy(log_text(events()), "the log")),
        }
        if service.base_url:
            command = curl_command(service.base_url, job.id, azure=service.is_azure)
            choices["c"] = ("curl", lambda: copy(command, "the curl command (without the key)"))
        self._prompt.open_menu("copy", choices)

    def _copy_link(self) -> None:
        from fttui.ui.render.detail_lines import web_address  # late: not for the first frame

        job = self._model.job
        address = "" if job is None else web_address(self._model.service.host, job)
        if address:
            self._clipboard.copy(address, address)
        else:
            self._prompt.show_message("This job has no known web address.", "dim")
