"""The part of the form that sends: check, upload, create, each step told, and broken off where it can be."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.screen import ModalScreen
from textual.worker import Worker

from fttui.data.named import NoFile, Samples, local_path
from fttui.models.spec import JobSpec
from fttui.store.snapshot import Outcome
from fttui.text import clean_line
from fttui.ui.form import FIELDS
from fttui.ui.glyphs import Glyphs
from fttui.ui.precheck import Precheck, remember
from fttui.ui.rows import count
from fttui.ui.status import Place

if TYPE_CHECKING:
    from fttui.data.report import Report
    from fttui.store.merged import MergedStore
    from fttui.store.store import Store

    _Screen = ModalScreen[Outcome | None]
else:
    _Screen = object

FILES = ("training_file", "validation_file")


class Sending(_Screen):
    """One job at a time, in a worker; every field stays as it is until the job is there."""

    _store: Store | MergedStore
    _samples: Samples
    _place: Place
    _glyphs: Glyphs
    _precheck: Precheck
    _checked: tuple[JobSpec, Report | None] | None
    uploaded: list[str]
    _worker: Worker[None] | None = None
    """What sends; None while nothing is sent."""
    _created = False
    """The job itself has been asked for: nothing can be broken off any more."""
    _broken = False
    """What was being sent was broken off."""

    if TYPE_CHECKING:

        def _say(self, text: str, role: str) -> None: ...
        def _found(self, text: str, role: str) -> None: ...
        def _lock(self, locked: bool) -> None: ...
        def _show_errors(self, found: dict[str, str]) -> None: ...
        def _sent_as(self, name: str, text: str, id: str) -> None: ...
        async def _answered(self) -> None: ...
        def _settle(self) -> object: ...

    def _send(self, spec: JobSpec) -> None:
        self._created = self._broken = False
        self._lock(True)
        self._worker = self.run_worker(self._create(spec), group="action", exit_on_error=False)

    def _break_off(self) -> None:
        """No further; what has arrived is there."""
        self._precheck.stop()
        if self._worker is not None and not self._created:
            self._broken = True
            self._worker.cancel()
            self._say("broken off: nothing was created", "warn")

    async def _create(self, spec: JobSpec) -> None:
        try:
            if not await self._is_right(spec):
                return
            files = await self._with_files(spec)
            if files is None:
                return
            # Whoever is being asked whether to break off decides before there is a job.
            await self._answered()
            self._created = True
            self._say(f"creating{self._glyphs.cut}", "dim")
            outcome = await self._store.create(spec.model_copy(update=files))
            if not outcome.ok:
                self._refused(outcome)
                return
            report = self._checked[1] if self._checked is not None and self._checked[0] == spec else None
            if report is not None:
                remember(self._place, outcome.id, report)
            self.dismiss(outcome)
        finally:
            self._worker, self._created = None, False
            self._lock(False)
            self._settle()

    async def _is_right(self, spec: JobSpec) -> bool:
        """Whether a job with this data would get anywhere, as far as it can be known from here."""
        if self._checked is None or self._checked[0] != spec:
            self._say(f"looking at the data{self._glyphs.cut}", "dim")
            await self._look(spec, self._reading)
        report = self._checked[1] if self._checked is not None and self._checked[0] == spec else None
        if report is not None and report.errors:
            self._say("nothing was sent: a job with this data would fail (fttui files check says more)", "warn")
            return False
        return True

    async def _look(self, spec: JobSpec, progress: Callable[[int, int], None] | None = None) -> None:
        """Check the files of a job and show what is found."""
        from fttui.data.prices import BadPrices

        training, validation = self._paths(spec)
        try:
            report = await self._precheck.run(spec, training, validation, progress)
        except (OSError, BadPrices) as error:
            report = None
            self._found(str(error.strerror or error) if isinstance(error, OSError) else str(error), "warn")
        else:
            if report is not None:
                self._found(report.summary(), "fail" if report.errors else "warn" if report.warnings else "done")
            elif training is None and validation is None:
                self._found("", "")
        self._checked = (spec, report)

    def _paths(self, spec: JobSpec) -> list[str | None]:
        """Where its files lie on this disk; None for one that is at the provider, or not given."""
        try:
            return [local_path(getattr(spec, name) or "", self._samples) for name in FILES]
        except NoFile:  # gone since it was looked at
            return [None, None]

    async def _with_files(self, spec: JobSpec) -> dict[str, str] | None:
        """The ids of the files that had to be uploaded; None when one was not taken."""
        ids: dict[str, str] = {}
        sent: dict[str, str] = {}
        for name, path in zip(FILES, self._paths(spec), strict=True):
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
                self.uploaded.append(outcome.id)
            ids[name] = sent[path]
            # A second try sends the same file, not a second copy of it.
            self._sent_as(name, getattr(spec, name), sent[path])
        return ids

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
            self._step(f"uploading {name}: {part} %, {count(sent)}B of {count(total)}B")

        return show

    def _refused(self, outcome: Outcome) -> None:
        field = field_of(outcome)
        more = " Enter sends it again, esc leaves." if outcome.ambiguous else ""
        if field and not outcome.ambiguous:
            self._say("nothing was created", "warn")
            self._show_errors({field: outcome.message})
        else:
            self._say(outcome.message + more, "warn")


def field_of(outcome: Outcome) -> str:
    """The field that a provider's refusal is about; empty where it does not tell, or names no field."""
    from fttui.store.create import Created

    if not isinstance(outcome, Created) or outcome.error is None:
        return ""
    if outcome.error.code == "model_not_available":
        return "model"
    names = {field.name: field.name for field in FIELDS} | {"integrations": "wandb_project"}
    # `method.dpo.hyperparameters.beta`, `integrations[0].wandb.project`: the innermost name that is a field.
    parts = [part.partition("[")[0] for part in outcome.error.param.split(".")]
    return next((names[part] for part in reversed(parts) if part in names), "")
