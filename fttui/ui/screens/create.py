"""The form that creates a job."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from fttui.models.job import METHODS
from fttui.models.spec import JobSpec
from fttui.store.snapshot import Outcome
from fttui.text import clean_line, wrap
from fttui.ui.widgets.line_view import TextRow

if TYPE_CHECKING:
    from fttui.store.store import Store


class Field(NamedTuple):
    """One line of the form."""

    name: str
    label: str
    hint: str


FIELDS = (
    Field("model", "model", "base model, or a tuned model to go on from"),
    Field("training_file", "training file", "a path, which is uploaded, or a file id"),
    Field("validation_file", "validation file", "optional: a path or a file id"),
    Field("suffix", "suffix", "optional: up to 64 characters in the model's name"),
    Field("method", "method", "supervised, dpo or reinforcement"),
    Field("n_epochs", "epochs", "auto, or 1 to 50"),
    Field("batch_size", "batch size", "auto, or 1 to 256"),
    Field("learning_rate_multiplier", "learning rate x", "auto, or a number above 0"),
    Field("seed", "seed", "optional: 0 to 2147483647"),
)
EMPTY = {"method": "supervised", "n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}
"""What the form holds when nothing is known: the provider's defaults."""


class FieldError(ValueError):
    """A field holds something that cannot be sent."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def spec_of(values: dict[str, str]) -> JobSpec:
    """The job that the form asks for; files are still as typed.

    Raises:
        FieldError: a field is empty that must not be, or its value is out of range (api.md §7).
    """
    for name in ("model", "training_file"):
        if not values[name]:
            raise FieldError(name, "needed")
    if len(values["suffix"]) > 64:
        raise FieldError("suffix", f"{len(values['suffix'])} characters; at most 64")
    if values["method"] not in ("", *METHODS):
        raise FieldError("method", "one of: " + ", ".join(METHODS))
    hyperparameters: dict[str, int | float | str] = {}
    for name, most in (("n_epochs", 50), ("batch_size", 256)):
        if values[name] not in ("", "auto"):
            hyperparameters[name] = _whole(name, values[name], 1, most)
    if (factor := values["learning_rate_multiplier"]) not in ("", "auto"):
        try:
            hyperparameters["learning_rate_multiplier"] = number = float(factor)
        except ValueError:
            raise FieldError("learning_rate_multiplier", "auto, or a number above 0") from None
        if not 0 < number < float("inf"):
            raise FieldError("learning_rate_multiplier", "auto, or a number above 0")
    try:
        return JobSpec(
            model=values["model"],
            training_file=values["training_file"],
            validation_file=values["validation_file"] or None,
            suffix=values["suffix"] or None,
            seed=_whole("seed", values["seed"], 0, 2147483647) if values["seed"] else None,
            method=values["method"] or None,
            hyperparameters=hyperparameters,
        )
    except ValidationError as error:  # the checks above should have named the field already
        raise FieldError("model", str(error.errors()[0]["msg"])) from error


def _whole(name: str, text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise FieldError(name, f"a whole number from {least} to {most}")
    return int(text)


def path_of(text: str, samples: Callable[[str], str | None]) -> str | None:
    """The local file that a field names: a path, or the name of a sample; None when it is a file id."""
    if sample := samples(text):
        return sample
    path = os.path.expanduser(text)
    return path if os.sep in text or os.path.exists(path) or text.endswith(".jsonl") else None


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
    CreateScreen #form-end { width: 100%; max-width: 100; height: 5; padding: 0 1; }
    CreateScreen.-short #form { padding: 0 1; }
    CreateScreen.-short #form-end { height: 3; }
    CreateScreen .field { height: 1; }
    CreateScreen .label { width: 18; }
    CreateScreen Input { width: 1fr; background: $panel; }
    CreateScreen Input:focus { background: $line-cursor; }
    CreateScreen:ansi Input:focus { text-style: reverse; }
    CreateScreen .error { display: none; }
    CreateScreen .error.-wrong { display: block; }
    CreateScreen #form-say { height: 3; }
    """

    def __init__(self, store: Store, values: dict[str, str], samples: Callable[[str], str | None]) -> None:
        super().__init__()
        self._store = store
        self._values = values
        self._samples = samples
        self._busy = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False):
            yield TextRow(id="form-title")
            for field in FIELDS:
                with Horizontal(classes="field"):
                    yield TextRow(id=f"label-{field.name}", classes="label")
                    entry = Input(self._values.get(field.name, ""), id=field.name, compact=True, select_on_focus=False)
                    entry.cursor_blink = False
                    yield entry
                yield TextRow(id=f"error-{field.name}", classes="error")
        with Vertical(id="form-end"):
            yield TextRow(id="form-hint")
            yield TextRow(id="form-say")

    def on_mount(self) -> None:
        self._row("form-title").show([(" Create a fine-tuning job", "title")])
        for field in FIELDS:
            self._row(f"label-{field.name}").show([(f" {field.label}", "")])
        self._say("enter creates · tab and ↑ ↓ move · esc leaves", "dim")

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
                    # A second try sends the same file, not a second copy of it.
                    self.query_one(f"#{name}", Input).value = outcome.id
            self._say("creating…", "dim")
            outcome = await self._store.create(spec.model_copy(update=files))
            if outcome.ok:
                self.dismiss(outcome)
            else:
                self._refused(None, outcome)
        finally:
            self._busy = False

    def _progress(self, name: str) -> Callable[[int, int], None]:
        def show(sent: int, total: int) -> None:
            self._say(f"uploading {name}: {sent * 100 // total if total else 100} %", "dim")

        return show

    def _refused(self, error: FieldError | None, outcome: Outcome) -> None:
        self._show_error(error)
        more = " Enter sends it again, esc leaves." if outcome.ambiguous else ""
        self._say("nothing was created" if error is not None else clean_line(outcome.message) + more, "warn")

    def action_leave(self) -> None:
        if self._busy:
            self._say("still sending; wait for the answer", "warn")
        else:
            self.dismiss(None)
