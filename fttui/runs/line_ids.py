"""Ids of the lines of a log: the same in each process, and different for lines with the same text and time."""

import hashlib
from collections import Counter
from typing import NamedTuple

from fttui.runs.formats.base import FoundLine, Source


class _Key(NamedTuple):
    """The part of a line that lines may share."""

    text: str
    time: float | None


class LineIds:
    """Ids of the lines that are kept, with the sources of the lines."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[Source, _Key]] = {}
        """Source and key of each line by its id."""
        self._told: Counter[tuple[Source, _Key]] = Counter()
        """Number of lines of a source with the same key."""
        self._again: Counter[tuple[Source, _Key]] = Counter()
        """Number of lines that a source which began again may repeat."""
        self._last: dict[_Key, int] = {}
        """Last number among the lines with the same key."""
        self._kept: Counter[_Key] = Counter()

    def __len__(self) -> int:
        return len(self._lines)

    def new(self, source: Source, line: FoundLine) -> str | None:
        """Return the id of a line; None if a source that began again repeats the line."""
        key = _Key(line.text, line.time)
        if self._again[source, key] > 0:
            self._again[source, key] -= 1
            return None
        self._last[key] = number = self._last.get(key, 0) + 1
        id = f"line-{digest((*key, number))}"
        self._lines[id] = (source, key)
        self._told[source, key] += 1
        self._kept[key] += 1
        return id

    def remove(self, id: str) -> None:
        """Forget a line that is no longer kept."""
        source, key = self._lines.pop(id)
        self._told[source, key] -= 1
        self._kept[key] -= 1
        if not self._told[source, key]:
            del self._told[source, key]
        if not self._kept[key]:
            del self._kept[key], self._last[key]

    def begin_again(self, source: Source) -> None:
        """Expect the lines of a source a second time: its file was replaced."""
        self._again = Counter({told: number for told, number in self._again.items() if told[0] != source})
        self._again.update({told: number for told, number in self._told.items() if told[0] == source})


def digest(value: object) -> str:
    """Return a short digest of the text of a value, for an id."""
    return hashlib.blake2b(ascii(value).encode("ascii"), digest_size=6).hexdigest()
