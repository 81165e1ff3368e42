"""Single-line text editor without a widget. Pure.

Textual's `Input` takes keys only when it is mounted and focused, a few messages after the key that opened it. Keys
typed meanwhile would act on the list: over a slow connection a whole word arrives at once.
"""

from fttui.ui.render.rows import Line, Span


class LineEdit:
    """Text with a cursor. Keys have Textual's names."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.cursor = len(text)

    def fill(self, text: str) -> None:
        """Replace the text and put the cursor at its end."""
        self.text, self.cursor = text, len(text)

    def insert(self, text: str) -> None:
        """Insert text at the cursor."""
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def key(self, key: str, character: str | None) -> bool:
        """Handle a key. Return False when it is no editing key."""
        text, at = self.text, self.cursor
        match key:
            case "backspace" | "ctrl+h":
                self.text, self.cursor = text[: max(0, at - 1)] + text[at:], max(0, at - 1)
            case "delete" | "ctrl+d":
                self.text = text[:at] + text[at + 1 :]
            case "left" | "ctrl+b":
                self.cursor = max(0, at - 1)
            case "right" | "ctrl+f":
                self.cursor = min(len(text), at + 1)
            case "home" | "ctrl+a":
                self.cursor = 0
            case "end" | "ctrl+e":
                self.cursor = len(text)
            case "ctrl+u":
                self.text, self.cursor = text[at:], 0
            case "ctrl+k":
                self.text = text[:at]
            case "ctrl+w":
                start = len(text[:at].rstrip().rpartition(" ")[0])
                start += 1 if start else 0
                self.text, self.cursor = text[:start] + text[at:], start
            case _ if character is not None and character.isprintable():
                self.insert(character)
            case _:
                return False
        return True

    def line(self, cells: int) -> Line:
        """Return the text with its cursor in at most `cells` cells. A long text is cut around the cursor."""
        start = max(0, self.cursor - cells + 1)
        before, under, after = self.text[start : self.cursor], self.text[self.cursor : self.cursor + 1], ""
        if under:
            after = self.text[self.cursor + 1 : start + cells]
        spans: list[Span] = [(before, ""), (under or " ", "caret"), (after, "")]
        return spans
