"""Find lines that occur twice, in bounded memory."""

from array import array

EXACT_LINES = 250_000
"""Lines that the index never forgets."""
_SLOTS = 1 << 20


class LineIndex:
    """Index of lines by their hash.

    The first 250,000 lines are kept. Each later line has one slot, which a line with the same slot replaces, so the
    index of a very large file forgets lines. A line that the index finds did occur.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._slots: array[int] | None = None
        """Hash and number of the line of each slot, side by side: one access to memory finds both."""

    @property
    def may_forget(self) -> bool:
        return self._slots is not None

    def add(self, line: bytes, number: int) -> int:
        """Add a line. Return the number of the first equal line, 0 for a new line."""
        key = hash(line)
        found = self._numbers.get(key)
        if found is not None:
            return found
        slots = self._slots
        if slots is None:
            if len(self._numbers) < EXACT_LINES:
                self._numbers[key] = number
                return 0
            slots = self._slots = array("q", bytes(2 * 8 * _SLOTS))
        slot = 2 * (key & (_SLOTS - 1))
        if slots[slot] == key and slots[slot + 1]:
            return slots[slot + 1]
        slots[slot] = key
        slots[slot + 1] = number
        return 0

    def find(self, line: bytes) -> int:
        """Return the number of the first equal line, 0 when there is none."""
        key = hash(line)
        found = self._numbers.get(key)
        if found is None and self._slots is not None:
            slot = 2 * (key & (_SLOTS - 1))
            found = self._slots[slot + 1] if self._slots[slot] == key else 0
        return found or 0
