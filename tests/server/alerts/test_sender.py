"""Alerts of jobs: stored once, delivered once, tried again, caught up by the next service."""

import pytest

from fttui.server.alerts import sender
from fttui.server.alerts.sender import AlertSender
from fttui.server.idle import ALERT_SECONDS, IdleTimer
from fttui.server.jobs.stop_rules import StopRules
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.service import Service, open_service
from fttui.server.settings import COMMAND, WEBHOOK, Settings
from fttui.server.storage.alert_table import Alert, NewAlert
from fttui.server.storage.records import JobRecord
from tests.server.conftest import FAKE, add_job, run_until, until
from tests.server.jobs.test_stop_rules import job_of, overfitting, point, running
from tests.support.clock import FakeClock

BOTH = Settings(notify_command=("notify",), webhook="https://host/secret")


class Deliveries:
    """Records deliveries. The reasons of failures are taken from `failures` in turn."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.tried: list[tuple[str, str]] = []
        self.done: list[tuple[str, str]] = []

    def __call__(self, alert: Alert, settings: Settings) -> str:
        self.tried.append((alert.channel, alert.event))
        if self.failures and (reason := self.failures.pop(0)):
            return reason
        self.done.append((alert.channel, alert.event))
        return ""


def set_up(service: Service, settings: Settings = BOTH) -> None:
    """Let the service have alerts."""
    service.catalog._settings = settings


def sender_of(service: Service, clock: FakeClock, deliveries: Deliveries, settings: Settings = BOTH) -> AlertSender:
    return AlertSender(service.database, lambda: settings, clock, deliveries)


def stored(service: Service, clock: FakeClock, *events: str, channels: tuple[str, ...] = (WEBHOOK,)) -> JobRecord:
    job = job_of(service, add_job(service))
    service.database.alerts.add([(job, NewAlert(event, "Text.", channels)) for event in events], int(clock.now()))
    return job


def test_the_end_of_a_job_is_told_once_by_each_channel(service: Service) -> None:
    set_up(service)
    clock, deliveries = FakeClock(), Deliveries()
    id = add_job(service, "overfits now", metadata={"fttui.stop_on": "overfitting"})
    run_until(service, id, "succeeded")
    until(lambda: not service.runner.tick())
    job = job_of(service, id)
    (found, other) = service.database.alerts.due(service.now())
    assert found.id == other.id
    assert found.message.startswith(f"overfits now (..{id[-8:]}) succeeded: its model is {job.fine_tuned_model}.")
    assert "overfitting" in found.message
    assert found.job["status"] == "succeeded"
    clock.suspended = service.now() - clock.now() + 1
    for _ in range(2):
        sender_of(service, clock, deliveries).tick()
    assert deliveries.done == [(COMMAND, "job.succeeded"), (WEBHOOK, "job.succeeded")]


def test_alert_repeated_after_a_kill_has_the_same_id_and_the_next_attempt(service: Service) -> None:
    clock, sent = FakeClock(), list[Alert]()
    stored(service, clock, "job.failed")

    def killed(alert: Alert, _: Settings) -> str:
        sent.append(alert)
        raise KeyboardInterrupt  # after the webhook has answered, before that is recorded

    with pytest.raises(KeyboardInterrupt):
        AlertSender(service.database, lambda: BOTH, clock, killed).tick()
    AlertSender(service.database, lambda: BOTH, clock, lambda alert, _: sent.append(alert) or "").tick()
    assert [(alert.id, alert.attempts) for alert in sent] == [(sent[0].id, 0), (sent[0].id, 1)]
    assert service.database.alerts.due(int(clock.now())) == []


def test_a_failed_and_a_cancelled_job_are_told(service: Service) -> None:
    set_up(service)
    failed, cancelled = add_job(service, "error"), add_job(service)
    service.runner.cancel(cancelled)
    run_until(service, failed, "failed")
    until(lambda: not service.runner.tick())
    told = {alert.event: alert.message for alert in service.database.alerts.due(service.now())}
    assert told == {
        "job.failed": f"error (..{failed[-8:]}) failed: The machine is too hot.[31m",
        "job.cancelled": f"plain (..{cancelled[-8:]}) was cancelled.",
    }


def test_a_job_that_ended_long_ago_is_not_told(service: Service) -> None:
    from fttui.server.jobs.job_alerts import TOLD_WITHIN, end_alert

    job = job_of(service, add_job(service))._replace(status="failed", finished_at=1000)
    assert end_alert(job, BOTH, 1000 + TOLD_WITHIN) is not None
    assert end_alert(job, BOTH, 1001 + TOLD_WITHIN) is None


def test_nothing_is_stored_without_a_channel(service: Service) -> None:
    id = add_job(service)
    run_until(service, id, "succeeded")
    until(lambda: not service.runner.tick())
    set_up(service)
    until(lambda: not service.runner.tick())
    assert service.database.alerts.due(service.now()) == []


def test_an_alarm_is_told_once_also_by_the_next_service(service: Service) -> None:
    from fttui.server.jobs.job_alerts import alarm_alert, told_kinds

    job, reports = running(service, ""), list(overfitting(200))
    for start in range(0, len(reports), 20):
        rules = StopRules(service.database)  # each piece is read by another service
        verdict = rules.apply(job, reports[start : start + 20], job.offset + 9, told_kinds(BOTH))
        assert (verdict.best, verdict.stop) == (None, None)
        alerts = [alarm_alert(job, alarm, BOTH) for alarm in verdict.alarms]
        service.database.jobs.store_reports(job, reports[start : start + 20], job.offset + 9, None, 100, alerts=alerts)
        job = job_of(service, job.id)
    told = service.database.alerts.due(100)
    assert [(alert.channel, alert.event) for alert in told] == [
        (COMMAND, "alarm.overfitting"),
        (WEBHOOK, "alarm.overfitting"),
    ]
    assert told[0].message.startswith(f"plain (..{job.id[-8:]}): Overfitting: validation rose from 1.00 (step 60) to")


def test_kinds_that_are_turned_off_are_not_told(service: Service) -> None:
    from fttui.server.jobs.job_alerts import told_kinds

    assert told_kinds(Settings()) == ()
    off = BOTH._replace(alarms_off=frozenset({"overfitting", "plateau"}))
    assert told_kinds(off) == ("non_finite", "diverging", "stalled")


def test_a_silent_trainer_is_told_once(service: Service) -> None:
    from fttui.server.jobs.job_alerts import told_kinds

    job, rules, told = running(service, ""), StopRules(service.database), told_kinds(BOTH)
    for step in range(1, 20):
        rules.apply(job, [point(step, 2.0)], job.offset, told, now=1000.0 + step)
    silences = [30.0, 170.0, 200.0, 400.0]
    found = [rules.stall(job, silence, 1019.0 + silence, told) for silence in silences]
    assert [alarm and alarm.message for alarm in found] == [
        None,
        None,
        "Stalled: no event for 3 min; this job usually reports every 1 s.",
        None,
    ]
    assert rules.stall(job, 900.0, 1919.0, told_kinds(Settings())) is None


def test_a_failed_delivery_is_tried_again_after_growing_pauses(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    clock, deliveries = FakeClock(), Deliveries("no", "no", "no")
    stored(service, clock, "job.failed")
    tries = []
    for second in range(60):
        before = len(deliveries.tried)
        sender_of(service, clock, deliveries).tick()  # a restart does not matter
        tries += [second] * (len(deliveries.tried) - before)
        clock.advance(1)
    assert tries == [0, 5, 15, 35]
    assert deliveries.done == [(WEBHOOK, "job.failed")]
    assert "secret" not in caplog.text


def test_after_a_failure_the_other_alerts_of_the_channel_wait(service: Service) -> None:
    clock, deliveries = FakeClock(), Deliveries("", "", "no")
    stored(service, clock, "alarm.plateau", "job.failed", channels=(COMMAND, WEBHOOK))
    sender_of(service, clock, deliveries).tick()
    assert deliveries.done == [(COMMAND, "alarm.plateau"), (COMMAND, "job.failed")]
    assert deliveries.tried == [*deliveries.done, (WEBHOOK, "alarm.plateau")]
    sender_of(service, clock, deliveries).tick()
    assert deliveries.done[2:] == [(WEBHOOK, "job.failed")]


def test_an_alert_is_given_up_after_a_day_and_without_its_channel(service: Service) -> None:
    clock, deliveries = FakeClock(), Deliveries()
    stored(service, clock, "job.failed")
    sender_of(service, clock, deliveries, Settings()).tick()
    stored(service, clock, "job.failed")
    clock.advance(sender.GIVE_UP_AFTER + 1)
    sender_of(service, clock, deliveries).tick()
    sender_of(service, clock, deliveries).tick()
    assert deliveries.tried == []
    assert service.database.alerts.due(int(clock.now())) == []


def test_a_service_killed_between_delivery_and_record_repeats_the_alert(service: Service) -> None:
    clock, told = FakeClock(), list[str]()
    stored(service, clock, "job.failed")

    def deliver(alert: Alert, settings: Settings) -> str:
        told.append(alert.id)
        if len(told) == 1:
            raise KeyboardInterrupt  # the process is killed
        return ""

    with pytest.raises(KeyboardInterrupt):
        AlertSender(service.database, lambda: BOTH, clock, deliver).tick()
    AlertSender(service.database, lambda: BOTH, clock, deliver).tick()
    AlertSender(service.database, lambda: BOTH, clock, deliver).tick()
    assert len(told) == 2
    assert len(set(told)) == 1


def test_a_service_killed_between_the_end_and_its_alert_tells_it_later(service: Service, home: str) -> None:
    set_up(service)
    id = add_job(service)
    run_until(service, id, "succeeded")  # the alert is stored by the next look
    assert service.database.alerts.due(service.now()) == []
    successor = open_service(home, catalog=Catalog([FAKE]))
    set_up(successor)
    until(lambda: not successor.runner.tick())
    assert {alert.event for alert in successor.database.alerts.due(successor.now())} == {"job.succeeded"}
    successor.runner.close(save=True)
    successor.database.close()


def test_alerts_of_a_deleted_job_are_dropped(service: Service) -> None:
    set_up(service)
    id = add_job(service)
    service.runner.cancel(id)
    until(lambda: not service.runner.tick())
    assert service.database.alerts.due(service.now())
    assert service.runner.delete(id) == ""
    assert service.database.alerts.due(service.now()) == []


def test_a_waiting_alert_keeps_the_service_for_a_while(service: Service) -> None:
    clock = FakeClock()
    timer = IdleTimer(service.database, clock, limit=0)
    job = stored(service, clock, "job.failed")
    service.database.jobs.move(job, "paused", [], 100)
    assert not timer.is_idle()
    clock.advance(ALERT_SECONDS + 1)
    assert timer.is_idle()


def test_a_hanging_delivery_does_not_delay_the_end_of_the_service(service: Service) -> None:
    import threading
    import time

    ends, clock = threading.Event(), FakeClock()
    stored(service, clock, "job.failed")
    hanging = AlertSender(service.database, lambda: BOTH, clock, lambda alert, settings: str(ends.wait(60)))
    hanging.start()
    began = time.monotonic()
    hanging.close()
    assert time.monotonic() - began < sender.CLOSE_SECONDS + 5
    ends.set()


def test_settings_that_cannot_be_read_do_not_end_the_sender(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "INTERVAL", 0.0)
    monkeypatch.setattr(sender, "IDLE_INTERVAL", 0.0)
    clock, deliveries, faults = FakeClock(), Deliveries(), [False, True]

    def settings() -> Settings:
        if faults and faults.pop(0):
            raise OSError("Input/output error")
        return BOTH

    sending = AlertSender(service.database, settings, clock, deliveries)
    sending.start()
    until(lambda: not faults)
    stored(service, clock, "job.failed")
    until(lambda: deliveries.done)
    sending.close()
    assert deliveries.done == [(WEBHOOK, "job.failed")]
