"""Choose the examples of a large file whose tokens are estimated. Each stands for the examples before it, too.

The estimate of a text may be off by 15 %. To estimate each of a million texts says nothing more about the file, but
takes as long as parsing them. The choice depends on nothing but the lengths of the lines, so that each check of a file
says the same.
"""

import heapq
import random

from fttui.data.length_stats import NUMBER_OF_LONGEST

FIRST = 50_000
"""Examples at the start of a file that are all counted."""
LARGEST_STEP = 31
"""After them, one in 16 is counted on average: 1 to 31 examples after the one before. The steps are random, because
examples often repeat in a fixed order."""
TOKENS_PER_BYTE = 4
"""Most tokens that the estimate can find in one byte of a line: tools with numbers such as 1e15 are longer as JSON of
Python."""


class TokenSample:
    """Chooses examples by their number, and all that may be among the longest or longer than the limit.

    With lengths that vary as much as their mean, the standard error of the total is at most 1 %. The last examples of a
    file, at most 30, may be left out.
    """

    def __init__(self, limit: int | None) -> None:
        """
        Args:
            limit: tokens of the longest example that the model reads whole; None if unknown.
        """
        self.due = 1
        """Number of the next example to count, from 1."""
        self.most_bytes = 0
        """Bytes of the longest line that need not be counted."""
        self.counted = 0
        self._limit = limit
        self._longest = [0] * NUMBER_OF_LONGEST
        """Bytes of the longest lines so far, as a heap."""
        self._random = random.Random(0)
        self._accounted = 0
        """Examples that are counted, or for which one that is counted stands."""

    @property
    def is_part(self) -> bool:
        """Not all examples are counted."""
        return self.counted > FIRST

    def take(self, number: int, size: int) -> int:
        """Return the number of examples for which an example stands that is due, or whose line is long.

        Args:
            number: its number, from 1.
            size: bytes of its line.
        """
        self.counted += 1
        if size > self.most_bytes:
            # It is like no other, and stands for itself.
            self._note_long(size)
            self.due = max(self.due, number + 1)
            self._accounted += 1
            return 1
        stands_for = number - self._accounted
        self._accounted = number
        self.due = number + (1 if number < FIRST else self._random.randint(1, LARGEST_STEP))
        return stands_for

    def _note_long(self, size: int) -> None:
        longest = self._longest
        if size > longest[0]:
            heapq.heapreplace(longest, size)
        self.most_bytes = longest[0]
        if self._limit is not None:
            self.most_bytes = min(self.most_bytes, self._limit // TOKENS_PER_BYTE)
