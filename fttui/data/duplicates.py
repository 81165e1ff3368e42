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
        self._slot_hashes: array[int] | None = None
        self._slot_numbers: array[int] | None = None
        self.may_forget = False

    def add(self, line: bytes, number: int) -> int:
        """Add a line. Return the number of the first equal line, 0 for a new line."""
        key = hash(line)
        numbers = self._numbers
        found = numbers.get(key)
        if found is not None:
            return found
        if self._slot_hashes is None or self._slot_numbers is None:
            if len(numbers) < EXACT_LINES:
                numbers[key] = number
                return 0
            self.may_forget = True
            self._slot_hashes = array("q", bytes(8 * _SLOTS))
            self._slot_numbers = array("Q", bytes(8 * _SLOTS))
        slot = key & (_SLOTS - 1)
        if self._slot_hashes[slot] == key and self._slot_numbers[slot]:
            return self._slot_numbers[slot]
        self._slot_hashes[slot] = key
        self._slot_numbers[slot] = number
        return 0

    def find(self, line: bytes) -> int:
        """Return the number of the first equal line, 0 when there is none."""
        key = hash(line)
        found = self._numbers.get(key)
        if found is None and self._slot_hashes is not None and self._slot_numbers is not None:
            slot = key & (_SLOTS - 1)
            found = self._slot_numbers[slot] if self._slot_hashes[slot] == key else 0
        return found or 0
