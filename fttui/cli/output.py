"""The only writer of stdout. Stdout is data, stderr is talk.

A table is for people and only drawn on a terminal; elsewhere the same cells come as lines with tabs between them
and no heading. `--json` and `--jsonl` give the objects as the provider sent them, in ASCII.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TextIO, TypeVar

from fttui.text import clean_line, fit, pad, width

T = TypeVar("T")
TABLE, JSON, JSONL = "table", "json", "jsonl"
GAP = "  "
NARROWEST = 6
"""Cells below which a column is not squeezed."""
FIRST, USUAL, LATE, LAST = range(4)
"""When columns give way: first those that say the least, and altogether where less than half of one is left; then the
others, widest first; then those that are better kept; and an id last, for it cannot be copied when it is cut."""


class ReaderGone(Exception):
    """Whoever read stdout has gone: there is nothing more to say."""


class Column(NamedTuple, Generic[T]):
    """A column of a table: how a cell reads to a person, and how to a program where that differs."""

    title: str
    cell: Callable[[T], str]
    plain: Callable[[T], str] | None = None
    right: bool = False
    yields: int = USUAL
    """How soon it gives way where the table is too wide: see `FIRST` to `LAST`."""


class Output:
    """Where a command's result goes, in the form that was asked for."""

    def __init__(self, form: str = TABLE, stream: TextIO | None = None) -> None:
        self.form = form
        self._stream = stream
        self._told = 0

    @property
    def is_terminal(self) -> bool:
        return self._out.isatty()

    @property
    def _out(self) -> TextIO:
        return self._stream or sys.stdout

    def many(
        self, items: Sequence[T], columns: Sequence[Column[T]], *, raw: Callable[[T], Any], has_more: bool = False
    ) -> None:
        """A list of objects."""
        if self.form == JSON:
            self._write(dumps({"object": "list", "data": [raw(item) for item in items], "has_more": has_more}) + "\n")
        elif self.form == JSONL:
            self.each(items, columns, raw=raw)
        elif self.is_terminal:
            self._write("".join(line + "\n" for line in table(items, columns, self._columns())) if items else "")
        else:
            self.each(items, columns, raw=raw)

    def each(self, items: Iterable[T], columns: Sequence[Column[T]], *, raw: Callable[[T], Any]) -> None:
        """Objects a line each, as they come: without alignment, so that a stream can go on."""
        for item in items:
            if self.form in (JSON, JSONL):
                self._write(dumps(raw(item), indent=None) + "\n")
            elif self.is_terminal:
                cells = [clean_line(column.cell(item)) for column in columns]
                self._write(GAP.join(cells).rstrip() + "\n")
            else:
                self._write("\t".join(clean_line((column.plain or column.cell)(item)) for column in columns) + "\n")

    def one(self, raw: Any, fields: Sequence[tuple[str, str]]) -> None:
        """One object: its JSON, or its fields a line each."""
        if self.form in (JSON, JSONL):
            self._write(dumps(raw, indent=2 if self.form == JSON else None) + "\n")
        elif self.is_terminal:
            names = max((len(name) for name, _ in fields), default=0)
            self._write("".join(f"{name:<{names}}  {clean_line(text)}\n" for name, text in fields))
        else:
            self._write("".join(f"{name}\t{clean_line(text)}\n" for name, text in fields))

    def line(self, text: str, raw: Any = None) -> None:
        """One line of data, such as the id of what was made; with `--json` the object instead."""
        if self.form in (JSON, JSONL):
            self._write(dumps(raw, indent=2 if self.form == JSON else None) + "\n")
        else:
            self._write(clean_line(text) + "\n")

    def row(self, cells: Sequence[str]) -> None:
        """Cells with tabs between them."""
        self._write("\t".join(map(clean_line, cells)) + "\n")

    def text(self, text: str) -> None:
        """Text that we wrote ourselves, as it is."""
        self._write(text)

    def chunk(self, chunk: bytes) -> None:
        """A piece of a file."""
        self._write(chunk)

    def flush(self) -> None:
        """Make sure that everything has left.

        Raises:
            ReaderGone: the reader has gone.
            OSError: it could not be written.
        """
        self._guarded(self._out.flush)

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._out.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def _write(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            self._out.flush()
            self._guarded(lambda: self._out.buffer.write(data))
        else:
            self._guarded(lambda: self._out.write(data))

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except BrokenPipeError:
            # What is still in the buffer must not be tried again when the interpreter ends.
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), self._out.fileno())
            raise ReaderGone from None


def say(text: str) -> None:
    """Talk: a line or two on stderr, cleaned. It is lost where nobody listens."""
    say_progress("")
    lines = [clean_line(line) for line in text.split("\n")]
    with suppress(OSError, ValueError):
        print("\n".join(lines), file=sys.stderr, flush=True)


_progress = ""


def say_progress(text: str) -> None:
    """A line on stderr that the next one replaces; only on a terminal. An empty text takes it away."""
    global _progress
    if sys.stderr.isatty() and text != _progress:
        with suppress(OSError):
            print(f"\r\x1b[K{fit(clean_line(text), 78)}", end="", file=sys.stderr, flush=True)
        _progress = text


def dumps(value: Any, indent: int | None = 2) -> str:
    """JSON in printable ASCII: nothing in it can move a cursor."""
    try:
        text = json.dumps(value, indent=indent, allow_nan=False)
    except ValueError:  # 1e999 reads as infinity, for which JSON has no word
        text = json.dumps(_finite(value), indent=indent)
    return text.replace("\x7f", "\\u007f")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def table(items: Sequence[T], columns: Sequence[Column[T]], cells: int) -> list[str]:
    """The lines of a table that is at most `cells` wide; what gives way is said by the columns."""
    rows = [[clean_line(column.cell(item)) for column in columns] for item in items]
    # A column in which nothing stands tells nothing.
    kept = [index for index in range(len(columns)) if not rows or any(row[index] for row in rows)]
    rows = [[row[index] for index in kept] for row in rows]
    titles = [columns[index].title for index in kept]
    widths = [max(width(row[index]) for row in [titles, *rows]) for index in range(len(kept))]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - cells
    for yields in (FIRST, USUAL, LATE, LAST):
        giving = [place for place, index in enumerate(kept) if columns[index].yields == yields]
        if yields == FIRST:
            for place in reversed(giving):
                left = widths[place] - max(0, excess)
                if left < max(NARROWEST, widths[place] // 2):
                    excess, left = excess - len(GAP), 0
                excess, widths[place] = excess - (widths[place] - left), left
            continue
        while excess > 0 and giving:
            widest = max(giving, key=lambda place: widths[place])
            if widths[widest] <= NARROWEST:
                break
            widths[widest] -= 1
            excess -= 1

    def line(row: Sequence[str]) -> str:
        fields = [field for field in zip(row, widths, kept, strict=True) if field[1]]
        return GAP.join(pad(text, size, right=columns[index].right) for text, size, index in fields).rstrip()

    return [line(titles), *map(line, rows)]
