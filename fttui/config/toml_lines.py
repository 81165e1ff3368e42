"""Line numbers of the keys in a TOML text. `tomllib` gives none. Standard library only, imported only for a fault."""

import re
from bisect import bisect_right
from contextlib import suppress

from fttui.config.faults import Place

_SPACE = re.compile(r"(?:[\s]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\]|\\.)*"')
_LITERAL = re.compile(r"'[^']*'")
_LONG = (re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.S), re.compile(r"'''.*?'{3,5}", re.S))
_PLAIN = re.compile(r"[^,\]}#\n]*")


def key_lines(text: str) -> dict[Place, int]:
    """Return the lines of all keys and tables in a valid TOML text; the first line of those that appear again."""
    scanner = _Scanner(text)
    # Only a message needs the lines: what was found is better than nothing.
    with suppress(LookupError, ValueError, RecursionError, AttributeError):
        scanner.run()
    return scanner.lines


def line_of(lines: dict[Place, int], place: Place) -> int | None:
    """Return the line of a key; for a key that is missing, the line of its table. None if neither is in the text."""
    return next((lines[place[:length]] for length in range(len(place), 0, -1) if place[:length] in lines), None)


class _Scanner:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Place, int] = {}
        self._text = text
        self._at = 0
        self._newlines = [match.start() for match in re.finditer("\n", text)]

    def run(self) -> None:
        table: Place = ()
        self._skip(_SPACE)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                start = self._at
                self._at += 2 if self._text.startswith("[[", start) else 1
                table = self._key((), start)
                self._at = self._text.index("]", self._at) + 1
                self._at += self._text.startswith("]", self._at)
            else:
                self._pair(table)
            self._skip(_SPACE)

    def _pair(self, table: Place) -> None:
        place = self._key(table, self._at)
        self._at = self._text.index("=", self._at) + 1
        self._value(place)

    def _key(self, table: Place, start: int) -> Place:
        """Read a dotted key and note its line."""
        place = table
        line = bisect_right(self._newlines, start) + 1
        while True:
            self._skip(_BLANK)
            place += (self._name(),)
            self.lines.setdefault(place, line)
            self._skip(_BLANK)
            if self._text[self._at] != ".":
                return place
            self._at += 1

    def _name(self) -> str:
        quote = self._text[self._at]
        if quote == "'":
            return self._take(_LITERAL)[1:-1]
        if quote != '"':
            return self._take(_BARE_KEY)
        import tomllib

        return str(tomllib.loads(f"name = {self._take(_BASIC)}")["name"])

    def _value(self, place: Place) -> None:
        self._skip(_SPACE)
        first = self._text[self._at]
        if self._text.startswith(('"""', "'''"), self._at):
            self._take(_LONG[first == "'"])
        elif first in "\"'":
            self._take(_BASIC if first == '"' else _LITERAL)
        elif first in "[{":
            self._at += 1
            end = "]" if first == "[" else "}"
            self._skip(_SPACE)
            while self._text[self._at] != end:
                if first == "[":
                    self._value(place)
                else:
                    self._pair(place)
                self._skip(_SPACE)
                self._at += self._text.startswith(",", self._at)
                self._skip(_SPACE)
            self._at += 1
        else:
            self._take(_PLAIN)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"unexpected text at {self._at}")
        self._at = match.end()
        return match[0]
