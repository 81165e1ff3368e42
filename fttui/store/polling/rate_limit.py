"""How many requests polling may send, and how they are spread: 60 in any minute, the list first."""

import math
from collections import deque

from fttui.clock import Clock

LIMIT = 60
WINDOW = 61.0
"""Seconds; a little more than a minute, because requests do not all take equally long to arrive."""
SPARE = 3
"""Requests that are left to the list when a person's own pokes have used up what was meant for it."""
BURST = 6
"""Requests for single jobs that may follow each other without a pause."""


class Budget:
    """Counts requests by the clock. Whoever wants to send one waits for `first` or `other`, then says `spend`."""

    def __init__(self, clock: Clock, *, list_every: float) -> None:
        """
        Args:
            list_every: the shortest pause between two polls of the list, in seconds; what they need is kept free.
        """
        self._clock = clock
        self._sent: deque[float] = deque()
        self.keep_for(list_every)
        self._tokens = float(BURST)
        self._filled_at = clock.monotonic()

    def keep_for(self, list_every: float) -> None:
        """Keep free what polls of the list need that have `list_every` seconds between them."""
        kept = min(LIMIT // 2, math.ceil(WINDOW / list_every))
        self._rate = max(1, LIMIT - kept - BURST) / WINDOW

    def first(self) -> float:
        """Seconds until the list may be asked for."""
        return self._until_below(LIMIT)

    def other(self) -> float:
        """Seconds until anything else may be asked for."""
        now = self._clock.monotonic()
        self._tokens = min(BURST, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        return max((1 - self._tokens) / self._rate, self._until_below(LIMIT - SPARE))

    def spend(self, *, first: bool = False) -> None:
        """A request is sent now."""
        self._sent.append(self._clock.monotonic())
        if not first:
            self._tokens -= 1

    def _until_below(self, limit: int) -> float:
        now = self._clock.monotonic()
        while self._sent and self._sent[0] <= now - WINDOW:
            self._sent.popleft()
        return 0.0 if len(self._sent) < limit else self._sent[len(self._sent) - limit] + WINDOW - now
