"""Examples that stand in a file twice, or in two files: found in flat memory."""

from array import array

KEPT = 250_000
"""Lines that are remembered exactly."""
_SLOTS = 1 << 20


class LineIndex:
    """Remembers lines by their hash.

    The first 250,000 are known for sure. Of later ones each takes a place that another may take from it, so that in a
    very large file a line may be forgotten; a line that is said to be known was there.
    """

    def __init__(self) -> None:
        self._first: dict[int, int] = {}
        self._hashes: array[int] | None = None
        self._lines: array[int] | None = None
        self.forgets = False

    def add(self, line: bytes, number: int) -> int:
        """The number of the line that was the same before; 0 when there was none."""
        key = hash(line)
        first = self._first
        found = first.get(key)
        if found is not None:
            return found
        if self._hashes is None or self._lines is None:
            if len(first) < KEPT:
                first[key] = number
                return 0
            self.forgets = True
            self._hashes = array("q", bytes(8 * _SLOTS))
            self._lines = array("Q", bytes(8 * _SLOTS))
        slot = key & (_SLOTS - 1)
        if self._hashes[slot] == key and self._lines[slot]:
            return self._lines[slot]
        self._hashes[slot] = key
        self._lines[slot] = number
        return 0

    def find(self, line: bytes) -> int:
        """The number of the same line; 0 when there is none. Nothing is remembered by this."""
        key = hash(line)
        found = self._first.get(key)
        if found is None and self._hashes is not None and self._lines is not None:
            slot = key & (_SLOTS - 1)
            found = self._lines[slot] if self._hashes[slot] == key else 0
        return found or 0
