"""Alerts about jobs of the service that wait much longer than the jobs before them."""

from types import SimpleNamespace
from typing import Any

import pytest

from fttui.server.jobs.queue_watch import CHECK_SECONDS, QueueWatch
from fttui.server.service import Service
from fttui.server.settings import Settings
from fttui.server.storage.event_table import STARTED
from fttui.server.storage.reports import Message
from tests.server.conftest import add_job
from tests.support.clock import FakeClock

TOLD = Settings(notify_command=("true",))


def watch(service: Service, clock: FakeClock, settings: Settings) -> QueueWatch:
    catalog: Any = SimpleNamespace(settings=settings)
    return QueueWatch(service.database, catalog, clock)


def queue(service: Service, waits: tuple[float, ...]) -> str:
    """Add jobs that waited for these times before they started, and one that waits."""
    jobs = service.database.jobs
    for wait in waits:
        job = jobs.get(add_job(service))
        assert job is not None
        assert jobs.move(job, "queued", [], job.created_at)
        queued = jobs.get(job.id)
        assert queued is not None
        assert jobs.move(queued, "running", [Message(STARTED)], job.created_at + int(wait))
    waiting = jobs.get(add_job(service))
    assert waiting is not None
    assert jobs.move(waiting, "queued", [], waiting.created_at)
    return waiting.id


def told(service: Service, queue_watch: QueueWatch, clock: FakeClock, id: str, after: float) -> list[str]:
    """Return the events told about a job that has waited `after` seconds."""
    job = service.database.jobs.get(id)
    assert job is not None
    clock.advance(job.created_at + after - clock.now())
    queue_watch.check()
    return sorted(service.database.alerts.events(job))


def test_job_that_waits_longer_than_earlier_ones_is_told_once(service: Service) -> None:
    id = queue(service, (10, 400, 20))
    clock = FakeClock()
    found = watch(service, clock, TOLD)
    assert told(service, found, clock, id, 1100) == []
    assert told(service, found, clock, id, 1100 + CHECK_SECONDS / 2) == []
    assert told(service, found, clock, id, 1300) == ["alarm.queued_long"]
    assert told(service, found, clock, id, 5000) == ["alarm.queued_long"]
    (alert,) = service.database.alerts.due(int(clock.now()))
    assert "Queued for 22 min; your last 3 jobs here waited at most 7 min." in alert.message


def test_alerts_of_many_jobs_are_stored_once_and_together(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    id = queue(service, (10, 400, 20))
    queue(service, ())
    clock, alerts = FakeClock(), service.database.alerts
    stored, add = [], alerts.add
    monkeypatch.setattr(alerts, "add", lambda given, now: (stored.append(len(given)), add(given, now)))
    found = watch(service, clock, TOLD)
    for after in (1300, 5000):
        told(service, found, clock, id, after)
    assert [count for count in stored if count] == [2]


def test_queue_is_not_told_without_earlier_jobs_or_when_turned_off(service: Service) -> None:
    clock = FakeClock()
    id = queue(service, (10, 10))
    assert told(service, watch(service, clock, TOLD), clock, id, 90_000) == []
    id = queue(service, (10, 10))
    for settings in (Settings(), TOLD._replace(alarms_off=frozenset({"queued_long"}))):
        assert told(service, watch(service, clock, settings), clock, id, 90_000) == []
    assert told(service, watch(service, clock, TOLD), clock, id, 90_000) == ["alarm.queued_long"]
