"""One field of a form: a line of text, with what it may become."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.binding import Binding
from textual.suggester import Suggester
from textual.widgets import Input

from fttui.text import clean, clean_line

Begins = Callable[[str], str | None]
"""What a text may become that begins with it; None when nothing is known."""


class _Known(Suggester):
    def __init__(self, begins: Begins) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._begins = begins

    async def get_suggestion(self, value: str) -> str | None:
        return self._begins(value) if value else None


class Entry(Input):
    """Takes nothing while `locked`; its keys come from the screen, in order. A paste of several lines becomes one line,
    joined as `joint` says."""

    LARGEST_PASTE = 100_000
    """Characters: a grader is never so long, and a file that was pasted by mistake would hold up the screen."""

    # Here and not on the screen: between the two stands what scrolls, which takes these keys to scroll.
    BINDINGS = [
        Binding("tab,down", "screen.move(1)", show=False),
        Binding("shift+tab,up", "screen.move(-1)", show=False),
        Binding("pagedown", "screen.move(5)", show=False),
        Binding("pageup", "screen.move(-5)", show=False),
    ]

    def __init__(self, value: str, *, id: str, begins: Begins, takes: Callable[[str], str | None], joint: str) -> None:
        """
        Args:
            takes: what → at the end of a text makes of it where nothing begins with it; None for nothing.
            joint: what stands between the lines of a paste; empty to take the first line only.
        """
        super().__init__(value, id=id, compact=True, select_on_focus=False, suggester=_Known(begins))
        self.cursor_blink = False
        self.locked = False
        self._takes = takes
        self._joint = joint

    def put(self, text: str) -> None:
        """Hold another text, with the cursor at its end."""
        self.value = text
        self.cursor_position = len(text)

    def enter(self, text: str) -> None:
        """Take what was typed where the cursor is, in place of what is selected."""
        if not self.locked:
            self.replace(text, *self.selection)

    def action_cursor_right(self, select: bool = False) -> None:
        if self.cursor_at_end and not select and not self._suggestion and (text := self._takes(self.value)) is not None:
            self.put(text)
        else:
            super().action_cursor_right(select)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self.locked and super().check_action(action, parameters)

    def _forward_event(self, event: events.Event) -> None:
        # A key that is bound goes all the way up before anything happens, and would be overtaken by the letters after
        # it: so all of them are the screen's, in one queue.
        if isinstance(event, events.Key):
            self.screen._forward_event(event)
        else:
            super()._forward_event(event)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        lines = [clean_line(line).strip() for line in clean(event.text[: self.LARGEST_PASTE]).split("\n")]
        lines = [line for line in lines if line]
        self.enter(self._joint.join(lines) if self._joint else lines[0] if lines else "")
