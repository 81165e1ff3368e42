"""Prompt row above the footer: shows messages, asks for confirmation, reads one line of text."""

import os
from collections.abc import Callable, Mapping
from functools import partial

from fttui.text import fit
from fttui.ui.render.hints import hint_line
from fttui.ui.render.rows import Line, Span, cut, line_width
from fttui.ui.widgets.line_view import TextRow
from fttui.ui.widgets.text_input import Assistance, Done, TextInput, Typed

Act = Callable[[], object]
ShowHint = Callable[[Callable[[int], Line] | None], None]
"""Shows the row that a function builds for a width instead of the footer; None shows the footer again."""

NO = ("n", "N", "enter", "escape", "q", "ctrl+c")
"""Keys that answer a question with no. For a question with a number, enter means yes if the number is right."""


class _Question:
    """Question that the user answers with yes or no, with a number, or with a key of a menu."""

    def __init__(
        self,
        line: Line,
        choices: dict[str, Act],
        number: str = "",
        on_number: Act | None = None,
        *,
        text: str = "",
        is_menu: bool = False,
    ) -> None:
        self.line = line
        self.text = text
        """The question, cut when space is short. `line` with the possible answers is never cut."""
        self.choices = choices
        """Actions by key."""
        self.is_menu = is_menu
        self.number = number
        """Number that the user types to confirm; empty for other questions."""
        self.on_number = on_number
        self.digits = ""
        """Digits typed until now."""


class PromptRow(TextRow):
    """Row that shows a message, a question or a text input. It never has the focus: the screen passes keys to it."""

    def __init__(self, show_hint: ShowHint = lambda _: None) -> None:
        super().__init__(id="prompt")
        self._show_hint = show_hint
        self._message: Line = ()
        self._message_lasts = False
        self._ticks = 0
        self._idle_line: Line = ()
        self._question: _Question | None = None
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

    def confirm(self, question: str, on_yes: Act) -> None:
        """Ask a yes-or-no question. Only `y` means yes."""
        self._question = _Question([(" y/N", "key")], {"y": on_yes, "Y": on_yes}, text=question)
        self._draw()

    def confirm_number(self, question: str, number: int, verb: str, on_yes: Act) -> None:
        """Ask a question. To confirm, the user types `number` and presses enter; any other answer means no."""
        line: Line = [(f" Type {number} to {verb}: ", "ask")]
        self._question = _Question(line, {}, str(number), on_yes, text=question)
        self._draw()

    def open_menu(self, question: str, choices: Mapping[str, tuple[str, Act]]) -> None:
        """Show a menu. Each choice has a key, a word and an action. Any other key closes the menu."""
        line: list[Span] = [(f" {question} ", "ask")]
        for key, (word, _) in choices.items():
            line += [(f" {key}", "key"), (f" {word} ", "")]
        self._question = _Question(line, {key: act for key, (_, act) in choices.items()}, is_menu=True)
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

    def _answer(self, question: _Question, key: str) -> None:
        act = question.choices.get(key)
        if question.is_menu:
            self._close("")
        elif question.number:
            if key.isdecimal():
                question.digits += key
            elif key == "backspace":
                question.digits = question.digits[:-1]
            elif key in NO:
                act = question.on_number if key == "enter" and question.digits == question.number else None
                self._close("" if act else "Nothing changed.")
            self._draw()
        elif act is not None or key in NO:
            self._close("" if act else "Nothing changed.")
        if act is not None:
            act()

    def _close(self, text: str) -> None:
        self._question = None
        self.show_message(text, "dim")

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

    def _draw(self) -> None:
        self.fill(self._line_of)
        hint = self._typing.hint if self._typing is not None and self._question is None else None
        self._show_hint(partial(hint_line, hint) if hint is not None else None)

    def _line_of(self, cells: int) -> Line:
        if self._question is not None:
            question = self._question
            if question.number:
                answer: list[Span] = [*question.line, (question.digits or "_", "key")]
                room = cells - line_width(answer) - 3
                return [*answer, (f"  {fit(question.text, room)}" if room > 3 else "", "dim")]
            room = cells - line_width(question.line) - 1
            return [(f" {fit(question.text, room)}" if question.text else "", "ask"), *question.line]
        if self._typing is not None:
            return cut(self._typing.line(cells), cells)
        return cut(self._message or self._idle_line, cells)
