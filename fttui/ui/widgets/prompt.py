"""The row above the footer, mouth and ear of the cockpit: it says, it asks, and text is typed into it."""

from collections.abc import Awaitable, Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from fttui.ui.rows import Line, spread
from fttui.ui.widgets.line_view import TextRow

Answer = Callable[[], Awaitable[None] | None]
"""What happens on yes."""
Typed = Callable[[str], None]
"""Hears the text after every key."""
Complete = Callable[[str], list[str]]
"""What a text may become."""
Done = Callable[[str, bool], None]
"""Hears the text when typing ends, and whether it was accepted (enter) or left."""


class PromptRow(Horizontal):
    """One row: a text, a question, or an input field."""

    DEFAULT_CSS = """
    PromptRow { height: 1; }
    PromptRow Input { width: 1fr; display: none; }
    PromptRow.-typing Input { display: block; }
    PromptRow.-typing #prompt-text { width: auto; }
    """

    def __init__(self) -> None:
        super().__init__(id="prompt")
        self._text = TextRow(id="prompt-text")
        self._input: Input | None = None
        self._said: Line = ()
        self._right: Line = ()
        self._question: Line = ()
        self._answer: Answer | None = None
        self._number = ""
        self._digits = ""
        self._choices: dict[str, Callable[[], None]] = {}
        self._typing = False
        self._on_typed: Typed | None = None
        self._on_done: Done | None = None
        self._complete: Complete | None = None
        self._candidates: list[str] = []
        self._history: list[str] | None = None
        self._at = 0

    def compose(self) -> ComposeResult:
        yield self._text

    @property
    def is_asking(self) -> bool:
        return self._answer is not None

    @property
    def is_typing(self) -> bool:
        return self._typing

    @property
    def text(self) -> str:
        """What stands in the row."""
        if self._typing and self._input is not None:
            return self._text.text + self._input.value
        return self._text.text

    def say(self, text: str, role: str = "") -> None:
        """Show one line until something else is said."""
        self._said = [(f" {text}", role)] if text else ()
        self._show()

    def show_right(self, line: Line) -> None:
        """What stands at the right end while nothing is asked or typed."""
        self._right = line
        self._show()

    def ask(self, question: str, on_yes: Answer) -> None:
        """Put a yes-or-no question; everything but `y` means no."""
        self._question = [(f" {question} ", "ask"), ("y/N", "key")]
        self._answer, self._number = on_yes, ""
        self._show()

    def ask_number(self, question: str, number: int, on_yes: Answer) -> None:
        """Put a question whose yes is `number`, typed out, and enter; anything else means no."""
        self._question = [(f" {question} ", "ask")]
        self._answer, self._number, self._digits = on_yes, str(number), ""
        self._show()

    def choose(self, question: str, choices: dict[str, tuple[str, Callable[[], None]]]) -> None:
        """Offer a menu of one key each, with a word; every other key leaves it."""
        self._question = [(f" {question} ", "ask")]
        for key, (word, _) in choices.items():
            self._question = [*self._question, (f" {key}", "key"), (f" {word} ", "")]
        self._choices = {key: act for key, (_, act) in choices.items()}
        self._answer, self._number = lambda: None, ""
        self._show()

    async def answer(self, key: str) -> None:
        """Take a key while a question stands; keys that answer nothing change nothing."""
        on_yes = self._answer
        if on_yes is None:
            return
        if self._choices:
            act = self._choices.get(key)
            self._choices, self._answer = {}, None
            self.say("")
            if act is not None:
                act()
            return
        no = key in ("n", "N", "enter", "escape", "q", "ctrl+c")
        if self._number and key == "enter":
            no = self._digits != self._number
            yes = not no
        else:
            yes = not self._number and key in ("y", "Y")
        if yes or no:
            self._answer = None
            self.say("" if yes else "nothing was done", "dim")
            if yes and (waiting := on_yes()) is not None:
                await waiting
        elif self._number:
            self._digits = self._digits[:-1] if key == "backspace" else self._digits + (key if key.isdecimal() else "")
            self._show()

    async def type(
        self,
        label: str,
        value: str,
        typed: Typed,
        done: Done,
        *,
        complete: Complete | None = None,
        history: list[str] | None = None,
    ) -> None:
        """Open the input field behind `label`, holding `value`.

        With `complete`, tab walks through what the text may become; with `history`, ↑ and ↓ through earlier texts.
        """
        self._on_typed, self._on_done = typed, done
        self._complete, self._candidates = complete, []
        self._history, self._at = list(history) if history is not None else None, len(history or ())
        if self._input is None:
            self._input = Input(compact=True, select_on_focus=False)
            self._input.cursor_blink = False
            await self.mount(self._input)
        self._typing = True
        with self.prevent(Input.Changed):
            self._input.value = value
        self._input.cursor_position = len(value)
        self._text.styles.width = len(label) + 1
        self._text.show([(f" {label}", "key")])
        self.add_class("-typing")
        self._input.focus()

    def leave(self, *, accepted: bool) -> None:
        """Close the input field."""
        if not self._typing:
            return
        self._typing = False
        self.remove_class("-typing")
        self._text.styles.width = "1fr"
        self.screen.set_focus(None)
        self._show()
        if self._on_done is not None and self._input is not None:
            self._on_done(self._input.value, accepted)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing and self._on_typed is not None:
            self._on_typed(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.leave(accepted=True)

    def on_key(self, event: events.Key) -> None:
        """Keys that the input field has no use for."""
        if not self._typing or self._input is None:
            return
        if event.key == "tab" and self._complete is not None:
            if self._input.value not in self._candidates:
                self._candidates = self._complete(self._input.value)
            if self._candidates:
                at = self._candidates.index(self._input.value) + 1 if self._input.value in self._candidates else 0
                self._fill(self._candidates[at % len(self._candidates)])
        elif event.key in ("up", "down") and self._history is not None:
            self._at = max(0, min(len(self._history), self._at + (1 if event.key == "down" else -1)))
            self._fill(self._history[self._at] if self._at < len(self._history) else "")
        else:
            return
        event.stop()
        event.prevent_default()

    def _fill(self, text: str) -> None:
        if self._input is not None:
            self._input.value = text
            self._input.cursor_position = len(text)

    def on_resize(self, event: events.Resize) -> None:
        self._show()

    def _show(self) -> None:
        if self._typing:
            return
        if self._answer is not None:
            self._text.show([*self._question, (self._digits if self._number else "", "key")])
        else:
            self._text.show(spread(self._said, self._right, self.size.width))
