"""Screen of the form that creates a job."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen
from textual.widgets import Input

from fttui.core.job_data import DataChecker
from fttui.core.pricing import Pricing
from fttui.store.snapshot import Outcome
from fttui.ui.create_form.check_pane import CheckPane
from fttui.ui.create_form.choices import ChoicesPane
from fttui.ui.create_form.completer import Completer
from fttui.ui.create_form.data_check import DataCheck
from fttui.ui.create_form.data_pane import DataPane
from fttui.ui.create_form.form import CreateForm
from fttui.ui.create_form.hold_out_action import HoldOutAction
from fttui.ui.create_form.lower_pane import LowerPane
from fttui.ui.create_form.repair_action import RepairAction
from fttui.ui.create_form.submission import LONGEST_WAIT, Submission
from fttui.ui.create_form.suggestions import Suggestions
from fttui.ui.create_form.view import LABEL, LEFT, LEFT_IN_ROOMY, FormView
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.terminal.screen_events import ScreenEvents
from fttui.ui.widgets.entry import Entry
from fttui.ui.widgets.line_list import LineList
from fttui.ui.workers import start_worker

if TYPE_CHECKING:
    from fttui.store.port import FormPort


class Opening(NamedTuple):
    """Surroundings of the form."""

    title: str
    service: ServiceInfo
    glyphs: Glyphs
    now: Callable[[], float]


class CreateScreen(ScreenEvents, ModalScreen[Outcome | None]):
    """Composes the form, and handles keys in the order in which they were typed.

    The screen is dismissed with the outcome of a created job, or with None. A refusal keeps all fields.
    """

    AUTO_FOCUS = "Entry"
    BINDINGS = [
        Binding("escape", "leave", "leave", show=False),
        Binding("f2,ctrl+t", "pane", show=False),
        Binding("f1", "field_help", show=False),
        Binding("ctrl+r", "reset", show=False),
    ]
    DEFAULT_CSS = f"""
    CreateScreen #form-view {{ width: 100%; height: 100%; }}
    CreateScreen #form-main {{ width: 100%; height: 1fr; layout: vertical; }}
    CreateScreen #form-left {{ width: 100%; height: auto; }}
    CreateScreen .-wide #form-main {{ layout: horizontal; }}
    CreateScreen .-wide #form-left {{ width: {LEFT}; height: 1fr; }}
    CreateScreen .-roomy #form-left {{ width: {LEFT_IN_ROOMY}; }}
    CreateScreen #form {{ width: 100%; scrollbar-size-vertical: 0; }}
    CreateScreen #form-lower {{ width: 100%; height: 1fr; }}
    CreateScreen .-wide #form-lower {{ width: 1fr; border-left: solid $line-rule; }}
    CreateScreen #form-parts {{ width: 100%; height: 1fr; }}
    CreateScreen .slot {{ width: 1fr; height: 1fr; }}
    CreateScreen #form-end {{ width: 100%; height: auto; }}
    CreateScreen .field {{ height: 1; }}
    CreateScreen .label {{ width: {LABEL}; }}
    CreateScreen Entry {{ width: 1fr; background: $panel; }}
    CreateScreen Entry:focus {{ background: $line-cursor; }}
    CreateScreen:ansi Entry:focus {{ text-style: reverse; }}
    CreateScreen .under {{ display: none; }}
    """

    def __init__(self, store: FormPort, form: CreateForm, opening: Opening, *, left_at: float | None = None) -> None:
        """
        Args:
            left_at: time of the draft that the form shows; None without a draft.
        """
        super().__init__()
        self.form = form
        self._store = store
        self._left_at = left_at
        glyphs, service = opening.glyphs, opening.service
        suggestions = Suggestions(methods=form.offer.methods)
        choices = ChoicesPane(glyphs, form.offer.ranges)
        self._check_pane = CheckPane(glyphs, self._say, self._repair, self._show_titles)
        self._data_pane = DataPane(glyphs, self._show_titles)
        self._choices = choices
        self._lower = lower = LowerPane(choices, (self._check_pane, self._data_pane), glyphs)

        def place() -> str:
            return f"{service.profile} {glyphs.arrow} {store.trouble or service.host}"

        self._view = view = FormView(form, suggestions, lower, glyphs, title=opening.title, place=place)
        pricing = Pricing(service)
        checker = DataChecker(pricing)
        hold_out = HoldOutAction(view, lambda: self.data_check.reading, suggestions.forget_directories)
        self._completer = Completer(view, choices, form, suggestions, store, service, opening.now, hold_out)
        self.data_check = DataCheck(
            view,
            form,
            store,
            checker,
            (self._check_pane, self._data_pane),
            self._completer.missing_model,
            opening.now,
            shown=self._completer.show_offer,
            is_free=pricing.is_free,
        )
        self._repairs = RepairAction(view, lambda: self.data_check.reading, pricing.provider)
        self._submission = Submission(view, form, self.data_check, store, pricing, checker, glyphs, done=self.dismiss)

    @property
    def uploaded(self) -> tuple[str, ...]:
        """Ids of the files uploaded from this form."""
        return self._submission.uploaded

    def compose(self) -> ComposeResult:
        yield self._view

    def on_mount(self) -> None:
        if self._left_at is not None:
            at = time.strftime("%H:%M", time.localtime(self._left_at))
            self._view.messages.show_message(f"Your draft of {at}. ctrl+r starts again.", "dim")
        self._completer.start(self.data_check.soon)
        self.data_check.soon()
        self.data_check.follow()
        start_worker(self, self._follow_connection, group="connection")

    async def _follow_connection(self) -> None:
        """Keep the state of the connection in the title, and ask again for what could not be fetched."""
        while self.is_attached:
            self._view.show_title()
            await self._store.changed()
            self._completer.connection_changed()

    def on_unmount(self) -> None:
        self.data_check.stop()

    def on_resize(self) -> None:
        self._view.refit()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget is self.focused:
            self._completer.focused()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._completer.typed(event.input.id or "")
        self.data_check.soon()

    @on(LineList.Moved)
    def _clicked(self, event: LineList.Moved) -> None:
        if event.list is self._choices:
            self._completer.click()
        else:
            self._check_pane.moved()

    def _say(self, text: str, role: str) -> None:
        self._view.messages.show_message(text, role)

    def _show_titles(self) -> None:
        if self._lower.is_mounted:
            self._lower.lay_out(self.size.width)

    def _repair(self, path: str, target: str) -> None:
        self._repairs.start(path, target)

    def show_note(self, text: str) -> None:
        """Show a text until the next key."""
        self._view.messages.note(text)

    # Keys

    async def on_key(self, event: events.Key) -> None:
        """Handle each key after the key before it. A slow line delivers several keys at once.

        Entries pass their keys to the screen. An open question takes the next key as its answer.
        """
        event.stop()
        event.prevent_default()
        yes, entry = self._view.messages.settle(), self.focused
        if yes is not None:
            if event.key.lower() == self._view.messages.yes_key:
                yes()
        elif self._lower.part is not None:
            self._press_in_pane(event)
        elif event.character is not None and event.is_printable and isinstance(entry, Entry):
            self._completer.drop_highlight()
            entry.enter(event.character)
        elif (bound := self.active_bindings.get(event.key)) is not None and bound.enabled:
            await self.app.run_action(bound.binding.action, bound.node)

    async def action_submit(self) -> None:
        """Take the highlighted suggestion; without one, send the form."""
        if not self._completer.is_highlighted:
            await self._submission.submit()
        elif self._completer.take():
            self._view.move(1)

    def action_move(self, by: int) -> None:
        """Focus a different field. A highlighted suggestion is taken."""
        self._completer.take()
        self._view.move(by)

    async def action_walk(self, by: int) -> None:
        """Move along the list of the focused field, or between fields without one."""
        if not await self._completer.walk(by):
            self._view.move(by)

    def action_field_help(self) -> None:
        self._completer.show_help()

    def action_pane(self) -> None:
        """Give the keys to the lower pane: to the findings if there are any."""
        if self._submission.is_running:
            return
        self.data_check.look()
        if self._lower.can_take_keys:
            self._completer.drop_highlight()
            if self.data_check.report is not None and self.data_check.report.groups:
                self._lower.choose_first()
            self._view.give_keys(True)
        else:
            self.show_note("No file is checked yet.")

    def _press_in_pane(self, event: events.Key) -> None:
        part = self._lower.part
        if part is None or part.press(event.key, event.character):
            return
        if event.character in ("]", "["):
            self._say("", "dim")
            if not self._lower.step(1 if event.character == "]" else -1) and event.character == "[":
                self._view.give_keys(False)
            self._view.show_keys()
        elif event.key in ("tab", "shift+tab", "escape", "f2", "ctrl+t"):
            self._view.give_keys(False)

    def action_reset(self) -> None:
        """Return to the initial texts. Ask first when something was typed."""
        if self._submission.is_running:
            return
        self.form.update(self._view.values)
        if self.form.is_changed:
            self._view.messages.confirm("Start again, and drop your changes?", self._reset)
        else:
            self._reset()

    def _reset(self) -> None:
        self.form.reset()
        self._view.messages.show_message("", "dim")
        self._view.show_texts()
        self._completer.show_facts()
        self._completer.focused()
        self.data_check.soon()

    def action_leave(self) -> None:
        """Return from the list to the field, stop a submission after a question, or leave the form."""
        messages = self._view.messages
        if self._submission.stop_sweep():
            messages.show_message("Stopping after this job.", "dim")
        elif self._submission.is_sent:
            messages.show_message(f"The job may exist already. Waiting for the answer takes {LONGEST_WAIT}.", "warn")
        elif self._submission.is_running:
            messages.confirm("Stop? Nothing has been created so far.", self._submission.stop)
        elif self._completer.is_highlighted:
            self._completer.drop_highlight()
        elif self._completer.close_help():
            pass  # the list is shown again
        else:
            self.form.update(self._view.values)
            self.dismiss(None)
