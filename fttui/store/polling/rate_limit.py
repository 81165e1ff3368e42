"""Rate limit of polling: 60 requests in any minute, with priority for the list."""

import math
from collections import deque

from fttui.clock import Clock

LIMIT = 60
"""Most requests in a window."""
WINDOW = 61.0
"""Seconds of the window: more than a minute, because requests take different times to arrive."""
SPARE = 3
"""Requests reserved for the list when manual refreshes have used its share."""
BURST = 6
"""Requests for single jobs that may follow without a pause."""


class RateLimit:
    """Counter of requests. Wait for `poll_wait` or `job_wait` before a request, then call `count`."""

    def __init__(self, clock: Clock, *, list_every: float) -> None:
        """
        Args:
            list_every: shortest interval of polls of the list, in seconds.
        """
        self._clock = clock
        self._sent: deque[float] = deque()
        self.reserve_polls(list_every)
        self._tokens = float(BURST)
        self._filled_at = clock.monotonic()

    def reserve_polls(self, list_every: float, requests: int = 1) -> None:
        """Reserve `requests` for each poll of the list every `list_every` seconds."""
        reserved = min(LIMIT // 2, math.ceil(WINDOW / list_every) * requests)
        self._rate = max(1, LIMIT - reserved - BURST) / WINDOW

    def poll_wait(self, requests: int = 1) -> float:
        """Return the seconds until the list may be polled with a number of requests."""
        return self._until_below(LIMIT - requests + 1)

    def job_wait(self) -> float:
        """Return the seconds until a request for a single job may be sent. It may count as several."""
        now = self._clock.monotonic()
        self._tokens = min(BURST, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        return max((1 - self._tokens) / self._rate, self._until_below(LIMIT - SPARE))

    def count(self, requests: int = 1, *, poll: bool = False) -> None:
        """Count requests sent now.

        Args:
            poll: they are a poll of the list.
        """
        self._sent.extend([self._clock.monotonic()] * requests)
        if not poll:
            self._tokens -= requests

    def _until_below(self, limit: int) -> float:
        now = self._clock.monotonic()
        while self._sent and self._sent[0] <= now - WINDOW:
            self._sent.popleft()
        return 0.0 if len(self._sent) < limit else self._sent[len(self._sent) - limit] + WINDOW - now
