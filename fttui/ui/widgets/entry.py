"""Text field of a form with an inline suggestion."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import events
from textual.binding import Binding
from textual.suggester import Suggester
from textual.widgets import Input
from textual.widgets.input import Selection

from fttui.text import clean, clean_line

Complete = Callable[[str], Awaitable[str | None]]
"""Returns the completion of a text, or None."""


class _Completion(Suggester):
    def __init__(self, complete: Complete) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        text = await self._complete(value) if value else None
        return text if text is not None and text.startswith(value) else None


class Entry(Input):
    """Text field. The suggestion that `→` accepts is shown after the cursor. Keys come from the screen, in order.

    Attributes:
        locked: True ignores all input.
    """

    LARGEST_PASTE = 100_000
    """Largest paste in characters. A grader is much shorter, and a file pasted by mistake would block the screen."""

    # Bound here and not on the screen: the scroll container between them would use these keys to scroll. Enter calls
    # the screen directly, because a message would arrive after the keys that follow.
    BINDINGS = [
        Binding("enter", "screen.submit", show=False),
        Binding("right", "complete", show=False),
        Binding("tab", "screen.move(1)", show=False),
        Binding("shift+tab", "screen.move(-1)", show=False),
        Binding("down,ctrl+n", "screen.walk(1)", show=False),
        Binding("up,ctrl+p", "screen.walk(-1)", show=False),
        Binding("pagedown", "screen.move(5)", show=False),
        Binding("pageup", "screen.move(-5)", show=False),
    ]
    # With ANSI colours a field is drawn in reverse, and the cursor and the suggestion are not.
    DEFAULT_CSS = """
    Entry > .input--suggestion { color: $line-dim 70%; text-style: italic; }
    Entry:ansi > .input--suggestion { color: ansi_default; text-style: dim italic not reverse; }
    Entry:ansi > .input--selection { text-style: bold underline; }
    Entry:ansi > .input--cursor { color: ansi_default; background: ansi_default; text-style: not reverse; }
    """

    def __init__(self, value: str, *, id: str, complete: Complete, separator: str, automatic: str = "") -> None:
        """
        Args:
            separator: joins the lines of a paste. Empty takes the first line only.
            automatic: word that the first digit replaces, and that backspace deletes as a whole.
        """
        super().__init__(value, id=id, compact=True, select_on_focus=False, suggester=_Completion(complete))
        self.cursor_blink = False
        self.locked = False
        self._complete = complete
        self._separator = separator
        self._automatic = automatic

    @property
    def _is_automatic(self) -> bool:
        return bool(self._automatic) and self.value == self._automatic

    def put(self, text: str) -> None:
        """Replace the text and put the cursor at its end."""
        self.value = text
        self.cursor_position = len(text)

    def enter(self, text: str) -> None:
        """Insert typed text at the cursor, replacing the selection."""
        if self.locked:
            return
        if self._is_automatic and (text[:1].isdecimal() or text[:1] in (".", "-")):
            self.put(text)
        else:
            self.replace(text, *self.selection)

    def select_text(self) -> None:
        """Select the whole text, so that typing replaces it."""
        self.selection = Selection(0, len(self.value))

    def action_delete_left(self) -> None:
        if self._is_automatic:
            self.put("")
        else:
            super().action_delete_left()

    async def action_complete(self) -> None:
        """Move the cursor right, or accept the suggestion at the end of the text. A selected text is kept."""
        if not self.selection.is_empty:
            self.cursor_position = self.selection.end
        elif self.cursor_at_end and self.value and (text := await self._complete(self.value)) is not None:
            self.put(text)
        elif not self.cursor_at_end:
            self.action_cursor_right()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self.locked and super().check_action(action, parameters)

    def _forward_event(self, event: events.Event) -> None:
        # A bound key bubbles up before it is handled, and the letters after it would overtake it. So the screen
        # handles all keys, in one queue.
        if isinstance(event, events.Key):
            self.screen._forward_event(event)
        else:
            super()._forward_event(event)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        lines = [clean_line(line).strip() for line in clean(event.text[: self.LARGEST_PASTE]).split("\n")]
        lines = [line for line in lines if line]
        self.enter(self._separator.join(lines) if self._separator else lines[0] if lines else "")
