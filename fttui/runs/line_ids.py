"""Ids of the lines of a log: the same in each process, and different for lines with the same text and time."""

import hashlib
from collections import Counter, deque
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
        """Source and key of each line by its id, in the order in which they were told."""
        self._last: dict[_Key, int] = {}
        """Last number among the lines with the same key."""
        self._kept: Counter[_Key] = Counter()
        self._again: dict[Source, deque[_Key]] = {}
        """Lines that a source which began again may repeat."""
        self._cut: set[Source] = set()
        """Sources of which lines are no longer kept."""

    def __len__(self) -> int:
        return len(self._lines)

    def new(self, source: Source, line: FoundLine) -> str | None:
        """Return the id of a line; None if a source that began again repeats the line."""
        key = _Key(line.text, line.time)
        if again := self._again.get(source):
            if again[0] == key:
                again.popleft()
                return None
            del self._again[source]  # a rotated log: what follows is new
        self._last[key] = number = self._last.get(key, 0) + 1
        id = f"line-{digest((*key, number))}"
        self._lines[id] = (source, key)
        self._kept[key] += 1
        return id

    def remove(self, id: str) -> None:
        """Forget a line that is no longer kept."""
        source, key = self._lines.pop(id)
        self._cut.add(source)
        self._kept[key] -= 1
        if not self._kept[key]:
            del self._kept[key], self._last[key]

    def begin_again(self, source: Source) -> set[str]:
        """Expect the lines of a source a second time: its file was replaced.

        Returns:
            Lines to remove, because the source tells lines before them again. They get the same ids.
        """
        own = {id: key for id, (each, key) in self._lines.items() if each == source}
        if source not in self._cut:
            self._again[source] = deque(own.values())
            return set()
        for id in own:
            self.remove(id)
        self._cut.discard(source)
        return set(own)


def digest(value: object) -> str:
    """Return a short digest of the text of a value, for an id."""
    return hashlib.blake2b(ascii(value).encode("ascii"), digest_size=6).hexdigest()
