"""Output of commands: data to stdout, messages to stderr.

On a terminal a list is printed as a table, otherwise as tab-separated lines without a header. `--json` and `--jsonl`
print the objects as the provider sent them, in ASCII.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TextIO, TypeVar

from fttui.text import ascii_signs, clean_line, fit, is_utf8_locale, pad, width

T = TypeVar("T")
TABLE, JSON, JSONL = "table", "json", "jsonl"
GAP = "  "
NARROWEST = 6
"""Smallest width of a cut column, in cells."""
CUT_FIRST, CUT_USUAL, CUT_LATE, CUT_LAST, CUT_NEVER = range(5)
"""Order in which columns are cut when a table is too wide. A `CUT_FIRST` column is dropped if less than half of
its width would remain. Ids are `CUT_LAST`, because a cut id cannot be copied; names of models are `CUT_NEVER`."""
WIDE = 110
"""Width of a terminal from which a table of jobs has whole ids."""


class ReaderGone(Exception):
    """The program that reads stdout, such as `head`, has closed the pipe."""


class Column(NamedTuple, Generic[T]):
    """Column of a table. `cell` returns the text for a terminal, `plain` the text for a pipe if it differs."""

    title: str
    cell: Callable[[T], str]
    plain: Callable[[T], str] | None = None
    right: bool = False
    cut: int = CUT_USUAL
    """Order in which the column is cut (`CUT_FIRST` to `CUT_NEVER`)."""
    leave: int = 0
    """Order in which the whole column leaves before any other is cut, 1 first. 0 stays."""


class Output:
    """Writer of a command's data to stdout, in the chosen form."""

    def __init__(self, form: str = TABLE, stream: TextIO | None = None) -> None:
        self.form = form
        self._stream = stream

    @property
    def is_terminal(self) -> bool:
        return self._out.isatty()

    @property
    def _out(self) -> TextIO:
        return self._stream or sys.stdout

    @property
    def cells(self) -> int:
        """Width of the terminal, 80 if it is unknown."""
        return _cells_of(self._out)

    def print_list(
        self,
        items: Sequence[T],
        columns: Sequence[Column[T]],
        *,
        raw: Callable[[T], Any],
        has_more: bool = False,
        piped: Sequence[Column[T]] | None = None,
    ) -> None:
        """Print a list of objects.

        Args:
            piped: the columns without a terminal, if they differ.
        """
        if self.form == JSON:
            self._write(dumps({"object": "list", "data": [raw(item) for item in items], "has_more": has_more}) + "\n")
        elif self.form == JSONL:
            self.print_lines(items, columns, raw=raw)
        elif self.is_terminal:
            self._write("".join(line + "\n" for line in table(items, columns, self.cells)) if items else "")
        else:
            self.print_lines(items, piped or columns, raw=raw)

    def begin_list(self, columns: Sequence[Column[T]], *, raw: Callable[[T], Any]) -> "ListInParts[T]":
        """Begin a list that is printed in parts, in the same form as by `print_list`, but without aligned cells."""
        return ListInParts(self, columns, raw)

    def print_lines(self, items: Iterable[T], columns: Sequence[Column[T]], *, raw: Callable[[T], Any]) -> None:
        """Print one object per line. The cells are not aligned, so that later calls can add lines."""
        for item in items:
            if self.form in (JSON, JSONL):
                self._write(dumps(raw(item), indent=None) + "\n")
            elif self.is_terminal:
                cells = _clean([column.cell(item) for column in columns])
                self._write(GAP.join(cells).rstrip() + "\n")
            else:
                self._write("\t".join(_clean([(column.plain or column.cell)(item) for column in columns])) + "\n")

    def print_object(self, raw: Any, fields: Sequence[tuple[str, str]]) -> None:
        """Print one object: as JSON, or with one field per line."""
        if self.form in (JSON, JSONL):
            self._write(dumps(raw, indent=2 if self.form == JSON else None) + "\n")
        elif self.is_terminal:
            names = max((len(name) for name, _ in fields), default=0)
            lines = (f"{name:<{names}}  {clean_line(text)}" for name, text in fields)
            self._write("".join(self._wrapped(line, names + len(GAP)) for line in lines))
        else:
            self._write("".join(f"{name}\t{clean_line(text)}\n" for name, text in fields))

    def print_line(self, text: str, raw: Any = None, *, indent: int = 0) -> None:
        """Print one line, such as the id of a created job; with `--json` the object instead.

        Args:
            indent: cells before the further rows of a line that is wider than the terminal.
        """
        if self.form in (JSON, JSONL):
            self._write(dumps(raw, indent=2 if self.form == JSON else None) + "\n")
        else:
            self._write(self._wrapped(clean_line(text), indent))

    def _wrapped(self, line: str, indent: int) -> str:
        """Return the rows of a line: on a terminal they are wrapped at spaces."""
        rows = at_spaces(line, self.cells, indent) if self.is_terminal else [line]
        return "".join(row + "\n" for row in rows)

    def print_row(self, cells: Sequence[str]) -> None:
        """Print tab-separated cells."""
        self._write("\t".join(map(clean_line, cells)) + "\n")

    def print_text(self, text: str) -> None:
        """Print text unchanged. Only for text made by fttui: control codes are not removed."""
        self._write(text)

    def write_chunk(self, chunk: bytes) -> None:
        """Write a part of a file."""
        self._write(chunk)

    def flush(self) -> None:
        """Flush stdout.

        Raises:
            ReaderGone: the reader has closed stdout.
            OSError: writing failed.
        """
        self._guarded(self._out.flush)

    def _write(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            self._out.flush()
            self._guarded(lambda: self._out.buffer.write(data))
        else:
            text = _for_locale(data) if self.is_terminal else data
            self._guarded(lambda: self._out.write(text))

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except BrokenPipeError:
            # Without this, the interpreter would flush the buffer again when it ends, and fail.
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), self._out.fileno())
            raise ReaderGone from None


class ListInParts(Generic[T]):
    """A list that is printed in parts, so that a long one need not fit into the memory."""

    def __init__(self, output: Output, columns: Sequence[Column[T]], raw: Callable[[T], Any]) -> None:
        self.count = 0
        """Number of objects printed so far."""
        self._output = output
        self._columns = columns
        self._raw = raw

    def add(self, items: Sequence[T]) -> None:
        """Print the next objects."""
        if self._output.form != JSON:
            self.count += len(items)
            self._output.print_lines(items, self._columns, raw=self._raw)
        for item in items if self._output.form == JSON else ():
            start = ",\n    " if self.count else '{\n  "object": "list",\n  "data": [\n    '
            self._output.print_text(start + dumps(self._raw(item)).replace("\n", "\n    "))
            self.count += 1

    def end(self, *, has_more: bool) -> None:
        """Print the end of the list."""
        if self._output.form == JSON and self.count:
            self._output.print_text(f'\n  ],\n  "has_more": {"true" if has_more else "false"}\n}}\n')
        elif self._output.form == JSON:
            self._output.print_list([], self._columns, raw=self._raw, has_more=has_more)


def _clean(cells: list[str]) -> list[str]:
    """Clean the cells of a line. Most lines are clean, and are not searched cell by cell."""
    whole = "".join(cells)
    return cells if whole.isascii() and whole.isprintable() else [clean_line(cell) for cell in cells]


def _cells_of(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _for_locale(text: str, *, separator: str = " , ") -> str:
    """Replace signs such as `…` by ASCII of the same width if the locale is not UTF-8.

    Args:
        separator: ASCII for ` · ` between the parts of a message, which need not be aligned.
    """
    return text if text.isascii() or is_utf8_locale() else ascii_signs(text.replace(" · ", separator))


def say(text: str) -> None:
    """Print a message to stderr without control codes. Do nothing if stderr is closed."""
    say_progress("")
    lines = [_for_locale(clean_line(line), separator=", ") for line in text.split("\n")]
    if _is_terminal(sys.stderr):
        lines = [row for line in lines for row in at_spaces(line, _cells_of(sys.stderr))]
    with suppress(OSError, ValueError):
        print("\n".join(lines), file=sys.stderr, flush=True)


_progress = ""


def has_progress_line() -> bool:
    """Return whether stderr is a terminal, where `say_progress` draws."""
    return _is_terminal(sys.stderr)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def say_progress(*parts: str) -> None:
    """Replace the progress line on stderr; no text removes it. Do nothing if stderr is not a terminal.

    Args:
        parts: the most important first. A line that is too long loses its last parts.
    """
    global _progress
    if not has_progress_line():
        return
    text = fit_parts(parts, _cells_of(sys.stderr) - 1)
    if text != _progress:
        with suppress(OSError):
            print(f"\r\x1b[K{_for_locale(text, separator=', ')}", end="", file=sys.stderr, flush=True)
        _progress = text


def fit_parts(parts: Sequence[str], cells: int) -> str:
    """Join as many parts as fit into `cells`. Only a first part that is too long itself is cut."""
    shown = [clean_line(part) for part in parts if part]
    while len(shown) > 1 and width(" · ".join(shown)) > cells:
        shown.pop()
    return fit(" · ".join(shown), cells)


def at_spaces(line: str, cells: int, indent: int = 0) -> list[str]:
    """Wrap a line at its spaces. A word that is wider than a row stays whole, so that it can be copied.

    `textwrap` counts characters, of which some take two cells.

    Args:
        indent: cells before the further rows.
    """
    if width(line) <= cells:
        return [line]
    start = len(line) - len(line.lstrip(" "))
    first, *words = line[start:].split(" ")
    rows = [" " * start + first]
    for word in words:
        if width(rows[-1]) + 1 + width(word) <= cells or not rows[-1].strip():
            rows[-1] += " " + word
        elif word:  # spaces for alignment do not begin a row
            rows.append(" " * (indent if indent < cells // 2 else 0) + word)
    return [row.rstrip() for row in rows]


def dumps(value: Any, indent: int | None = 2) -> str:
    """Return JSON in printable ASCII, without control codes."""
    try:
        text = json.dumps(value, indent=indent, allow_nan=False)
    except ValueError:  # Python parses 1e999 as infinity, which JSON does not have
        text = json.dumps(_finite(value), indent=indent)
    return text.replace("\x7f", "\\u007f")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def table(items: Sequence[T], columns: Sequence[Column[T]], cells: int) -> list[str]:
    """Return the lines of a table at most `cells` wide, without empty columns.

    If the table is too wide, columns leave in the order of `Column.leave`; then they are cut in the order of
    `Column.cut`. In a table of columns that are never cut, the last one is wrapped if it has sentences.
    """
    texts = [[clean_line(column.cell(item)) for column in columns] for item in items]
    shown = [index for index in range(len(columns)) if not texts or any(row[index] for row in texts)]
    columns = [columns[index] for index in shown]
    rows = [[row[index] for index in shown] for row in texts]
    titles = [column.title for column in columns]
    widths = [max(width(row[index]) for row in [titles, *rows]) for index in range(len(columns))]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - cells
    for index in sorted(range(len(columns)), key=lambda index: columns[index].leave):
        if excess > 0 and columns[index].leave:
            excess -= widths[index] + len(GAP)
            widths[index] = 0
    _cut(widths, [column.cut for column in columns], excess)

    def line(row: Sequence[str]) -> str:
        fields = [field for field in zip(row, widths, columns, strict=True) if field[1]]
        return GAP.join(pad(text, size, right=column.right) for text, size, column in fields).rstrip()

    indent = sum(size + len(GAP) for size in widths[:-1] if size)
    has_sentences = bool(columns) and not columns[-1].right and any(" " in row[-1] for row in rows)
    if has_sentences and sum(widths) + len(GAP) * (len(list(filter(None, widths))) - 1) > cells:
        return [line(titles), *(part for row in rows for part in at_spaces(line(row), cells, indent))]
    return [line(titles), *map(line, rows)]


def _cut(widths: list[int], order: Sequence[int], excess: int) -> None:
    """Reduce column widths by `excess` cells in total. A dropped column has width 0."""
    for turn in (CUT_FIRST, CUT_USUAL, CUT_LATE, CUT_LAST):
        found = [index for index, cut in enumerate(order) if cut == turn]
        if turn == CUT_FIRST:
            for index in reversed(found):
                if excess <= 0:
                    break
                left = widths[index] - max(0, excess)
                if left < max(NARROWEST, widths[index] // 2):
                    excess, left = excess - len(GAP), 0
                excess, widths[index] = excess - (widths[index] - left), left
            continue
        while excess > 0 and found:
            widest = max(found, key=lambda index: widths[index])
            if widths[widest] <= NARROWEST:
                break
            widths[widest] -= 1
            excess -= 1
