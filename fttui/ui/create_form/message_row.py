"""Rows of the create form that wrap their text, and the row for messages and questions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.widget import Widget

from fttui.text import wrap
from fttui.ui.widgets.line_view import TextRow

_MAX_LINES = 6


class WrappedRow(TextRow):
    """A text on as many lines as it needs."""

    def __init__(self, *, id: str, classes: str | None = None, indent: int = 1, least: int = 1) -> None:
        """
        Args:
            least: height with few lines.
        """
        super().__init__(id=id, classes=classes)
        self._indent = indent
        self._least = least
        self._content = ("", "")
        self.room: int | None = None
        """Cells of a line; None: those of the screen."""
        self.is_brief = False
        """Only the first line of the text is shown."""

    def put(self, text: str, role: str) -> None:
        """Show a text."""
        self._content = (text, role)
        self.wrap_again()

    @property
    def role(self) -> str:
        """Role of the text."""
        return self._content[1]

    def wrap_again(self) -> None:
        """Wrap the text at the present width of the screen."""
        text, role = self._content
        text = text.partition("\n")[0] if self.is_brief else text
        cells = (self.room or self.screen.size.width) - 1 - self._indent
        lines = wrap(text, max(20, cells)) if text else []
        self.styles.height = max(1 if self.is_brief else self._least, min(len(lines), _MAX_LINES))
        self.show(*([(" " * self._indent + line, role)] for line in lines))


class MessageRow(WrappedRow):
    """Shows the newest message, a short note in its place, or a yes/no question."""

    def __init__(self, *, id: str, asked: Callable[[], None]) -> None:
        """
        Args:
            asked: called when a question opens and when it closes.
        """
        super().__init__(id=id)
        self._asked = asked
        self._message = ("", "")
        self._idle = ""
        self._has_note = False
        self._yes: Callable[[], None] | None = None
        self._answered = asyncio.Event()
        self._focused: Widget | None = None
        self.yes_key = "y"
        """Key that answers the open question with yes."""

    @property
    def is_asking(self) -> bool:
        """A question is open."""
        return self._yes is not None

    def show_message(self, text: str, role: str) -> None:
        """Show a message; while a question is open, after the answer."""
        self._message = (text, role)
        if not self.is_asking:
            self._put(text, role)

    def show_idle(self, text: str) -> None:
        """Show a text while there is no message."""
        self._idle = text
        if not self.is_asking and not self._has_note:
            self._put(*self._message)

    def note(self, text: str) -> None:
        """Show a text until the next key. An open question is answered with no."""
        self.settle()
        self._put(text, "dim")
        self._has_note = True

    def confirm(self, question: str, yes: Callable[[], None], *, key: str = "y") -> None:
        """Ask a question. `y` calls `yes`; every other key is a no.

        Args:
            key: key in place of `y`, which the question names itself.
        """
        self.yes_key = key
        self._focused = self.screen.focused
        self.screen.set_focus(None)
        self._yes = yes
        self._answered.clear()
        self._put(f"{question} y/N" if key == "y" else question, "ask")
        self._asked()

    def settle(self) -> Callable[[], None] | None:
        """Close an open question or note, and show the message again. Return what a yes would have called."""
        yes, self._yes = self._yes, None
        if yes is not None:
            self._asked()
            self._answered.set()
            if self.screen.focused is None:
                self.screen.set_focus(self._focused)
        if yes is not None or self._has_note:
            self._put(*self._message)
        return yes

    async def answered(self) -> None:
        """Wait until no question is open."""
        if self.is_asking:
            await self._answered.wait()

    def _put(self, text: str, role: str) -> None:
        self._has_note = False
        self.put(text or self._idle, role if text else "dim")
