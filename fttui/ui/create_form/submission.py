"""The part of the form that sends: check, upload, create, each step told, and broken off where it can be."""

from __future__ import annotations

import os
from collections.abc import Callable

from textual.worker import Worker

from fttui.models.spec import JobSpec
from fttui.store.snapshot import Outcome
from fttui.store.upload_once import Uploaded
from fttui.text import clean_line, size_words
from fttui.ui.create_form.data_check import Checking
from fttui.ui.create_form.form import FIELDS
from fttui.ui.create_form.precheck import FILES, Asked, remember
from fttui.ui.render.rows import short_id

LONG = 5.0
"""Seconds after which it is said again that the answer is still awaited."""
_HOW_LONG = "up to about two minutes, then this says how it ended"
"""One request has a minute, with all its tries to connect (api/http.py); after a lost answer there are three looks for
the job, each with the longest silence that a read bears (store/create.py)."""


class Sending(Checking):
    """One job at a time, in a worker; every field stays as it is until the job is there."""

    _worker: Worker[None] | None = None
    """What sends; None while nothing is sent."""
    _created = False
    """The job itself has been asked for: nothing can be broken off any more."""
    _broken = False
    """What was being sent was broken off."""
    uploaded: tuple[str, ...] = ()
    """Files that were sent from here; a job may have them by now."""

    @property
    def _is_busy(self) -> bool:
        return self._worker is not None

    async def action_submit(self) -> None:
        if self._is_busy or (seen := await self._ask_for()) is None:
            return
        if seen.errors:
            self._show_errors(seen.errors)
            self._say("nothing was sent", "warn")
        elif seen.spec is not None:
            self._show_errors({})
            self._created = self._broken = False
            self._lock(True)
            self._worker = self.run_worker(self._create(seen.spec, seen), group="action", exit_on_error=False)

    def _break_off(self) -> None:
        """No further; what has arrived is there."""
        self._precheck.stop()
        if self._worker is not None and not self._created:
            self._broken = True
            self._worker.cancel()
            self._say("broken off: nothing was created", "warn")

    async def _create(self, spec: JobSpec, seen: Asked) -> None:
        try:
            if not await self._is_right(seen):
                return
            files = await self._with_files(spec, seen)
            if files is None:
                return
            # Whoever is being asked whether to break off decides before there is a job.
            await self._answered()
            outcome = await self._ask_the_provider(spec.model_copy(update=files))
            if not outcome.ok:
                self._refused(outcome)
                return
            if (report := self._report_on(seen)) is not None:
                remember(self._pricing, outcome.id, report)
            self.dismiss(outcome)
        finally:
            self._worker, self._created = None, False
            self._lock(False)
            self._settle()

    async def _ask_the_provider(self, spec: JobSpec) -> Outcome:
        self._created = True
        self._say(f"creating{self._glyphs.cut}", "dim")
        waited = 0.0

        def tell() -> None:
            nonlocal waited
            waited += LONG
            self._say(f"creating{self._glyphs.cut} no answer for {waited:.0f} s: {_HOW_LONG}", "dim")

        timer = self.set_interval(LONG, tell)
        try:
            return await self._store.create(spec)
        finally:
            timer.stop()

    async def _is_right(self, seen: Asked) -> bool:
        """Whether a job with this data would get anywhere, as far as it can be known from here."""
        if self._checked is None or self._checked[0] != seen:
            self._say(f"looking at the data{self._glyphs.cut}", "dim")
            self._precheck.progress = self._reading  # of the check that runs already, if it is of the same data
            try:
                await self._check(seen)
            finally:
                self._precheck.progress = None
        report = self._report_on(seen)
        if report is not None and report.errors:
            self._say("nothing was sent: a job with this data would fail (fttui files check says more)", "warn")
            return False
        return True

    async def _with_files(self, spec: JobSpec, seen: Asked) -> dict[str, str] | None:
        """The ids of the files that had to be uploaded; None when one was not taken."""
        ids: dict[str, str] = {}
        sent: dict[str, str] = {}
        for name in FILES:
            path = seen.paths[name]
            if path is None:
                continue
            if path not in sent:
                name_shown = clean_line(os.path.basename(path))
                self._step(f"uploading {name_shown}")
                outcome = await self._store.upload(path, self._progress(name_shown))
                if not outcome.ok:
                    self._say("nothing was created", "warn")
                    self._show_errors({name: outcome.message})
                    return None
                sent[path] = outcome.id
                if isinstance(outcome, Uploaded) and outcome.reused:  # other jobs may have it
                    self._say(f"{name_shown} is there already as {short_id(outcome.id)}: used again", "dim")
                else:
                    self.uploaded += (outcome.id,)
            ids[name] = sent[path]
            self._sent_as(name, getattr(spec, name), sent[path])
        return ids

    def _sent_as(self, name: str, text: str, id: str) -> None:
        """A file is at the provider now: the field holds its id, so that a second try sends the same file and not a
        second copy of it, and that is nothing that was typed."""
        self._entry(name).put(id)
        if self._values.get(name) == text:
            self._values[name] = id

    def _step(self, text: str) -> None:
        """Say how far it is; what was broken off may tell of itself once more, which nobody should see."""
        if not self._broken:
            self._say(f"{text} {self._glyphs.dot} esc breaks off", "dim")

    def _reading(self, read: int, total: int) -> None:
        # From the thread that reads.
        if total:
            self.app.call_from_thread(self._step, f"looking at the data: {read * 100 // total} %")

    def _progress(self, name: str) -> Callable[[int, int], None]:
        def show(sent: int, total: int) -> None:
            part = sent * 100 // total if total else 100
            self._step(f"uploading {name}: {part} %, {size_words(sent)} of {size_words(total)}")

        return show

    def _refused(self, outcome: Outcome) -> None:
        field = field_of(outcome)
        more = "\nEnter sends it again, esc leaves." if outcome.ambiguous else ""
        if field and not outcome.ambiguous:
            self._say("nothing was created", "warn")
            self._show_errors({field: self._words_of(outcome, field)})
        else:
            self._say(outcome.message + more, "warn")

    def _words_of(self, outcome: Outcome, field: str) -> str:
        """A refusal as the provider wrote it; what OpenAI writes of a file that it has not (api.md §3), in words."""
        text = self._entry(field).value.strip()
        if field in FILES and f"invalid {field}: {text}" in outcome.message:
            return f"the provider has no file {text}. It says: {outcome.message}"
        return outcome.message

    def action_leave(self) -> None:
        """Leave, or break off what is being sent; ask first where something would be lost."""
        if self._created:
            words = f"the job may be there already, so this waits for the answer: {_HOW_LONG}"
            self._say(words, "warn")
        elif self._worker is not None:
            self._ask("Break off? Nothing has been created so far.", self._break_off)
        elif any(text != self._values.get(name, "").strip() for name, text in self.values.items()):
            self._ask("Leave, and lose what was typed?", self._leave)
        else:
            self._leave()

    def _leave(self) -> None:
        self.dismiss(None)


def field_of(outcome: Outcome) -> str:
    """The field that a provider's refusal is about; empty where it does not tell, or names no field."""
    from fttui.store.create_once import Created

    if not isinstance(outcome, Created) or outcome.error is None:
        return ""
    if outcome.error.code == "model_not_available":
        return "model"
    names = {field.name: field.name for field in FIELDS} | {"integrations": "wandb_project"}
    # `method.dpo.hyperparameters.beta`, `integrations[0].wandb.project`: the innermost name that is a field.
    parts = [part.partition("[")[0] for part in outcome.error.param.split(".")]
    return next((names[part] for part in reversed(parts) if part in names), "")
