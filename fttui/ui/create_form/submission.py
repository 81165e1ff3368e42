"""Submission of the create form: progress, stop, and the errors of a refused job."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.timer import Timer
from textual.worker import Worker

from fttui.clock import duration
from fttui.core.create_job import Checked, CreateJob, Creating, FileReady, Priced, Result, Stage, Step, Uploading
from fttui.core.job_data import FILES, Checking, DataChecker
from fttui.core.pricing import Pricing
from fttui.data.plan import money
from fttui.models.row import short_id
from fttui.models.spec import pairs_error
from fttui.text import clean_line, size_words
from fttui.ui.create_form.data_check import DataCheck
from fttui.ui.create_form.fields import BY_NAME
from fttui.ui.create_form.form import CreateForm, in_order
from fttui.ui.create_form.reading import FormReading
from fttui.ui.create_form.sweep_run import SweepRun
from fttui.ui.create_form.view import FormView
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.workers import ACTION, start_worker

if TYPE_CHECKING:
    from fttui.core.create_sweep import Sweep
    from fttui.models.spec import JobSpec
    from fttui.store.port import FormPort
    from fttui.store.snapshot import Outcome

LONGEST_CONNECT = 30.0
"""Seconds that a submission waits for the connection."""
REPEAT = 5.0
"""Seconds between messages that the answer is still awaited."""
LONGEST_WAIT = "up to about two minutes"
"""Longest time for a create request, as text.

The request itself may take a minute, including attempts to connect (api/http.py). After a lost answer, three searches
for the job follow, each with the read timeout (store/create_once.py).
"""


class Submission:
    """Sends the form in a worker, one job at a time. The fields are locked meanwhile."""

    def __init__(
        self,
        view: FormView,
        form: CreateForm,
        data_check: DataCheck,
        store: FormPort,
        pricing: Pricing,
        checker: DataChecker,
        glyphs: Glyphs,
        done: Callable[[Outcome], object],
    ) -> None:
        """
        Args:
            done: called with the outcome of a created job.
        """
        self._view = view
        self._form = form
        self._messages = view.messages
        self._data_check = data_check
        self._glyphs = glyphs
        self._done = done
        self._store = store
        self._create = CreateJob(store, pricing, checker, on_step=self._show)
        self._now = time.monotonic
        self._ids: dict[str, str] = {}
        """Ids of the files of this try, by field."""
        self._upload = ("", 0.0)
        """File that is being uploaded, and when that began."""
        self._worker: Worker[None] | None = None
        self._pricing = pricing
        self._sweep: SweepRun | None = None
        """Sweep that is being sent."""
        self._reading: FormReading | None = None
        self._waiting: Timer | None = None
        self._is_stopped = False
        self._is_sent = False

    @property
    def is_running(self) -> bool:
        return self._worker is not None

    @property
    def is_sent(self) -> bool:
        """The create request is on its way, so nothing can be stopped."""
        return self.is_running and self._is_sent

    @property
    def uploaded(self) -> tuple[str, ...]:
        """Ids of the files uploaded from this form."""
        return self._create.uploaded

    def stop_sweep(self) -> bool:
        """Stop after the job that is being created, when it is one of a sweep. Return whether it is."""
        return self.is_sent and self._sweep is not None and self._sweep.stop()

    async def submit(self) -> None:
        """Send the form, or show its errors."""
        if self.is_running or (reading := await self._data_check.read()) is None:
            return
        errors = reading.errors | self._setting_errors(reading)
        if reading.spec is None or errors:
            marked = self._data_check.missing_files(reading) | errors
            self._view.show_errors({name: marked[name] for name in in_order(marked)})
            self._messages.show_message("Not created: correct the marked fields.", "warn")
            return
        self._view.show_errors({})
        self._reading = reading
        self._is_stopped = self._is_sent = False
        self._ids = {}
        self._data_check.paused = True
        self._view.set_locked(True)
        self._worker = start_worker(self._view, partial(self._run, reading.spec, reading), group=ACTION)

    def _setting_errors(self, reading: FormReading) -> dict[str, str]:
        """Return why the settings cannot be sent, by field."""
        reason = self._form.settings_error(self._form.values["more"])
        if not reason and reading.spec is not None:
            reason = pairs_error(reading.spec, is_local=self._pricing.provider == "local")
        return {"more": reason} if reason else {}

    def stop(self) -> None:
        """Stop before the create request. Uploaded files stay at the provider."""
        self._data_check.stop()
        if self._worker is not None and not self._is_sent:
            self._is_stopped = True
            self._worker.cancel()
            self._messages.show_message("Stopped: nothing was created.", "warn")

    async def _run(self, spec: JobSpec, reading: FormReading) -> None:
        try:
            if reason := await self._connect():
                self._messages.show_message(f"Not sent: {reason}. Your entries are kept; enter tries again.", "warn")
                return
            if reading.sweep is not None:
                await self._run_sweep(reading.sweep, reading)
                return
            # A user who is asked whether to stop decides before there is a job.
            result = await self._create.run(spec, reading.files, before_create=self._messages.answered)
            if result.ok:
                self._done(result.outcome)
            else:
                self._refused(result)
        finally:
            if self._waiting is not None:
                self._waiting.stop()
            self._worker = self._waiting = None
            self._data_check.paused = False
            self._view.set_locked(False)
            self._messages.settle()

    async def _run_sweep(self, sweep: Sweep, reading: FormReading) -> None:
        is_free = self._pricing.is_free
        self._sweep = SweepRun(self._create, self._messages, self._refused, dot=self._glyphs.dot, is_free=is_free)
        try:
            outcome = await self._sweep.run(sweep, reading.files)
        finally:
            self._sweep = None
        if outcome is not None:
            self._done(outcome)

    async def _connect(self) -> str:
        """Wait for the connection. Return why there is none."""
        if self._store.is_connecting:
            words = "Waiting for the connection; the job is sent when it is there. esc stops."
            self._messages.show_message(words, "dim")
        try:
            async with asyncio.timeout(LONGEST_CONNECT):
                return await self._store.connected()
        except TimeoutError:
            return f"no connection within {LONGEST_CONNECT:.0f} s"

    # Progress

    def _show(self, step: Step) -> None:
        match step:
            case Checking(read, total):
                share = f" ({read * 100 // total} %)" if total else ""
                self._say(f"The job is created when the check is done{share}.")
            case Checked(report):
                if self._reading is not None:
                    self._data_check.show(self._reading, report)
            case Uploading(path, sent, total):
                self._say(f"Uploading {_name(path)}{self._upload_words(path, sent, total)}")
            case FileReady(path, id, names, reused):
                self._file_ready(path, id, names, reused)
            case Priced(cost, currency):
                self._say(f"The provider estimates {money(cost, currency)}.")
            case Creating():
                self._is_sent = True
                if self._sweep is None:
                    self._wait()

    def _say(self, text: str) -> None:
        if not self._is_stopped:
            self._messages.show_message(f"{text} {self._glyphs.dot} esc stops", "dim")

    def _upload_words(self, path: str, sent: int, total: int) -> str:
        """Return how far an upload is: `: 14.9 MB of 36.4 MB (41 %), about 9s left`."""
        now = self._now()
        if self._upload[0] != path or not sent:
            self._upload = (path, now)
        if not total:
            return ""
        words = f": {size_words(sent)} of {size_words(total)} ({sent * 100 // total} %)"
        passed = now - self._upload[1]
        if passed > 1 and 0 < sent < total:
            words += f", about {duration(passed * (total - sent) / sent)} left"
        return words

    def _file_ready(self, path: str, id: str, names: tuple[str, ...], reused: bool) -> None:
        self._ids |= dict.fromkeys(names, id)
        if reused:
            self._messages.show_message(f"{_name(path)} is already uploaded as {short_id(id)}; using it.", "dim")

    def _wait(self) -> None:
        waited = 0.0
        self._messages.show_message("Creating the job. It can no longer be stopped.", "dim")

        def show() -> None:
            nonlocal waited
            waited += REPEAT
            text = f"Creating the job: no answer for {waited:.0f} s. This takes {LONGEST_WAIT}."
            self._messages.show_message(text, "dim")

        self._waiting = self._view.set_interval(REPEAT, show)

    # Refusals

    def _refused(self, result: Result) -> None:
        if result.stage is Stage.UPLOAD:
            self._messages.show_message("Not created: the upload failed.", "warn")
            self._view.show_errors({result.member: result.message})
            return
        if result.stage is Stage.SETTINGS and result.member in BY_NAME:
            self._messages.show_message("Not created: the provider refuses a field.", "warn")
            self._view.show_errors({result.member: result.message.removeprefix("Not created: ")})
            return
        field = "" if result.outcome.ambiguous else field_of(result.error)
        if result.stage is Stage.CREATE and field:
            self._messages.show_message("Not created: the provider refused a field.", "warn")
            self._view.show_errors({field: self._reason(result, field)})
        else:
            more = "\nenter sends it again, esc leaves" if result.outcome.ambiguous else ""
            lines = [result.message + more]
            if result.stage is Stage.CREATE and not result.outcome.ambiguous:
                request = (
                    f"Request {result.outcome.request_id}. " if result.outcome.request_id not in result.message else ""
                )
                lines.append(f"{request}Your entries are kept; enter tries again.")
            self._messages.show_message("\n".join(lines), "warn")

    def _reason(self, result: Result, field: str) -> str:
        """Return the provider's message, with an explanation when OpenAI does not know a file."""
        text = self._ids.get(field, self._view.values[field])
        if field in FILES and f"invalid {field}: {text}" in result.message:
            return f"the provider has no file {text}. Its answer: {result.message}"
        return result.message


def _name(path: str) -> str:
    return clean_line(os.path.basename(path))


def field_of(error: Exception | None) -> str:
    """Return the field that a provider's refusal names; empty when it names none."""
    if getattr(error, "code", "") == "model_not_available":
        return "model"
    names = {name: name for name in BY_NAME} | {"integrations": "wandb_project"}
    # `method.dpo.hyperparameters.beta`, `integrations[0].wandb.project`: the innermost name of a field.
    parts = [part.partition("[")[0] for part in str(getattr(error, "param", "")).split(".")]
    return next((names[part] for part in reversed(parts) if part in names), "")
