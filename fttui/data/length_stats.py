"""Statistics of the tokens of examples, in constant memory."""

import heapq
from typing import Any, NamedTuple

NUMBER_OF_LONGEST = 5
"""Longest examples to name."""
BINS = 8
"""Approximate number of bars of the histogram."""
_EXACT_BELOW = 65_536
"""Tokens. Longer lengths are counted in steps of 1024, which keeps the table small."""


class LengthStats(NamedTuple):
    """Statistics of the tokens of the examples of a file."""

    examples: int
    total: int
    """Tokens of one epoch, before long examples are cut."""
    billed: int
    """Billed tokens of one epoch: of each example at most the model's limit."""
    least: int
    median: int
    p90: int
    most: int
    longest: tuple[tuple[int, int], ...]
    """Tokens and line of the longest examples, longest first."""
    over: int
    """Examples longer than the limit."""
    limit: int | None
    bins: tuple[tuple[int, int, int], ...]
    """Histogram with equal steps: first length, first length of the next step, examples."""
    exact: bool
    counter: str
    """Encoding that counted the tokens, or `estimate`."""
    error: float
    """Largest relative error of an estimate; 0 for counted tokens."""

    @property
    def about(self) -> str:
        """Prefix of estimated figures."""
        return "" if self.exact else "about "

    def as_json(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "billed_per_epoch": self.billed,
            "exact": self.exact,
            "counter": self.counter,
            "error": self.error,
            "least": self.least,
            "median": self.median,
            "p90": self.p90,
            "most": self.most,
            "limit": self.limit,
            "over_limit": self.over,
            "longest": [{"tokens": tokens, "line": line} for tokens, line in self.longest],
            "histogram": [{"from": low, "below": high, "examples": count} for low, high, count in self.bins],
        }


class LengthCounter:
    """Counts the examples of each length."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._table: dict[int, int] = {}
        self._longest: list[tuple[int, int]] = []
        self._total = self._billed = self._over = 0

    def add(self, tokens: int, line: int, examples: int = 1) -> bool:
        """Count an example. Return True for one longer than the limit.

        Args:
            examples: number of examples for which it stands.
        """
        key = tokens if tokens < _EXACT_BELOW else tokens & ~1023
        self._table[key] = self._table.get(key, 0) + examples
        self._total += tokens * examples
        longest = self._longest
        if len(longest) < NUMBER_OF_LONGEST:
            heapq.heappush(longest, (tokens, -line))
        elif tokens > longest[0][0]:
            heapq.heapreplace(longest, (tokens, -line))
        if self._limit is not None and tokens > self._limit:
            self._billed += self._limit * examples
            self._over += examples
            return True
        self._billed += tokens * examples
        return False

    def stats(self, *, exact: bool, counter: str, error: float) -> LengthStats:
        lengths = sorted(self._table)
        count = sum(self._table.values())
        longest = tuple((tokens, -line) for tokens, line in sorted(self._longest, reverse=True))
        return LengthStats(
            examples=count,
            total=self._total,
            billed=self._billed,
            least=lengths[0] if lengths else 0,
            median=self._quantile(lengths, count, 0.5),
            p90=self._quantile(lengths, count, 0.9),
            most=longest[0][0] if longest else 0,
            longest=longest,
            over=self._over,
            limit=self._limit,
            bins=self._bins(lengths),
            exact=exact,
            counter=counter,
            error=error,
        )

    def _quantile(self, lengths: list[int], count: int, share: float) -> int:
        seen = 0
        for length in lengths:
            seen += self._table[length]
            if seen >= share * count:
                return length
        return 0

    def _bins(self, lengths: list[int]) -> tuple[tuple[int, int, int], ...]:
        if not lengths:
            return ()
        low, high = lengths[0], lengths[-1] + 1
        step = _round_step(max(1, -(-(high - low) // BINS)))
        start = low // step * step
        counts = [0] * ((high - 1 - start) // step + 1)
        for length in lengths:
            counts[(length - start) // step] += self._table[length]
        return tuple((start + index * step, start + (index + 1) * step, found) for index, found in enumerate(counts))


def _round_step(step: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50, … that is at least `step`."""
    unit = 1
    while True:
        for factor in (1, 2, 5):
            if factor * unit >= step:
                return factor * unit
        unit *= 10
