"""Repaired copy of a data file from the create form: written in a thread, then named in the field."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from fttui.atomic import why_not_writable
from fttui.text import clean_line
from fttui.ui.create_form.single_worker import SingleWorker
from fttui.ui.create_form.view import FormView

if TYPE_CHECKING:
    from fttui.core.job_data import Subject
    from fttui.ui.create_form.reading import FormReading


class RepairAction:
    """Writes repaired copies, one at a time."""

    def __init__(self, view: FormView, reading: Callable[[], FormReading | None], provider: str) -> None:
        """
        Args:
            reading: returns the form as checked.
            provider: kind of provider, whose rules compare the copy with the file.
        """
        self._view = view
        self._reading = reading
        self._provider = provider
        self._worker = SingleWorker(view, "repair")

    def start(self, path: str, target: str) -> None:
        """Write a repaired copy of the file at `path`. `target` is the path as typed."""
        if (reading := self._reading()) is not None:
            self._worker.start(partial(self._run, path, target, reading))

    async def _run(self, path: str, target: str, reading: FormReading) -> None:
        from fttui.core.repaired_copy import write_repaired_copy
        from fttui.data.repair import CannotRepair

        messages, full = self._view.messages, os.path.expanduser(target)
        if why := why_not_writable(full, overwrite=False):
            messages.show_message(f"Not written: {clean_line(why)}", "warn")
            return
        messages.show_message(f"Writing {clean_line(target)}", "dim")
        try:
            done = await asyncio.to_thread(write_repaired_copy, path, full, _rules(reading.subject, self._provider))
        except CannotRepair as error:
            messages.show_message(clean_line(str(error)), "warn")
            return
        except OSError as error:
            messages.show_message(f"Not written: {error.strerror or error}", "warn")
            return
        for member in (member for member, named in reading.files.paths.items() if named == path):
            self._view.put(member, target)
        changes = ", ".join(f"{words}: {times:,}" for words, times in done.changes)
        messages.show_message(f"Wrote {clean_line(target)}. {changes}.", "dim")


def _rules(subject: Subject, provider: str) -> dict[str, Any]:
    return {
        "method": subject.method,
        "model": subject.model or None,
        "grader": subject.grader,
        "provider": provider,
    }
