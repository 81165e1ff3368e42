"""The form that creates a job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.binding import Binding
from textual.screen import Screen

from fttui.data.local_files import SamplePath
from fttui.ui.create_form.submission import Sending
from fttui.ui.render.glyphs import UNICODE, Glyphs
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.widgets.entry import Entry

if TYPE_CHECKING:
    from fttui.store.port import StorePort


class CreateScreen(Sending):
    """Enter creates from any field; a refusal keeps every field. What keys do, each in its turn."""

    BINDINGS = [
        Binding("escape", "leave", "leave", show=False),
        Binding("ctrl+n", "walk(1)", show=False),
        Binding("ctrl+p", "walk(-1)", show=False),
    ]

    def __init__(
        self,
        store: StorePort,
        values: dict[str, str],
        samples: SamplePath,
        place: ServiceInfo,
        glyphs: Glyphs = UNICODE,
        *,
        now: Callable[[], float],
    ) -> None:
        super().__init__(store, values, samples, place, glyphs, now)
        self._early: list[events.Key] | None = []
        """Keys that wait for those that were typed before them; None once nothing is before them."""

    def _begin(self) -> None:
        super()._begin()
        self._below.call_later(self._caught_up)

    @property
    def _below(self) -> Screen[object]:
        return self.app.screen_stack[-2]

    def _forward_event(self, event: events.Event) -> None:
        """Keys that came after the one that opened the form may still be with the screen below: those come first."""
        if isinstance(event, events.Key) and self._early is not None and asyncio.current_task() is not self._below.task:
            self._early.append(event)
        else:
            super()._forward_event(event)

    def _caught_up(self) -> None:
        early, self._early = self._early or [], None
        for event in early:
            super()._forward_event(event)

    async def on_key(self, event: events.Key) -> None:
        """Every key, one after the other, as it was typed: over a slow line several arrive at once, and each must find
        what the one before it has done. Entries hand theirs over; a question takes the next one as its answer."""
        event.stop()
        event.prevent_default()
        yes, entry = self._settle(), self.focused
        if yes is not None:
            if event.key in ("y", "Y"):
                yes()
        elif event.character is not None and event.is_printable and isinstance(entry, Entry):
            entry.enter(event.character)
        elif (bound := self.active_bindings.get(event.key)) is not None and bound.enabled:
            await self.app.run_action(bound.binding.action, bound.node)
