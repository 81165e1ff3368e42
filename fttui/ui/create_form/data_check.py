"""Check of the data while the user types: findings, figures and cost above the message row."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.timer import Timer

from fttui.clock import age, duration
from fttui.config.errors import ConfigError
from fttui.core.job_data import FILES, Checking, DataChecker, find_files
from fttui.store.upload_once import TRAINING
from fttui.text import size_words
from fttui.ui.create_form.check_pane import CheckPane
from fttui.ui.create_form.data_pane import DataPane
from fttui.ui.create_form.form import CreateForm
from fttui.ui.create_form.reading import FormReading, read_form
from fttui.ui.create_form.summary import NAMELESS, automatic_values, summary, sweep_summary
from fttui.ui.create_form.view import FormView
from fttui.ui.render.detail_lines import file_words
from fttui.ui.workers import start_worker

if TYPE_CHECKING:
    from fttui.data.report import Report
    from fttui.store.port import FormPort

PAUSE = 0.3
"""Seconds without a key before a check starts."""
FOLLOW = 1.0
"""Seconds between two looks at the files of the form."""
PROGRESS = 0.5
"""Seconds between two messages about the progress of a check."""


class DataCheck:
    """Reads the form and checks its files when the user pauses."""

    def __init__(
        self,
        view: FormView,
        form: CreateForm,
        store: FormPort,
        checker: DataChecker,
        panes: tuple[CheckPane, DataPane],
        missing_model: Callable[[str], str],
        now: Callable[[], float],
        *,
        shown: Callable[[], None],
        is_free: bool,
    ) -> None:
        """
        Args:
            shown: called after the results of a check are shown.
            is_free: the service costs nothing.
            missing_model: returns advice about a model that the service does not list.
        """
        self._view = view
        self._form = form
        self._store = store
        self._checker = checker
        self._pane, self._data = panes
        self._missing_model = missing_model
        self._now = now
        self._shown = shown
        self._is_free = is_free
        self.reading: FormReading | None = None
        """Form whose check is shown."""
        self._began = self._told = 0.0
        """Times of the beginning of the check, and of the last progress shown."""
        self.report: Report | None = None
        """Report whose summary is shown."""
        self._timer: Timer | None = None
        self.paused = False
        """A submission is running, which checks by itself."""

    def soon(self) -> None:
        """Start a check when no call follows within `PAUSE`."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._view.set_timer(PAUSE, self._start)

    def follow(self) -> None:
        """Check the files again when one was written since, every `FOLLOW` seconds."""
        self._view.set_interval(FOLLOW, self.look)

    def look(self) -> None:
        """Check the files again when one was written since their check."""
        if not self.paused and self._timer is None and self.reading is not None:
            start_worker(self._view, self.recheck, group="look", exclusive=True)

    async def recheck(self) -> None:
        """Check the files again when one was written since their check. Reads the disk in a thread."""
        values = self._view.values
        files = await asyncio.to_thread(find_files, {name: values[name] for name in FILES})
        if self.reading is not None and files != self.reading.files and values == self._view.values:
            self._start()

    def _start(self) -> None:
        self._timer = None
        start_worker(self._view, self.run, group="check")

    def stop(self) -> None:
        """End a running check."""
        self._checker.stop()

    async def read(self) -> FormReading | None:
        """Read the form in a thread. Return None if a field changed meanwhile."""
        values = self._view.values
        reading = await asyncio.to_thread(read_form, values, self._form.offer)
        return reading if values == self._view.values else None

    async def run(self) -> None:
        """Check the files of the form and show the findings."""
        if self.paused or (reading := await self.read()) is None:
            return
        if self.reading is None or self.reading.files != reading.files:
            self.show(reading, None)  # the findings shown are about a different file
        self._began, self._told, self._checker.progress = time.monotonic(), 0.0, self._show_progress
        try:
            report = await self._checker.report(reading.subject, reading.files)
        except (OSError, ConfigError) as error:
            self._view.summary.put(str(getattr(error, "strerror", None) or error), "warn")
        else:
            if report is not None or not reading.files.paths:  # else a newer check has begun
                self.show(reading, report)

    def _show_progress(self, step: Checking) -> None:
        """Show how far the check is, at most twice a second."""
        now = time.monotonic()
        if now - max(self._began, self._told) < PROGRESS or not step.total:
            return
        self._told, share = now, step.read / step.total
        words = f"checking {share:.0%} of {size_words(step.total)}".replace("%", " %")
        if share > 0.02:
            words += f", about {duration((now - self._began) * (1 - share) / share)} left"
        self._pane.show_progress(words)
        self._view.summary.put(words, "dim")

    def show(self, reading: FormReading, report: Report | None) -> None:
        """Show the findings of local files, and names and age of files at the provider."""
        self.reading, self.report = reading, report
        texts, advice = [], {}
        if words := self._missing_model(self._form.values["model"]):
            advice["model"] = words
        for name in FILES:
            id = self._form.values[name]
            if not id or name in reading.files.paths:
                continue
            text, is_advice = self._at_provider(name, id, reading)
            if is_advice:
                advice[name] = text
            elif text:
                texts.append(f"{name.replace('_', ' ')}: {text}")
        words, role = "", "dim"
        if report is not None:
            words, role = summary(report, self._view.dot)
            if "training_file" not in reading.files.paths:
                words = f"validation file: {words}"
        elif not reading.files.paths and not texts:
            words = NAMELESS
        if reading.sweep is not None and not (report is not None and report.errors):
            words, texts = sweep_summary(reading.sweep, report, is_free=self._is_free), []
        typed = {path: self._form.values[name] for name, path in reading.files.paths.items()}
        self._pane.show_report(report, self._without_report(reading), typed)
        self._data.show_report(report if "training_file" in reading.files.paths else None)
        self._form.automatic = automatic_values(report)
        self._form.mark({name: text for name, text in self._marks(reading).items() if name not in advice})
        self._view.advise(advice | reading.advice)
        self._view.summary.put("\n".join(filter(None, (*texts, words))), role)
        self._shown()

    def _marks(self, reading: FormReading) -> dict[str, str]:
        """Return the errors of fields that the user is not about to type. Required fields may still be empty."""
        entry = self._view.focused_entry
        typing = entry.id if entry is not None and entry.id in FILES else ""
        marks = reading.errors | self.missing_files(reading)
        return {name: text for name, text in marks.items() if self._form.values[name] and name != typing}

    def missing_files(self, reading: FormReading) -> dict[str, str]:
        """Return what to say of files that are neither on this disk nor at the provider, by field."""
        ids = {name: self._form.values[name] for name in FILES if name not in reading.files.paths}
        gone = [(name, id) for name, id in ids.items() if id and self._store.has_file(id) is False]
        return {name: self._at_provider(name, id, reading)[0] for name, id in gone}

    def _without_report(self, reading: FormReading) -> str:
        """Return the sentence for the pane of findings when no file was checked."""
        names = [self._form.values[name] for name in FILES if self._form.values[name] and name not in reading.errors]
        if reading.files.paths or not names:
            return ""
        file = self._store.file(names[0])
        return f"{file.filename if file is not None and file.filename else names[0]}: the provider checks it."

    def _at_provider(self, name: str, id: str, reading: FormReading) -> tuple[str, bool]:
        """Return the facts about a file at the provider, and whether they are advice, shown under the field.

        Nothing is advice while the user types an id.
        """
        file, is_listed = self._store.file(id), self._store.has_file(id)
        if file is not None and file.purpose not in ("", TRAINING):
            return f"the provider has this file for {file.purpose}, not for training", True
        if file is not None and file.expires_at is not None and file.expires_at <= self._now():
            return f"expired on {day_words(file.expires_at)}; choose another", True
        if is_listed is False and (file is not None or id == self._form.initial(name)):
            return "the provider no longer has this file; choose a new one", True
        if file is not None or is_listed:
            known = file_words(file) if file is not None else id
            made = f", {age(self._now() - file.created_at)} ago" if file and file.created_at is not None else ""
            return f"{known}{made}, {'at' if is_listed else 'last seen at'} the provider", False
        if name in reading.errors:
            return reading.errors[name], False
        if is_listed is False:
            return f"no file {id}, neither here nor at the provider", False
        return ("" if id.startswith("file-") else f"no file {id} here; it is sent as a file id"), False


def day_words(at: float) -> str:
    """Return a day for users: `12 Nov`."""
    moment = time.localtime(at)
    return f"{moment.tm_mday} {time.strftime('%b', moment)}"
