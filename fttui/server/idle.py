"""End of an idle service: no requests for some time, no live job, and no alert that was not delivered yet."""

from fttui.clock import Clock
from fttui.server.storage.database import ServiceDatabase

IDLE_SECONDS = 600.0
"""Seconds without a request and without a live job after which a detached service ends."""
ALERT_SECONDS = 600.0
"""Seconds after which an alert that cannot be delivered no longer keeps the service. The next one tries again."""


class IdleTimer:
    """Measures the time since the last request."""

    def __init__(self, database: ServiceDatabase, clock: Clock, limit: float | None) -> None:
        """
        Args:
            limit: seconds until the service counts as idle; None for a service that never ends by itself.
        """
        self._database = database
        self._clock = clock
        self._limit = limit
        self._last_request = clock.monotonic()

    def note_request(self) -> None:
        self._last_request = self._clock.monotonic()

    def is_idle(self) -> bool:
        """Return whether the service should end. Jobs that a user paused do not keep it alive."""
        if self._limit is None or self._clock.monotonic() - self._last_request < self._limit:
            return False
        try:
            if self._database.alerts.has_pending(since=int(self._clock.now() - ALERT_SECONDS)):
                return False
            return not self._database.jobs.is_any_live()
        except OSError:
            return False  # unknown
