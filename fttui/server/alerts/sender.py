"""Sender of alerts: a thread that delivers what the database has, again and again until it is delivered.

Alerts are stored when something happens, and delivered here. The beginning of a delivery is recorded before it, its
success after it. A service that is killed in between repeats it: a repeated alert is better than a lost one. The id of
the alert and the number of the attempt, which are sent with it, tell a receiver.
"""

import logging
import threading
from collections.abc import Callable

from fttui.clock import Clock
from fttui.server.alerts.delivery import deliver
from fttui.server.settings import Settings
from fttui.server.storage.alert_table import DELIVERED, GIVEN_UP, PENDING, Alert
from fttui.server.storage.database import ServiceDatabase

INTERVAL, IDLE_INTERVAL = 1.0, 5.0
"""Seconds between two looks with a channel, and without one."""
FIRST_PAUSE, LONGEST_PAUSE = 5, 600
"""Seconds before a failed delivery is tried again. Each pause is twice as long as the pause before."""
GIVE_UP_AFTER = 86_400
"""Seconds after which an alert is no longer tried."""
CLOSE_SECONDS = 2.0
"""Seconds to wait for a delivery in progress when the service ends."""

log = logging.getLogger("fttui.server")


class AlertSender:
    """Delivers the alerts of one service."""

    def __init__(
        self,
        database: ServiceDatabase,
        settings: Callable[[], Settings],
        clock: Clock,
        deliver: Callable[[Alert, Settings], str] = deliver,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._deliver = deliver
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread. A delivery that takes longer is left to its end; the next service repeats it."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        failed = False
        while not self._closed.is_set():
            pause = IDLE_INTERVAL
            try:
                self.tick()
                pause = INTERVAL if self._settings().channels else IDLE_INTERVAL
                failed = False
            except Exception:
                if not failed and not self._closed.is_set():
                    log.exception("alerts could not be delivered; trying again")
                failed = True
            self._closed.wait(pause)

    def tick(self) -> None:
        """Deliver the alerts that are due. After a failure of a channel, its other alerts wait for the next look."""
        settings, failed = self._settings(), set[str]()
        for alert in self._database.alerts.due(int(self._clock.now())):
            if self._closed.is_set():
                return
            now = int(self._clock.now())
            if alert.channel not in settings.channels or now - alert.created_at > GIVE_UP_AFTER:
                self._database.alerts.settle(alert, GIVEN_UP, now)
            elif alert.channel not in failed:
                self._database.alerts.begin(alert)
                if not (reason := self._deliver(alert, settings)):
                    self._database.alerts.settle(alert, DELIVERED, now)
                    continue
                failed.add(alert.channel)
                pause = min(LONGEST_PAUSE, FIRST_PAUSE << min(alert.attempts, 10))
                log.warning("alert %s by %s: %s; trying again in %d s", alert.id, alert.channel, reason, pause)
                self._database.alerts.settle(alert, PENDING, int(self._clock.now()) + pause)
