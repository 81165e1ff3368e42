"""Events and frames of screens: keys in the order in which they were typed, each drawn at once, no outdated size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, ref

from textual import events
from textual._compositor import Compositor
from textual.app import App
from textual.widget import Widget

from fttui.ui.terminal.compositor import ChangesCompositor
from fttui.ui.terminal.prompt_paint import PromptPaint


class ScreenEvents(Widget):
    """Part of a screen that corrects which events reach it, in which order, and how their effects are drawn.

    - Keys: a burst of keys may open and close screens. A key that was typed after one of these may wait in the queue
      of the previous screen, which passes it on. Newer keys wait until that queue is empty.
    - Sizes: after each change of its size, Textual's screen sends itself one more event with that size. Two different
      sizes in its queue would therefore follow each other for ever, and each draws the whole screen.
    - Styles: when a screen is shown for the first time, its widgets have just got their styles. Textual would match
      every rule against every widget again.
    - Frames: the last of the keys that have arrived is drawn at once, and only the widgets that changed are rendered.
    """

    _newest: WeakKeyDictionary[App[object], ref[ScreenEvents]] = WeakKeyDictionary()
    """Screen that got the newest key from the terminal, by application. A screen refers to its application."""

    _was_shown = False

    _early: list[events.Key] | None = None
    """Keys that wait for the queue of the previous screen; None while there is nothing to wait for."""

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self._compositor: Compositor = ChangesCompositor()
        self._paint = PromptPaint(self)

    def call_after_keys(self, callback: Callable[[], None]) -> None:
        """Call a function once the keys that have arrived are handled, at once if there are no others."""
        if self.message_queue_size or self._pending_message is not None:
            self.call_later(callback)
        else:
            callback()

    def _forward_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key):
            super()._forward_event(event)
            return
        previous = self._newest.get(self.app, ref(self))() or self
        if previous._early is not None:
            previous._early.append(event)
            return
        self._newest[self.app] = ref(self)
        if previous is self:
            self._receive(event)
        else:
            self._early = [event]
            if not previous.call_later(self._catch_up):
                self._catch_up()

    def _receive(self, event: events.Key) -> None:
        super()._forward_event(event)

    def _catch_up(self) -> None:
        early, self._early = self._early or [], None
        for event in early:
            self._receive(event)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Resize) and event.size != self.app.size:
            return  # an event with the present size follows
        if isinstance(event, events.ScreenResume):
            event.refresh_styles &= self._was_shown
            self._was_shown = True
        if isinstance(event, events.Key) and isinstance(screen := self.app.screen, ScreenEvents) and screen is not self:
            # Typed after the key that opened a screen above this one, or closed this one.
            screen._receive(events.Key(event.key, event.character))
            return
        await super().on_event(event)
        self._paint.follow(event)
