"""Offer of the create form to hold out validation data, and the split in a thread."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from fttui.core.samples import sample_path
from fttui.text import clean_line
from fttui.ui.create_form.single_worker import SingleWorker
from fttui.ui.create_form.suggestions import Suggestion
from fttui.ui.create_form.view import FormView

if TYPE_CHECKING:
    from fttui.ui.create_form.reading import FormReading


class HoldOutAction:
    """Splits the training file of the form, one split at a time."""

    def __init__(self, view: FormView, reading: Callable[[], FormReading | None], written: Callable[[], None]) -> None:
        """
        Args:
            reading: returns the form as checked.
            written: called when the files are on the disk.
        """
        self._written = written
        self._view = view
        self._reading = reading
        self._worker = SingleWorker(view, "hold out")

    def offer(self, name: str) -> Suggestion | None:
        """Return the offer for the list of a field: an empty validation file beside a training file on this disk."""
        values = self._view.values
        path = self._path()
        if name != "validation_file" or values[name] or not path or path == sample_path(values["training_file"]):
            return None
        shown = f"hold out 5 % of {clean_line(os.path.basename(path))}"
        return Suggestion("hold out", shown, source="two new files")

    def _path(self) -> str:
        reading = self._reading()
        return reading.files.paths.get("training_file", "") if reading is not None else ""

    def start(self) -> None:
        """Write both parts, and name them in the fields."""
        self._worker.start(self._run)

    async def _run(self) -> None:
        from fttui.data.hold_out import CannotHoldOut, hold_out, paths_beside

        messages, typed = self._view.messages, self._view.values["training_file"]
        messages.show_message(f"Holding out 5 % of {clean_line(typed)}…", "dim")
        try:
            done = await asyncio.to_thread(hold_out, os.path.expanduser(typed))
        except CannotHoldOut as error:
            messages.show_message(clean_line(str(error)), "warn")
            return
        except OSError as error:
            messages.show_message(f"Nothing was held out: {error.strerror or error}", "warn")
            return
        self._written()
        if self._view.values["training_file"] == typed:
            for name, part in zip(("training_file", "validation_file"), paths_beside(typed), strict=True):
                self._view.put(name, part)
        messages.show_message(clean_line(done.words), "dim")
