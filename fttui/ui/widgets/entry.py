"""One field of a form: a line of text, with what it may become."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import events
from textual.binding import Binding
from textual.suggester import Suggester
from textual.widgets import Input

from fttui.text import clean, clean_line

Becomes = Callable[[str], Awaitable[str | None]]
"""What → at the end of a text makes of it; None for nothing."""


class _Known(Suggester):
    def __init__(self, becomes: Becomes) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._becomes = becomes

    async def get_suggestion(self, value: str) -> str | None:
        text = await self._becomes(value) if value else None
        return text if text is not None and text.startswith(value) else None


class Entry(Input):
    """Takes nothing while `locked`; its keys come from the screen, in order. A paste of several lines becomes one line,
    joined as `joint` says. Behind the cursor stands faintly what → would add."""

    LARGEST_PASTE = 100_000
    """Characters: a grader is never so long, and a file that was pasted by mistake would hold up the screen."""

    # Here and not on the screen: between the two stands what scrolls, which takes these keys to scroll. Enter goes
    # straight to the screen, for as a message it would be overtaken by the keys after it.
    BINDINGS = [
        Binding("enter", "screen.submit", show=False),
        Binding("right", "become", show=False),
        Binding("tab,down", "screen.move(1)", show=False),
        Binding("shift+tab,up", "screen.move(-1)", show=False),
        Binding("pagedown", "screen.move(5)", show=False),
        Binding("pageup", "screen.move(-5)", show=False),
    ]
    # In the terminal's own colours a field is a bar in reverse; the cursor and what is not entered are holes in it.
    DEFAULT_CSS = """
    Entry > .input--suggestion { color: $line-dim 70%; text-style: italic; }
    Entry:ansi > .input--suggestion { color: ansi_default; text-style: dim italic not reverse; }
    Entry:ansi > .input--cursor { color: ansi_default; background: ansi_default; text-style: not reverse; }
    """

    def __init__(self, value: str, *, id: str, becomes: Becomes, joint: str) -> None:
        """
        Args:
            joint: what stands between the lines of a paste; empty to take the first line only.
        """
        super().__init__(value, id=id, compact=True, select_on_focus=False, suggester=_Known(becomes))
        self.cursor_blink = False
        self.locked = False
        self._becomes = becomes
        self._joint = joint

    def put(self, text: str) -> None:
        """Hold another text, with the cursor at its end."""
        self.value = text
        self.cursor_position = len(text)

    def enter(self, text: str) -> None:
        """Take what was typed where the cursor is, in place of what is selected."""
        if not self.locked:
            self.replace(text, *self.selection)

    async def action_become(self) -> None:
        """To the right; at the end of the text, what it may become."""
        if self.cursor_at_end and self.value and (text := await self._becomes(self.value)) is not None:
            self.put(text)
        elif not self.cursor_at_end:
            self.action_cursor_right()

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
