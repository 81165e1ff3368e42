"""Screen of the form that creates a job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from fttui.core.create_job import DataChecker
from fttui.core.pricing import Pricing
from fttui.store.snapshot import Outcome
from fttui.ui.create_form.completer import Completer
from fttui.ui.create_form.data_check import DataCheck
from fttui.ui.create_form.findings import findings_screen
from fttui.ui.create_form.form import CreateForm
from fttui.ui.create_form.message_row import MAX_CELLS, SHORT
from fttui.ui.create_form.submission import LONGEST_WAIT, Submission
from fttui.ui.create_form.suggestions import Suggestions
from fttui.ui.create_form.view import LABEL, FormView
from fttui.ui.render.glyphs import UNICODE, Glyphs
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.terminal.latest_size import LatestSize
from fttui.ui.widgets.entry import Entry

if TYPE_CHECKING:
    from fttui.store.port import FormPort


class CreateScreen(LatestSize, ModalScreen[Outcome | None]):
    """Composes the form, and handles keys in the order in which they were typed.

    The screen is dismissed with the outcome of a created job, or with None. A refusal keeps all fields.
    """

    AUTO_FOCUS = "Entry"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-medium")]
    BINDINGS = [
        Binding("escape", "leave", "leave", show=False),
        Binding("f2", "findings", show=False),
        Binding("ctrl+n", "walk(1)", show=False),
        Binding("ctrl+p", "walk(-1)", show=False),
    ]
    DEFAULT_CSS = f"""
    CreateScreen #form-view {{ width: 100%; height: 100%; align: center top; }}
    CreateScreen #form {{
        width: 100%; max-width: {MAX_CELLS}; height: 1fr; padding: 1 1 0 1; scrollbar-size-vertical: 1;
    }}
    CreateScreen #form-end {{ width: 100%; max-width: {MAX_CELLS}; height: auto; padding: 0 1; }}
    CreateScreen.-short #form {{ padding: 0 1; }}
    CreateScreen .field {{ height: 1; }}
    CreateScreen .label {{ width: {LABEL}; }}
    CreateScreen Entry {{ width: 1fr; background: $panel; }}
    CreateScreen Entry:focus {{ background: $line-cursor; }}
    CreateScreen:ansi Entry:focus {{ text-style: reverse; }}
    CreateScreen .name {{ display: none; }}
    CreateScreen .under {{ display: none; }}
    CreateScreen #form-found {{ height: 3; }}
    CreateScreen.-short #form-found {{ height: 1; }}
    """

    def __init__(
        self,
        store: FormPort,
        values: Mapping[str, str],
        service: ServiceInfo,
        glyphs: Glyphs = UNICODE,
        *,
        now: Callable[[], float],
    ) -> None:
        """
        Args:
            values: initial texts by field; missing fields get their defaults.
        """
        super().__init__()
        self._form = CreateForm(values)
        suggestions = Suggestions()
        self._view = view = FormView(self._form, suggestions)
        pricing = Pricing(service)
        checker = DataChecker(pricing)
        self._completer = Completer(view, self._form, suggestions, store, glyphs, now)
        self.data_check = DataCheck(view, self._form, store, checker, now)
        self._submission = Submission(
            view, self._form, self.data_check, store, pricing, checker, glyphs, done=self.dismiss
        )
        keys = ("enter creates", "tab moves", "right completes", "ctrl+n chooses", "esc leaves")
        self._keys = f" {glyphs.dot} ".join(keys)
        self._early: list[events.Key] | None = []
        """Keys that wait for keys typed before them; None when there are none."""

    @property
    def uploaded(self) -> tuple[str, ...]:
        """Ids of the files uploaded from this form."""
        return self._submission.uploaded

    def compose(self) -> ComposeResult:
        yield self._view

    def on_mount(self) -> None:
        self._view.messages.show_message(self._keys, "dim")
        self._completer.start(self.data_check.soon)
        self.data_check.soon()
        self._below.call_later(self._catch_up)

    def on_unmount(self) -> None:
        self.data_check.stop()

    def on_resize(self) -> None:
        self._view.refit()
        self._completer.refit()

    def on_descendant_focus(self) -> None:
        self._completer.show_hint()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._completer.typed(event.input.id or "")
        self.data_check.soon()

    def show_note(self, text: str) -> None:
        """Show a text until the next key."""
        self._view.messages.note(text)

    # Keys

    @property
    def _below(self) -> Screen[object]:
        return self.app.screen_stack[-2]

    def _forward_event(self, event: events.Event) -> None:
        # Keys typed after the key that opened the form may still be with the screen below: those come first.
        if isinstance(event, events.Key) and self._early is not None and asyncio.current_task() is not self._below.task:
            self._early.append(event)
        else:
            super()._forward_event(event)

    def _catch_up(self) -> None:
        early, self._early = self._early or [], None
        for event in early:
            super()._forward_event(event)

    async def on_key(self, event: events.Key) -> None:
        """Handle each key after the key before it. A slow line delivers several keys at once.

        Entries pass their keys to the screen. An open question takes the next key as its answer.
        """
        event.stop()
        event.prevent_default()
        yes, entry = self._view.messages.settle(), self.focused
        if yes is not None:
            if event.key in ("y", "Y"):
                yes()
        elif event.character is not None and event.is_printable and isinstance(entry, Entry):
            entry.enter(event.character)
        elif (bound := self.active_bindings.get(event.key)) is not None and bound.enabled:
            await self.app.run_action(bound.binding.action, bound.node)

    async def action_submit(self) -> None:
        await self._submission.submit()

    def action_move(self, by: int) -> None:
        self._view.move(by)

    def action_findings(self) -> None:
        """Open the list of all findings in the data."""
        report = self.data_check.report
        if report is None or not report.groups:
            self.show_note("no findings in the data" if report is not None else "no data was checked")
        else:
            self.app.push_screen(findings_screen(report, self.size.width))

    async def action_walk(self, by: int) -> None:
        await self._completer.walk(by)

    def action_leave(self) -> None:
        """Leave the form, or stop a submission. Ask first when something would be lost."""
        messages = self._view.messages
        if self._submission.is_sent:
            messages.show_message(f"The job may exist already. Waiting for the answer takes {LONGEST_WAIT}.", "warn")
        elif self._submission.is_running:
            messages.confirm("Stop? Nothing has been created so far.", self._submission.stop)
        else:
            self._form.update(self._view.values)
            if self._form.is_changed:
                messages.confirm("Leave, and lose what was typed?", self._leave)
            else:
                self._leave()

    def _leave(self) -> None:
        self.dismiss(None)
