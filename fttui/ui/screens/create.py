"""The form that creates a job."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widgets import Input

from fttui.models.job import METHODS
from fttui.models.spec import JobSpec
from fttui.store.snapshot import Outcome
from fttui.text import clean_line, wrap
from fttui.ui.form import FIELDS, FieldError, path_of, paths, spec_of
from fttui.ui.precheck import Precheck, remember
from fttui.ui.status import Place
from fttui.ui.widgets.line_view import TextRow

if TYPE_CHECKING:
    from fttui.data.report import Report
    from fttui.store.merged import MergedStore
    from fttui.store.store import Store


class Known(Suggester):
    """Suggests from what is known by now."""

    def __init__(self, suggest: Callable[[str], str | None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._suggest = suggest

    async def get_suggestion(self, value: str) -> str | None:
        return self._suggest(value) if value else None


class CreateScreen(ModalScreen[Outcome | None]):
    """Fields with what they take beside them. Enter creates from any field; a refusal keeps every field."""

    AUTO_FOCUS = "Input"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-medium")]
    BINDINGS = [
        Binding("escape", "leave", "leave", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    DEFAULT_CSS = """
    CreateScreen { align: center top; }
    CreateScreen #form { width: 100%; max-width: 100; height: 1fr; padding: 1 1 0 1; }
    CreateScreen #form-end { width: 100%; max-width: 100; height: 7; padding: 0 1; }
    CreateScreen.-short #form { padding: 0 1; }
    CreateScreen.-short #form-end { height: 4; }
    CreateScreen.-short #form-found { height: 1; }
    CreateScreen .field { height: 1; }
    CreateScreen .label { width: 18; }
    CreateScreen Input { width: 1fr; background: $panel; }
    CreateScreen Input:focus { background: $line-cursor; }
    CreateScreen:ansi Input:focus { text-style: reverse; }
    CreateScreen .error { display: none; }
    CreateScreen .error.-wrong { display: block; }
    CreateScreen #form-found { height: 3; }
    CreateScreen #form-say { height: 3; }
    """

    def __init__(
        self, store: Store | MergedStore, values: dict[str, str], samples: Callable[[str], str | None], place: Place
    ) -> None:
        super().__init__()
        self._store = store
        self._values = values
        self._samples = samples
        self._place = place
        self._precheck = Precheck(place)
        self._checked: tuple[JobSpec, Report | None] | None = None
        self._known: dict[str, list[str]] = {}
        self._timer: Timer | None = None
        self.uploaded: list[str] = []
        """Files that were sent from here; a job may have them by now."""
        self._busy = False
        self._leaving = False
        self._left = FIELDS[0].name

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False):
            yield TextRow(id="form-title")
            for field in FIELDS:
                with Horizontal(classes="field"):
                    yield TextRow(id=f"label-{field.name}", classes="label")
                    entry = Input(
                        self._values.get(field.name, ""),
                        id=field.name,
                        compact=True,
                        select_on_focus=False,
                        suggester=Known(partial(self._suggest, field.name)),
                    )
                    entry.cursor_blink = False
                    yield entry
                yield TextRow(id=f"error-{field.name}", classes="error")
        with Vertical(id="form-end"):
            yield TextRow(id="form-hint")
            yield TextRow(id="form-found")
            yield TextRow(id="form-say")

    def on_mount(self) -> None:
        self._row("form-title").show([(" Create a fine-tuning job", "title")])
        for field in FIELDS:
            self._row(f"label-{field.name}").show([(f" {field.label}", "")])
        self._say("enter creates · tab and ↑ ↓ move · → takes what is suggested · esc leaves", "dim")
        self.run_worker(self._learn(), group="known", exit_on_error=False)
        self._check_soon()

    async def _learn(self) -> None:
        """What the provider has, to be suggested."""
        self._known["model"] = [model.id for model in await self._store.models()]
        files = [file.id for file in await self._store.files()]
        self._known["training_file"] = self._known["validation_file"] = files

    def _suggest(self, name: str, value: str) -> str | None:
        """What a field's text may become: something the provider has, or a path."""
        if name == "method":
            candidates: list[str] = list(METHODS)
        else:
            candidates = self._known.get(name, [])
            if name.endswith("_file"):
                candidates = [*paths(value), *candidates]
        return next((text for text in candidates if text.startswith(value) and text != value), None)

    @on(Input.Changed)
    def _check_soon(self) -> None:
        """A file or its model is another: look at the data once the typing rests."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(0.3, lambda: self.run_worker(self._check(), group="check", exit_on_error=False))

    async def _check(self) -> None:
        try:
            spec = spec_of(self.values)
        except FieldError:
            self._row("form-found").show()
            return
        if self._checked is None or self._checked[0] != spec:
            await self._look(spec)

    async def _look(self, spec: JobSpec, progress: Callable[[int, int], None] | None = None) -> None:
        """Check the files of a job and show what is found."""
        from fttui.data.prices import BadPrices

        training, validation = (
            path_of(text, self._samples) for text in (spec.training_file, spec.validation_file or "")
        )
        try:
            report = await self._precheck.run(spec, training, validation, progress)
        except (OSError, BadPrices) as error:
            report = None
            self._found(str(error.strerror or error) if isinstance(error, OSError) else str(error), "warn")
        else:
            if report is not None:
                self._found(report.summary(), "fail" if report.errors else "warn" if report.warnings else "done")
            elif training is None and validation is None:
                self._row("form-found").show()
        self._checked = (spec, report)

    def _found(self, text: str, role: str) -> None:
        self._row("form-found").show(*([(f" {piece}", role)] for piece in wrap(text, max(20, self.size.width - 4))))

    def _row(self, id: str) -> TextRow:
        return self.query_one(f"#{id}", TextRow)

    def _say(self, text: str, role: str) -> None:
        self._row("form-say").show(*([(f" {piece}", role)] for piece in wrap(text, max(20, self.size.width - 4))))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """What the field takes, said while one is in it."""
        for field in FIELDS:
            if field.name == event.widget.id:
                self._row("form-hint").show([(f" {field.label}: {field.hint}", "dim")])

    def _show_error(self, error: FieldError | None) -> None:
        """The error under its field, and the focus in it; None takes errors away."""
        for field in FIELDS:
            row = self._row(f"error-{field.name}")
            wrong = error is not None and error.name == field.name
            row.set_class(wrong, "-wrong")
            row.show([(" " * 18 + str(error), "fail")] if wrong else [])
        if error is not None:
            self.query_one(f"#{error.name}", Input).focus()

    @property
    def values(self) -> dict[str, str]:
        """What the fields hold, without surrounding blanks."""
        return {field.name: self.query_one(f"#{field.name}", Input).value.strip() for field in FIELDS}

    @on(Input.Submitted)
    def _submitted(self) -> None:
        if self._busy:
            return
        try:
            spec = spec_of(self.values)
        except FieldError as error:
            self._show_error(error)
            self._say("nothing was sent", "warn")
            return
        self._show_error(None)
        self._busy = True
        self.run_worker(self._create(spec), group="action", exit_on_error=False)

    async def _create(self, spec: JobSpec) -> None:
        try:
            if self._checked is None or self._checked[0] != spec:
                self._say("looking at the data…", "dim")
                await self._look(spec, self._reading)
            report = self._checked[1] if self._checked is not None and self._checked[0] == spec else None
            if report is not None and report.errors:
                self._say("nothing was sent: a job with this data would fail (fttui files check says more)", "warn")
                return
            files: dict[str, str] = {}
            for name in ("training_file", "validation_file"):
                text = getattr(spec, name)
                path = path_of(text, self._samples) if text else None
                if path is not None:
                    outcome = await self._store.upload(path, self._progress(os.path.basename(path)))
                    if not outcome.ok:
                        self._refused(FieldError(name, outcome.message), outcome)
                        return
                    files[name] = outcome.id
                    self.uploaded.append(outcome.id)
                    # A second try sends the same file, not a second copy of it.
                    self.query_one(f"#{name}", Input).value = outcome.id
            self._say("creating…", "dim")
            outcome = await self._store.create(spec.model_copy(update=files))
            if outcome.ok:
                if report is not None:
                    remember(self._place, outcome.id, report)
                self.dismiss(outcome)
            else:
                self._refused(None, outcome)
        finally:
            self._busy = False

    def _reading(self, read: int, total: int) -> None:
        # From the thread that reads.
        if total:
            self.app.call_from_thread(self._say, f"looking at the data: {read * 100 // total} %", "dim")

    def _progress(self, name: str) -> Callable[[int, int], None]:
        def show(sent: int, total: int) -> None:
            self._say(f"uploading {name}: {sent * 100 // total if total else 100} %", "dim")

        return show

    def _refused(self, error: FieldError | None, outcome: Outcome) -> None:
        self._show_error(error)
        more = " Enter sends it again, esc leaves." if outcome.ambiguous else ""
        self._say("nothing was created" if error is not None else clean_line(outcome.message) + more, "warn")

    def on_unmount(self) -> None:
        self._precheck.stop()

    async def on_key(self, event: events.Key) -> None:
        """The answer to the question whether to leave."""
        if self._leaving:
            self._leaving = False
            if event.key in ("y", "Y"):
                event.stop()
                event.prevent_default()
                self.dismiss(None)
            else:
                event.stop()
                self._say("", "")
                self.query_one(f"#{self._left}", Input).focus()

    def action_leave(self) -> None:
        """Leave; ask first when something was typed."""
        typed = {name: text for name, text in self.values.items() if text != self._values.get(name, "")}
        if self._busy:
            self._say("still sending; wait for the answer", "warn")
        elif typed and not self._leaving:
            self._leaving = True
            self._left = self.focused.id if self.focused is not None and self.focused.id else FIELDS[0].name
            self.set_focus(None)
            self._say("Leave, and lose what was typed? y/N", "ask")
        else:
            self.dismiss(None)
