"""A line of text that is being typed. Pure.

Not Textual's Input: that takes keys only once it is mounted and has the focus, a few messages after the key that
opened it, and what was typed meanwhile (over a slow line a whole word arrives at once) would act on the list.
"""

from fttui.ui.render.rows import Line, Span


class LineEdit:
    """Text and cursor; keys by Textual's names."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.cursor = len(text)

    def fill(self, text: str) -> None:
        """Another text, the cursor at its end."""
        self.text, self.cursor = text, len(text)

    def insert(self, text: str) -> None:
        """Put text in at the cursor."""
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def key(self, key: str, character: str | None) -> bool:
        """Take a key; False when it means nothing to a line of text."""
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
        """The text with its cursor in at most `cells`; a long text is shown around the cursor."""
        start = max(0, self.cursor - cells + 1)
        before, under, after = self.text[start : self.cursor], self.text[self.cursor : self.cursor + 1], ""
        if under:
            after = self.text[self.cursor + 1 : start + cells]
        spans: list[Span] = [(before, ""), (under or " ", "caret"), (after, "")]
        return spans
