"""Editor of a text with several lines, without a widget. Pure.

A `LineEdit` holds the line with the cursor; the others are plain texts.
"""

from fttui.text import clean, width
from fttui.ui.render.rows import Line
from fttui.ui.widgets.line_edit import LineEdit

LONGEST = 100_000
"""Characters of a paste that are taken."""


class TextEdit:
    """Text with a cursor. Keys have Textual's names."""

    def __init__(self, text: str = "") -> None:
        *self._above, last = text.split("\n")
        self._edit = LineEdit(last)
        self._below: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join([*self._above, self._edit.text, *self._below])

    def insert(self, text: str) -> None:
        """Insert a text, which may have several lines."""
        first, *rest = clean(text[:LONGEST]).replace("\t", "    ").split("\n")
        self._edit.insert(first)
        for line in rest:
            self.break_line()
            self._edit.insert(line)

    def break_line(self) -> None:
        """Begin a new line at the cursor."""
        edit = self._edit
        self._above.append(edit.text[: edit.cursor])
        edit.fill(edit.text[edit.cursor :])
        edit.cursor = 0

    def key(self, key: str, character: str | None) -> bool:
        """Handle a key. Return False when it is no editing key."""
        edit = self._edit
        match key:
            case "ctrl+o":
                self.break_line()
            case "up":
                self._go(-1)
            case "down":
                self._go(1)
            case "backspace" | "ctrl+h" if edit.cursor == 0 and self._above:
                before = self._above.pop()
                edit.fill(before + edit.text)
                edit.cursor = len(before)
            case "delete" | "ctrl+d" if edit.cursor == len(edit.text) and self._below:
                edit.text += self._below.pop(0)
            case "left" if edit.cursor == 0 and self._above:
                self._go(-1)
                edit.cursor = len(edit.text)
            case "right" if edit.cursor == len(edit.text) and self._below:
                self._go(1)
                edit.cursor = 0
            case _:
                return edit.key(key, character)
        return True

    def _go(self, step: int) -> None:
        """Go to the line above or below."""
        edit, column = self._edit, self._edit.cursor
        if step < 0 and self._above:
            self._below.insert(0, edit.text)
            edit.fill(self._above.pop())
        elif step > 0 and self._below:
            self._above.append(edit.text)
            edit.fill(self._below.pop(0))
        edit.cursor = min(column, len(edit.text))

    def lines(self, cells: int) -> tuple[list[Line], int]:
        """Return the text wrapped to a width, and the index of the row with the cursor."""
        rows: list[Line] = [row for line in self._above for row in _rows(line, cells)]
        text, at = self._edit.text, self._edit.cursor
        current = _rows(text[:at], cells)
        cursor = len(rows) + len(current) - 1
        (before, role), *_ = current[-1]
        rest = text[at + 1 :]
        room = cells - width(before) - 1
        first = rest[: max(0, room)]
        rows += [*current[:-1], [(before, role), (text[at : at + 1] or " ", "caret"), (first, "")]]
        rows += _rows(rest[len(first) :], cells) if rest[len(first) :] else []
        return [*rows, *(row for line in self._below for row in _rows(line, cells))], cursor


def _rows(line: str, cells: int) -> list[Line]:
    """Return a line in rows of at most `cells` cells, broken at any character, so that the cursor has a fixed place."""
    rows: list[Line] = []
    start = used = 0
    for at, character in enumerate(line):
        size = width(character)
        if used + size >= cells:
            rows.append([(line[start:at], "")])
            start, used = at, 0
        used += size
    return [*rows, [(line[start:], "")]]
