"""Text input of the prompt row: completion, history and a hint. Pure."""

from collections.abc import Callable

from fttui.lean_typing import NamedTuple
from fttui.text import fit, width
from fttui.ui.render.hints import Hint
from fttui.ui.render.rows import Line, Span, line_width
from fttui.ui.widgets.line_edit import LineEdit

Typed = Callable[[str], None]
"""Called with the text after every key."""
Done = Callable[[str, bool], None]
"""Called when typing ends, with the text and whether the user accepted it with enter."""

MOST_HISTORY = 100
"""Texts that an input keeps while the cockpit is open."""
LEAST_CELLS = 10
"""Cells of the text that stay visible in a narrow row."""


class Assistance(NamedTuple):
    """Help for the user of a text input."""

    complete: Callable[[str], list[str]] = lambda _: []
    """Returns the texts that tab puts in the place of the text before the cursor."""
    hint: Callable[[str], Hint | None] = lambda _: None
    """Returns the hint for the text before the cursor."""
    right: Callable[[str], str] = lambda _: ""
    """Returns the text at the right end of the row."""
    history: list[str] | None = None
    """Earlier texts, oldest first."""
    help: Callable[[], object] | None = None
    """Opens the help of the input."""


class TextInput:
    """Text with a label. Keys have Textual's names."""

    def __init__(self, label: str, value: str, typed: Typed, done: Done, assistance: Assistance) -> None:
        self.label = label
        self.edit = LineEdit(value)
        self.typed = typed
        self.done = done
        self._assistance = assistance
        self._history_index = len(assistance.history or ())
        self._draft = value
        """Text typed before the history was opened."""
        self._started = ""
        """Text before the cursor when the first proposal was taken."""
        self._proposals: list[str] = []
        """Proposals that tab goes through; empty before the first tab and after any other key."""

    @property
    def text(self) -> str:
        return self.edit.text

    @property
    def before_cursor(self) -> str:
        return self.edit.text[: self.edit.cursor]

    @property
    def hint(self) -> Hint | None:
        """The hint. While tab goes through proposals, it stays the one that lists them."""
        return self._assistance.hint(self._started if len(self._proposals) > 1 else self.before_cursor)

    def key(self, key: str, character: str | None) -> bool:
        """Handle a key other than enter and escape. Return False for a key without a meaning here."""
        match key:
            case "tab" | "shift+tab":
                self._take_proposal(1 if key == "tab" else -1)
                return True
            case "up" | "down" if self._assistance.history is not None:
                self._go_back_in(self._assistance.history, 1 if key == "down" else -1)
            case "f1" if self._assistance.help is not None:
                self._assistance.help()
                return True
            case "right" | "ctrl+f" if rest := self.completion:
                self.edit.insert(rest)
                self.typed(self.edit.text)
            case _:
                before = self.edit.text
                if not self.edit.key(key, character):
                    return False
                if self.edit.text != before:
                    self.typed(self.edit.text)
        self._proposals = []
        return True

    def insert(self, text: str) -> None:
        """Insert pasted text."""
        self._proposals = []
        self.edit.insert(text)
        self.typed(self.edit.text)

    @property
    def completion(self) -> str:
        """Rest of the first proposal, shown dim behind the cursor at the end of the text."""
        text = self.edit.text
        if self._proposals or not text or self.edit.cursor < len(text):
            return ""
        proposals = self._assistance.complete(text)
        return proposals[0][len(text) :] if proposals and proposals[0].startswith(text) else ""

    def line(self, cells: int) -> Line:
        """Build the row: label, text with its cursor, completion, and the text at the right end."""
        label: Span = (f" {self.label}", "key")
        right = fit(self._assistance.right(self.edit.text), cells // 2)
        room = max(LEAST_CELLS, cells - line_width([label]) - (width(right) + 3 if right else 1))
        before, under, after = self.edit.line(room)
        completion = fit(self.completion, room - width(before[0]), ellipsis="")
        if completion:
            under, after = (completion[0], "caret"), (completion[1:], "dim")
        spans: list[Span] = [label, before, under, after]
        gap = cells - line_width(spans) - width(right) - 1
        return [*spans, (" " * gap, ""), (right, "dim")] if right and gap > 0 else spans

    def _take_proposal(self, step: int) -> None:
        if len(self._proposals) < 2:
            self._started = self.before_cursor
            self._proposals = self._assistance.complete(self._started)
            at = 0 if step > 0 else -1
        else:
            at = self._proposals.index(self.before_cursor) + step
        if not self._proposals:
            return
        rest = self.edit.text[self.edit.cursor :]
        head = self._proposals[at % len(self._proposals)]
        self.edit.text, self.edit.cursor = head + rest, len(head)
        self.typed(self.edit.text)

    def _go_back_in(self, history: list[str], step: int) -> None:
        if self._history_index >= len(history):
            self._draft = self.edit.text
        self._history_index = max(0, min(len(history), self._history_index + step))
        self.edit.fill(history[self._history_index] if self._history_index < len(history) else self._draft)
        self.typed(self.edit.text)
