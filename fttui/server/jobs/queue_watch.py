"""Alerts about jobs of this service that wait much longer than the jobs before them."""

from collections.abc import Sequence

from fttui.clock import Clock
from fttui.learning.alarms import Alarm, check_job
from fttui.learning.finding import JobState
from fttui.learning.kinds import Kind
from fttui.models.status import Status
from fttui.server.jobs.job_alerts import alarm_alert, event_of, is_told
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.records import JobRecord

CHECK_SECONDS = 60.0
"""Seconds between two checks of the queue."""
EARLIER_JOBS = 10
"""Newest started jobs whose waits are compared."""


class QueueWatch:
    """Queued jobs of one service. Each job is told at most once: the table of alerts sees to that."""

    def __init__(self, database: ServiceDatabase, catalog: Catalog, clock: Clock) -> None:
        self._database = database
        self._catalog = catalog
        self._clock = clock
        self._next_check = float("-inf")

    def check(self) -> None:
        """Store an alert for each job that waits long. Does nothing before `CHECK_SECONDS` have passed."""
        settings = self._catalog.settings
        if self._clock.monotonic() < self._next_check or not is_told(Kind.QUEUED_LONG, settings):
            return
        queued = self._database.jobs.queued_without_alert(event_of(Kind.QUEUED_LONG))
        if not queued:
            return
        self._next_check = self._clock.monotonic() + CHECK_SECONDS
        waits = tuple(self._database.events.waits(EARLIER_JOBS))
        alerts = [(job, alarm_alert(job, alarm, settings)) for job in queued for alarm in self._alarms(job, waits)]
        self._database.alerts.add(alerts, int(self._clock.now()))

    def _alarms(self, job: JobRecord, waits: tuple[float, ...]) -> Sequence[Alarm]:
        state = JobState(status=Status.QUEUED, now=self._clock.now(), created_at=job.created_at, waits=waits)
        return check_job(state, [Kind.QUEUED_LONG]).alarms
