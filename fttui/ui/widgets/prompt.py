"""The row above the footer, mouth and ear of the cockpit: it says, it asks, and text is typed into it."""

import os
from collections.abc import Callable, Mapping

from fttui.text import fit
from fttui.ui.render.rows import Line, Span, cut, line_width
from fttui.ui.widgets.line_edit import LineEdit
from fttui.ui.widgets.line_view import TextRow

Act = Callable[[], object]
Typed = Callable[[str], None]
"""Hears the text after every key."""
Done = Callable[[str, bool], None]
"""Hears the text when typing ends, and whether it was accepted (enter) or left."""
Complete = Callable[[str], list[str]]
"""What a text may become."""

NO = ("n", "N", "enter", "escape", "q", "ctrl+c")


class _Question:
    """Yes or no; or a number that must be typed out; or a menu of one key each."""

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
        """What is asked, cut where there is no room; `line`, which says how to answer, is not."""
        self.choices = choices
        self.number = number
        self.on_number = on_number
        self.digits = ""


class _Typing:
    """A line that is being typed behind a label."""

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
    """One row: a text, a question, or a line that is being typed. It never has the focus: the screen hands it keys."""

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
        """A question stands or text is being typed: every key is meant for it."""
        return self._question is not None or self._typing is not None

    @property
    def caret(self) -> int | None:
        """The cell of the cursor in the text that is being typed; None when none is."""
        if self._typing is None:
            return None
        label, before, *_ = self._line_of(self.size.width)
        return min(self.size.width - 1, line_width([label, before]))

    def say(self, text: str, role: str = "", *, lasting: bool = False) -> None:
        """Show one line: until the next key, or when `lasting` until something else is said."""
        self._said = [(f" {text}", role)] if text else ()
        self._lasting = lasting
        self._ticks = 0
        self._draw()

    def rest(self, line: Line) -> None:
        """What stands here while there is nothing to say."""
        if line != self._resting:
            self._resting = line
            self._draw()

    def tick(self) -> None:
        """Time has passed: what was said is read by now, a warning later, and makes room for what stands here."""
        self._ticks += 1
        if self._said and not self._lasting and self._ticks >= (6 if self._said[0][1] == "warn" else 2):
            self.say("")

    def fade(self) -> None:
        """The person has gone on: what was said to the last key is old."""
        if self._said and not self._lasting:
            self.say("")

    def ask(self, question: str, on_yes: Act) -> None:
        """Put a yes-or-no question; everything but `y` means no, or nothing."""
        self._question = _Question([(" y/N", "key")], {"y": on_yes, "Y": on_yes}, text=question)
        self._draw()

    def ask_number(self, question: str, number: int, verb: str, on_yes: Act) -> None:
        """Put a question whose yes is `number`, typed out, and enter; anything else means no."""
        line: Line = [(f" Type {number} to {verb}: ", "ask")]
        self._question = _Question(line, {}, str(number), on_yes, text=question)
        self._draw()

    def choose(self, question: str, choices: Mapping[str, tuple[str, Act]]) -> None:
        """Offer a menu of one key each, with a word; every other key leaves it."""
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
        """Let text be typed behind `label`, which holds `value` at first.

        With `complete`, tab walks through what the text may become; with `history`, ↑ and ↓ through earlier texts.
        What `hint` says of the text stands behind it.
        """
        self._typing = _Typing(label, value, typed, done, complete, history, hint)
        self._draw()

    def type_path(self, label: str, value: str, act: Callable[[str], None]) -> None:
        """Let the path of a file be typed, and hand it to `act`; never that of an existing one without asking."""

        def done(text: str, accepted: bool) -> None:
            if accepted and text.strip():
                self.confirm_path(text.strip(), act)

        self.type(label, value, lambda _: None, done)

    def confirm_path(self, path: str, act: Callable[[str], None]) -> None:
        """Hand a path to `act`, `~` resolved; ask first when something is there."""
        path = os.path.expanduser(path)
        if os.path.exists(path):
            self.ask(f"Overwrite {path}?", lambda: act(path))
        else:
            act(path)

    def key(self, key: str, character: str | None) -> bool:
        """Take a key; False when it means nothing here and may do its usual work, such as moving in the list."""
        if self._question is not None:
            self._answer(self._question, key)
            return True
        return self._typing is not None and self._type_key(self._typing, key, character)

    def paste(self, text: str) -> bool:
        """Take pasted text; False when nothing is being typed."""
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
                self._close("" if act else "nothing was done")
            self._draw()
        elif act is not None or key in NO:
            self._close("" if act else "nothing was done")
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
