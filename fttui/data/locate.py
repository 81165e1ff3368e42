"""Places of findings in the text of a line: the value of a member, the column of a JSON error."""

import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import NamedTuple

from fttui.data.line_reader import LineReader

_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r"[^,\]}\s]+")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_COLUMN = re.compile(r"\bcolumn (\d+)")


class Place(NamedTuple):
    """Part of a text, from `start` up to `end`."""

    start: int
    end: int


def read_line(path: str, number: int) -> str:
    """Return one line of a file, decoded, without its line end; empty when the file does not have it.

    Raises:
        OSError: the file cannot be read.
    """
    for at, line in LineReader(path).lines():
        if at == number:
            return line.decode("utf-8", "replace").rstrip("\r\n")
        if at > number:
            break
    return ""


def place_of(text: str, member: str, detail: str) -> Place | None:
    """Return where a finding is in its line: the value of the member, or the column that the detail names.

    None when the finding is about the whole line, or the text has no such member.
    """
    if not member:
        found = _COLUMN.search(detail)
        column = int(found[1]) if found else 0
        return Place(column - 1, column) if 0 < column <= len(text) + 1 else None
    steps = [name or int(index) for name, index in _STEP.findall(member)]
    try:
        return _find(text, _skip_space(text, 0), steps)
    except (ValueError, IndexError):
        return None


def _find(text: str, at: int, steps: list[str | int]) -> Place | None:
    """Return the value at the end of `steps`; where it is missing, the value that should have it."""
    here = Place(at, _end(text, at))
    for depth, step in enumerate(steps):
        if text[at] != ("[" if isinstance(step, int) else "{"):
            return here
        child = _child(text, at, step)
        if child is None:
            return here if depth else None
        at = child
        here = Place(at, _end(text, at))
    return here


def _child(text: str, at: int, step: str | int) -> int | None:
    """Return the start of the value of a member or an element."""
    is_object = text[at] == "{"
    at, index = _skip_space(text, at + 1), 0
    while text[at] not in "]}":
        key: str | int = index
        if is_object:
            key, at = scanstring(text, at + 1, True)
            at = _skip_space(text, at) + 1
            at = _skip_space(text, at)
        if key == step:
            return at
        at = _skip_space(text, _end(text, at))
        if text[at] == ",":
            at = _skip_space(text, at + 1)
        index += 1
    return None


def _end(text: str, at: int) -> int:
    """Return the end of the value that starts at `at`."""
    if text[at] == '"':
        return int(scanstring(text, at + 1, True)[1])
    if text[at] not in "[{":
        found = _PLAIN.match(text, at)
        if found is None:
            raise ValueError
        return found.end()
    depth = 0
    while True:
        character = text[at]
        if character == '"':
            at = scanstring(text, at + 1, True)[1]
            continue
        depth += (character in "[{") - (character in "]}")
        at += 1
        if not depth:
            return at


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
