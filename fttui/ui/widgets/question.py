"""Questions above the footer: answered by a key, a typed number, or a choice of a menu. Pure."""

from collections.abc import Callable, Mapping

from fttui.text import wrap
from fttui.ui.render.rows import Line, Span, line_width

Act = Callable[[], object]

NO = ("n", "N", "enter", "escape", "q", "ctrl+c")
"""Keys that answer a question with no. For a question with a number, enter means yes if the number is right."""
SETTLING = 0.15
"""Seconds after a question appears in which keys are not answers: they were typed before it could be read."""
NARROWEST = 20
"""Cells that a question is wrapped to at least."""


_NO_BREAK = "\N{NO-BREAK SPACE}"


class Question:
    """A question and its answers. It is wrapped at words and never cut."""

    is_menu = False

    def __init__(self, text: str, choices: Mapping[str, Act], asked_at: float) -> None:
        """
        Args:
            choices: actions by key.
            asked_at: monotonic time in seconds.
        """
        self._text = text
        self._choices = choices
        self._asked_at = asked_at
        self.is_closed = False
        """The user has answered."""
        self.act: Act | None = None
        """Action of the answer; None for no."""

    def key(self, key: str, now: float) -> None:
        """Handle a key at a monotonic time. A key that is no answer is ignored."""
        if now - self._asked_at >= SETTLING:
            self._answer(key)

    def _answer(self, key: str) -> None:
        if key in self._choices:
            self._close(self._choices[key])
        elif key in NO:
            self._close(None)

    def _close(self, act: Act | None) -> None:
        self.is_closed, self.act = True, act

    def lines(self, cells: int) -> list[Line]:
        """Return the rows for a width."""
        return _lines(self._text, "y/N", cells)


class NumberQuestion(Question):
    """Question about many objects: the user types their number and presses enter."""

    def __init__(self, text: str, request: str, number: int, on_yes: Act, asked_at: float) -> None:
        """
        Args:
            request: text before the typed number: `Type 14 to cancel 14 jobs:`.
        """
        super().__init__(text, {}, asked_at)
        self._request = request
        self._number = str(number)
        self._on_yes = on_yes
        self._digits = ""

    def _answer(self, key: str) -> None:
        if key.isdecimal():
            self._digits += key
        elif key == "backspace":
            self._digits = self._digits[:-1]
        elif key in NO:
            self._close(self._on_yes if key == "enter" and self._digits == self._number else None)

    def lines(self, cells: int) -> list[Line]:
        return _lines(f"{self._text} {self._request}", self._digits or "_", cells)


class Menu(Question):
    """Choice between actions. Each asks again before it changes anything, so keys count at once."""

    is_menu = True

    def __init__(self, text: str, choices: Mapping[str, tuple[str, Act]], asked_at: float, *, hint: str = "") -> None:
        """
        Args:
            choices: a word and an action by key.
            hint: what other keys do.
        """
        super().__init__(text, {key: act for key, (_, act) in choices.items()}, asked_at)
        self._words: list[list[Span]] = [[(f" {key}", "key"), (f" {word} ", "")] for key, (word, _) in choices.items()]
        if hint:
            self._words.append([(f"  {hint}", "dim")])

    def key(self, key: str, now: float) -> None:
        self._close(self._choices.get(key))

    def lines(self, cells: int) -> list[Line]:
        rows: list[list[Span]] = [[(f" {line}", "ask")] for line in wrap(self._text, max(NARROWEST, cells - 2))]
        rows[-1].append((" ", "ask"))
        for word in self._words:
            if line_width([*rows[-1], *word]) > cells:
                rows.append([(" " + word[0][0].lstrip(), word[0][1]), *word[1:]])
            else:
                rows[-1] += word
        return list(rows)


def _lines(text: str, answer: str, cells: int) -> list[Line]:
    """Return a text as rows in the role of a question. The answer in the role of a key stays beside the last word."""
    *first, last = wrap(f"{text}{_NO_BREAK}{answer}", max(NARROWEST, cells - 2))
    head: list[Line] = [[(f" {line}", "ask")] for line in first]
    return [*head, [(f" {last.removesuffix(_NO_BREAK + answer)} ", "ask"), (answer, "key")]]
