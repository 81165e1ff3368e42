"""Prompt row above the footer: shows messages, asks for confirmation, reads one line of text."""

import os
from collections.abc import Callable, Mapping

from fttui.text import fit
from fttui.ui.render.rows import Line, Span, cut, line_width
from fttui.ui.widgets.line_edit import LineEdit
from fttui.ui.widgets.line_view import TextRow

Act = Callable[[], object]
Typed = Callable[[str], None]
"""Called with the text after every key."""
Done = Callable[[str, bool], None]
"""Called with the text when typing ends, and True when the user accepted it with enter."""
Complete = Callable[[str], list[str]]
"""Returns the completions of a text."""

NO = ("n", "N", "enter", "escape", "q", "ctrl+c")


class _Question:
    """Question answered with yes or no, with a typed number, or by one key of a menu."""

    def __init__(
        self,
        line: Line,
        choices: dict[str, Act],
        number: str = "",
        on_number: Act | None = None,
        *,
        text: str = "",
    ) -> None:
        self.line = line
        self.text = text
        """The question, cut when space is short. `line` with the possible answers is never cut."""
        self.choices = choices
        self.number = number
        self.on_number = on_number
        self.digits = ""


class _Typing:
    """Text input with a label."""

    def __init__(
        self,
        label: str,
        value: str,
        typed: Typed,
        done: Done,
        complete: Complete | None,
        history: list[str] | None,
        hint: Callable[[str], str],
    ) -> None:
        self.label = label
        self.edit = LineEdit(value)
        self.typed = typed
        self.done = done
        self.complete = complete
        self.candidates: list[str] = []
        self.history = history
        self.at = len(history or ())
        self.hint = hint


class PromptRow(TextRow):
    """Row that shows a message, a question or a text input. It never has the focus: the screen passes keys to it."""

    def __init__(self) -> None:
        super().__init__(id="prompt")
        self._said: Line = ()
        self._resting: Line = ()
        self._lasting = False
        self._ticks = 0
        self._question: _Question | None = None
        self._typing: _Typing | None = None

    @property
    def takes_keys(self) -> bool:
        """True while a question or a text input is open: every key then belongs to the row."""
        return self._question is not None or self._typing is not None

    @property
    def caret(self) -> int | None:
        """Cell of the cursor in the text input, None when none is open."""
        if self._typing is None:
            return None
        label, before, *_ = self._line_of(self.size.width)
        return min(self.size.width - 1, line_width([label, before]))

    def say(self, text: str, role: str = "", *, lasting: bool = False) -> None:
        """Show a message until the next key, or with `lasting` until the next message."""
        self._said = [(f" {text}", role)] if text else ()
        self._lasting = lasting
        self._ticks = 0
        self._draw()

    def rest(self, line: Line) -> None:
        """Set the line shown while there is no message."""
        if line != self._resting:
            self._resting = line
            self._draw()

    def tick(self) -> None:
        """Count a tick of the screen's timer. Clear a message after two ticks, a warning after six."""
        self._ticks += 1
        if self._said and not self._lasting and self._ticks >= (6 if self._said[0][1] == "warn" else 2):
            self.say("")

    def fade(self) -> None:
        """Clear a message that does not last, at the next key."""
        if self._said and not self._lasting:
            self.say("")

    def ask(self, question: str, on_yes: Act) -> None:
        """Ask a yes-or-no question. Only `y` means yes."""
        self._question = _Question([(" y/N", "key")], {"y": on_yes, "Y": on_yes}, text=question)
        self._draw()

    def ask_number(self, question: str, number: int, verb: str, on_yes: Act) -> None:
        """Ask a question that is confirmed by typing `number` and enter. Anything else means no."""
        line: Line = [(f" Type {number} to {verb}: ", "ask")]
        self._question = _Question(line, {}, str(number), on_yes, text=question)
        self._draw()

    def choose(self, question: str, choices: Mapping[str, tuple[str, Act]]) -> None:
        """Show a menu of one key and one word each. Any other key closes the menu."""
        line: list[Span] = [(f" {question} ", "ask")]
        for key, (word, _) in choices.items():
            line += [(f" {key}", "key"), (f" {word} ", "")]
        self._question = _Question(line, {key: act for key, (_, act) in choices.items()}, number="menu")
        self._draw()

    def type(
        self,
        label: str,
        value: str,
        typed: Typed,
        done: Done,
        *,
        complete: Complete | None = None,
        history: list[str] | None = None,
        hint: Callable[[str], str] = lambda _: "",
    ) -> None:
        """Open a text input.

        Args:
            value: the text at first.
            typed: called after every key.
            done: called at the end.
            complete: completions that tab goes through.
            history: earlier texts that ↑ and ↓ go through.
            hint: returns a hint shown after the text.
        """
        self._typing = _Typing(label, value, typed, done, complete, history, hint)
        self._draw()

    def type_path(self, label: str, value: str, act: Callable[[str], None]) -> None:
        """Open a text input for a file path and pass it to `act`. Ask before an existing file is overwritten."""

        def done(text: str, accepted: bool) -> None:
            if accepted and text.strip():
                self.confirm_path(text.strip(), act)

        self.type(label, value, lambda _: None, done)

    def confirm_path(self, path: str, act: Callable[[str], None]) -> None:
        """Expand `~` in a path and pass it to `act`. Ask first when the path exists."""
        path = os.path.expanduser(path)
        if os.path.exists(path):
            self.ask(f"Overwrite {path}?", lambda: act(path))
        else:
            act(path)

    def key(self, key: str, character: str | None) -> bool:
        """Handle a key. Return False when the key has no meaning here, so that it can act on the pane."""
        if self._question is not None:
            self._answer(self._question, key)
            return True
        return self._typing is not None and self._type_key(self._typing, key, character)

    def paste(self, text: str) -> bool:
        """Insert pasted text. Return False when no text input is open."""
        if self._typing is None:
            return False
        self._typing.edit.insert(" ".join(text.split("\n")).strip())
        self._typed(self._typing)
        return True

    def _answer(self, question: _Question, key: str) -> None:
        act = question.choices.get(key)
        if question.number == "menu":
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
        self.say(text, "dim")

    def _type_key(self, typing: _Typing, key: str, character: str | None) -> bool:
        match key:
            case "enter" | "escape" | "ctrl+c":
                self._end(typing, accepted=key == "enter")
            case "tab":
                self._next_candidate(typing)
            case "up" | "down" if typing.history is not None:
                typing.at = max(0, min(len(typing.history), typing.at + (1 if key == "down" else -1)))
                typing.edit.fill(typing.history[typing.at] if typing.at < len(typing.history) else "")
                self._typed(typing)
            case _:
                before = typing.edit.text
                if not typing.edit.key(key, character):
                    return False
                if typing.edit.text != before:
                    self._typed(typing)
                self._draw()
        return True

    def _next_candidate(self, typing: _Typing) -> None:
        if typing.complete is None:
            return
        text = typing.edit.text
        if text not in typing.candidates:
            typing.candidates = typing.complete(text)
        if typing.candidates:
            at = typing.candidates.index(text) + 1 if text in typing.candidates else 0
            typing.edit.fill(typing.candidates[at % len(typing.candidates)])
            self._typed(typing)

    def _typed(self, typing: _Typing) -> None:
        typing.typed(typing.edit.text)
        self._draw()

    def _end(self, typing: _Typing, *, accepted: bool) -> None:
        self._typing = None
        self.say("")
        typing.done(typing.edit.text, accepted)

    def _draw(self) -> None:
        self.fill(self._line_of)

    def _line_of(self, cells: int) -> Line:
        if self._question is not None:
            question = self._question
            if question.number and question.number != "menu":
                answer: list[Span] = [*question.line, (question.digits or "_", "key")]
                room = cells - line_width(answer) - 3
                return [*answer, (f"  {fit(question.text, room)}" if room > 3 else "", "dim")]
            room = cells - line_width(question.line) - 1
            return [(f" {fit(question.text, room)}" if question.text else "", "ask"), *question.line]
        if self._typing is not None:
            label: list[Span] = [(f" {self._typing.label}", "key")]
            line = [*label, *self._typing.edit.line(max(10, cells - line_width(label) - 1))]
            hint = self._typing.hint(self._typing.edit.text)
            return cut([*line, (f"  {hint}", "dim")], cells) if hint else line
        return cut(self._said or self._resting, cells)
