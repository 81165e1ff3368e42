"""The part of the form that looks at the data while the typing rests, and tells what is known of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.timer import Timer

from fttui.clock import age
from fttui.core.pricing import Pricing
from fttui.data.local_files import SamplePath
from fttui.store.upload_once import TRAINING
from fttui.ui.create_form.completer import Completing
from fttui.ui.create_form.form import note_of
from fttui.ui.create_form.precheck import FILES, Asked, Precheck, asked
from fttui.ui.render.detail_lines import file_words
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.status_line import ServiceInfo

if TYPE_CHECKING:
    from fttui.data.report import Report
    from fttui.store.port import StorePort


RESTS = 0.3
"""Seconds without a key after which one is no longer typing."""


class Checking(Completing):
    """One check at a time; what it finds stands above the row that says something."""

    def __init__(
        self,
        store: StorePort,
        values: dict[str, str],
        samples: SamplePath,
        place: ServiceInfo,
        glyphs: Glyphs,
        now: Callable[[], float],
    ) -> None:
        super().__init__(store, values, glyphs, now)
        self._samples = samples
        self._pricing = Pricing(place)
        self._precheck = Precheck(self._pricing)
        self._checked: tuple[Asked, Report | None] | None = None
        self._timer: Timer | None = None

    def _begin(self) -> None:
        super()._begin()
        self._check_soon()

    def on_unmount(self) -> None:
        self._precheck.stop()

    def _typed(self, name: str) -> None:
        super()._typed(name)
        self._check_soon()

    def _learnt(self) -> None:
        super()._learnt()
        self._check_soon()

    @property
    def _is_busy(self) -> bool:
        """Something is being sent."""
        return False

    def _check_soon(self) -> None:
        """A file or its model is another: look at the data once the typing rests."""
        if self._timer is not None:
            self._timer.stop()
        check = self._check_quietly
        self._timer = self.set_timer(RESTS, lambda: self.run_worker(check(), group="check", exit_on_error=False))

    async def _check_quietly(self) -> None:
        if self._is_busy:
            return
        seen = await self._ask_for()
        if seen is None:
            return
        if self._checked is None or self._checked[0] != seen:
            await self._check(seen)
        else:
            self._show_found(seen, self._checked[1])

    async def _ask_for(self) -> Asked | None:
        """What the fields ask for; None when they have become others while the disk was asked."""
        values = self.values
        seen = await asyncio.to_thread(asked, values, self._samples)
        return seen if values == self.values else None

    async def _check(self, seen: Asked) -> None:
        """Check the files of a job and show what is found."""
        from fttui.data.prices import PriceFileError

        before = self._checked[0] if self._checked is not None else None
        if before is None or before._replace(spec=None, errors={}) != seen._replace(spec=None, errors={}):
            self._show_found(seen, None)  # what stands there is about another file
        try:
            report = await self._precheck.run(seen)
        except (OSError, PriceFileError) as error:
            report = None
            self._put("form-found", str(getattr(error, "strerror", None) or error), "warn")
        else:
            self._show_found(seen, report)
        self._checked = (seen, report)

    def _report_on(self, seen: Asked) -> Report | None:
        return self._checked[1] if self._checked is not None and self._checked[0] == seen else None

    def _show_found(self, seen: Asked, report: Report | None) -> None:
        """What is known of the data: the figures of a file that lies here, the name of one at the provider."""
        words, advice = [], {}
        for name in FILES:
            text = self._entry(name).value.strip()
            if text and seen.paths[name] is None:
                told, is_advice = self._standing(name, text, seen)
                if is_advice:
                    advice[name] = told
                elif told:
                    words.append(f"{name.replace('_', ' ')}: {told}")
        role = "dim"
        if report is not None:
            role = "fail" if report.errors else "warn" if report.warnings else "dim" if words else "done"
            is_validation = seen.paths["training_file"] is None
            words.append(f"validation file: {report.summary()}" if is_validation else report.summary())
        field, told = note_of(seen.spec) if seen.spec is not None else ("", "")
        self._advise(advice | ({field: told} if field else {}))
        self._put("form-found", "\n".join(words), role)

    def _standing(self, name: str, text: str, seen: Asked) -> tuple[str, bool]:
        """What is known of a file that does not lie here, and whether that belongs under its field: it does once
        nobody is typing the id."""
        file, has = self._store.file(text), self._store.has_file(text)
        known = file_words(file) if file is not None else ""
        if file is not None and file.purpose not in ("", TRAINING):
            return f"the provider has this file for {file.purpose}, not for training", True
        if has is False and (file is not None or text == self._values.get(name)):
            return "the provider no longer has this file: choose another", True
        if file is not None or has:
            made = f", {age(self._now() - file.created_at)} ago" if file and file.created_at is not None else ""
            return f"{known or text}{made}, {'at' if has else 'last seen at'} the provider", False
        if name in seen.errors:
            return seen.errors[name], False
        if has is False:
            return f"there is no file {text}, here or at the provider", False
        return ("" if text.startswith("file-") else f"no file {text} is here; it is sent as a file's id"), False
