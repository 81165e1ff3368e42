"""Prompt row above the footer: shows messages, asks for confirmation, reads one line of text."""

import os
import time
from collections.abc import Callable, Mapping
from functools import partial

from textual import events

from fttui.text import wrap
from fttui.ui.render.hints import hint_line
from fttui.ui.render.rows import Line, cut, line_width
from fttui.ui.widgets.line_view import TextRow
from fttui.ui.widgets.question import NARROWEST, Act, Menu, NumberQuestion, Question
from fttui.ui.widgets.text_input import Assistance, Done, TextInput, Typed

ShowHint = Callable[[Callable[[int], Line] | None], None]
"""Shows the row that a function builds for a width instead of the footer; None shows the footer again."""


class PromptRow(TextRow):
    """Row that shows a message, a question or a text input. It never has the focus: the screen passes keys to it.

    A question or a message may take several rows, over the panes.
    """

    def __init__(self, show_hint: ShowHint = lambda _: None, monotonic: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            monotonic: returns the time of a clock that never jumps, in seconds.
        """
        super().__init__(id="prompt")
        self._show_hint = show_hint
        self._monotonic = monotonic
        self._rows = 1
        self._message: Line = ()
        self._message_lasts = False
        self._ticks = 0
        self._idle_line: Line = ()
        self._question: Question | None = None
        self._typing: TextInput | None = None

    @property
    def takes_keys(self) -> bool:
        """True while a question or a text input is open. The screen then passes every key to the row."""
        return self._question is not None or self._typing is not None

    @property
    def caret(self) -> int | None:
        """Column of the cursor in the text input; None when no text input is open."""
        if self._typing is None:
            return None
        label, before, *_ = self._line_of(self.size.width)
        return min(self.size.width - 1, line_width([label, before]))

    def show_message(self, text: str, role: str = "", *, lasting: bool = False) -> None:
        """Show a message until the next key, or with `lasting` until the next message."""
        self._message = [(f" {text}", role)] if text else ()
        self._message_lasts = lasting
        self._ticks = 0
        self._draw()

    def show_line(self, line: Line) -> None:
        """Show a message of several parts until the next key."""
        self.show_message("")
        self._message = line
        self._draw()

    def set_idle_line(self, line: Line) -> None:
        """Set the line shown while there is no message."""
        if line != self._idle_line:
            self._idle_line = line
            self._draw()

    def redraw_input(self) -> None:
        """Draw an open text input again, because what its hint is about has changed."""
        if self._typing is not None:
            self._draw()

    def tick(self) -> None:
        """Count a tick of the screen's timer. Clear a warning after six ticks, other messages after two."""
        self._ticks += 1
        ticks = 6 if self._message and self._message[0][1] == "warn" else 2
        if self._message and not self._message_lasts and self._ticks >= ticks:
            self.show_message("")

    def clear_message(self) -> None:
        """Clear the message, unless it lasts. The screen calls this at every key."""
        if self._message and not self._message_lasts:
            self.show_message("")

    def confirm(self, question: str, on_yes: Act, others: Mapping[str, Act] | None = None) -> None:
        """Ask a yes-or-no question. Only `y` means yes.

        Args:
            others: actions by further keys, which the question names.
        """
        self._ask(Question(question, {"y": on_yes, "Y": on_yes, **(others or {})}, self._monotonic()))

    def confirm_number(self, question: str, request: str, number: int, on_yes: Act) -> None:
        """Ask a question. To confirm, the user types `number` and presses enter; any other answer means no.

        Args:
            request: text before the typed number.
        """
        self._ask(NumberQuestion(question, request, number, on_yes, self._monotonic()))

    def open_menu(self, question: str, choices: Mapping[str, tuple[str, Act]], *, hint: str = "") -> None:
        """Show a menu. Each choice has a key, a word and an action. Any other key closes the menu."""
        self._ask(Menu(question, choices, self._monotonic(), hint=hint))

    def _ask(self, question: Question) -> None:
        self._question = question
        self._draw()

    def read_text(
        self,
        label: str,
        value: str,
        typed: Typed,
        done: Done,
        assistance: Assistance = Assistance(),  # noqa: B008  (a value)
    ) -> None:
        """Open a text input.

        Args:
            value: the initial text.
            typed: called after every key.
            done: called when the text input closes.
        """
        self._typing = TextInput(label, value, typed, done, assistance)
        self._draw()

    def read_path(self, label: str, value: str, act: Callable[[str], None]) -> None:
        """Open a text input for a path and pass the path to `act`. If a file exists there, ask first."""

        def done(text: str, accepted: bool) -> None:
            if accepted and text.strip():
                self.confirm_path(text.strip(), act)

        self.read_text(label, value, lambda _: None, done)

    def confirm_path(self, path: str, act: Callable[[str], None]) -> None:
        """Expand `~` in a path and pass the path to `act`. If a file exists there, ask first."""
        path = os.path.expanduser(path)
        if os.path.exists(path):
            self.confirm(f"Overwrite {path}?", lambda: act(path))
        else:
            act(path)

    def key(self, key: str, character: str | None) -> bool:
        """Handle a key. Return False if the row does not use the key, so that the pane can handle it."""
        if self._question is not None:
            self._answer(self._question, key)
            return True
        return self._typing is not None and self._type_key(self._typing, key, character)

    def paste(self, text: str) -> bool:
        """Insert pasted text. Return False when no text input is open."""
        if self._typing is None:
            return False
        self._typing.insert(" ".join(text.split("\n")).strip())
        self._draw()
        return True

    def _answer(self, question: Question, key: str) -> None:
        question.key(key, self._monotonic())
        if not question.is_closed:
            self._draw()
            return
        self._question = None
        self.show_message("" if question.act or question.is_menu else "Nothing changed.", "dim")
        if question.act is not None:
            question.act()

    def _type_key(self, typing: TextInput, key: str, character: str | None) -> bool:
        if key in ("enter", "escape", "ctrl+c"):
            self._end(typing, accepted=key == "enter")
        elif not typing.key(key, character):
            return False
        self._draw()
        return True

    def _end(self, typing: TextInput, *, accepted: bool) -> None:
        self._typing = None
        self.show_message("")
        typing.done(typing.text, accepted)

    def on_resize(self, event: events.Resize) -> None:
        if self._question is not None or self._message:
            self._draw()

    def _draw(self) -> None:
        lines = self._rows_of(self.size.width)
        rows = len(lines)
        if rows == 1 and self._question is None:
            self.fill(self._line_of)
        else:
            self.show(*lines)
        if rows != self._rows:
            self._rows = rows
            self.styles.height = rows
        hint = self._typing.hint if self._typing is not None and self._question is None else None
        self._show_hint(partial(hint_line, hint) if hint is not None else None)

    def _rows_of(self, cells: int) -> list[Line]:
        """Return the rows: those of a question or of a message, which are never cut, else one."""
        if self._question is not None:
            return self._question.lines(cells)
        if self._typing is None and len(self._message) == 1:
            ((text, role),) = self._message
            return [[(f" {line}", role)] for line in wrap(text.removeprefix(" "), max(NARROWEST, cells - 2))]
        return [self._line_of(cells)]

    def _line_of(self, cells: int) -> Line:
        if self._typing is not None:
            return cut(self._typing.line(cells), cells)
        return cut(self._message or self._idle_line, cells)
