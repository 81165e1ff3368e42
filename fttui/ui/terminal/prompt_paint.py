"""Frame of a key, drawn in the turn of the event loop that handled the key.

A changed widget tells its own queue, which tells the screen's queue, which wakes a timer, which draws. Each of these
steps waits for its turn, which takes as long as drawing.

The names used here are private in Textual. Without them, frames are drawn Textual's way.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from textual.events import Event, Key
from textual.screen import UPDATE_PERIOD
from textual.widget import Widget

from fttui.ui.terminal import fallbacks


class PromptPaint:
    """Draws the changed widgets of a screen at once, as often as Textual draws them."""

    works = True
    """Textual has the expected structure."""

    def __init__(self, screen: Widget) -> None:
        self._screen: Any = screen
        self._is_due = False
        self._painted_at = 0.0

    def follow(self, event: Event) -> None:
        """Draw what the last key of a burst has changed, after `event` was handled.

        Textual draws if widgets get new places or styles first, or if the last frame was a moment ago.
        """
        self._is_due |= isinstance(event, Key)
        if not self._is_due or not PromptPaint.works:
            return
        try:
            if self._screen.message_queue_size or self._screen._pending_message is not None:
                return
            self._is_due = False
            now = monotonic()
            draw = self._screen._on_timer_update
            if now - self._painted_at < UPDATE_PERIOD or not self._collect():
                return
        except AttributeError as error:
            PromptPaint.works = False
            fallbacks.give_up("drawing in the turn of a key", error)
            return
        self._painted_at = now
        draw()

    def _collect(self) -> bool:
        """Hand the changed widgets to the screen. Return False if something is to be done before they are drawn."""
        screen = self._screen
        visible = screen._compositor.visible_widgets
        if any(
            each._layout_required or each._scroll_required or each._refresh_styles_required or each._recompose_required
            for each in (screen, *visible)
        ):
            return False
        for each in visible:
            if each._repaint_required:
                each._repaint_required = False
                screen._dirty_widgets.add(each)
        return True
