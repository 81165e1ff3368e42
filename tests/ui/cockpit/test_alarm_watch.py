"""Alarms of the jobs in the cockpit."""

from fttui.config.schema import Settings
from fttui.learning.alarms import Alarm, Kind, Report
from fttui.learning.finding import Finding
from fttui.models.row import JobRow
from fttui.ui.cockpit.alarm_watch import CHECK_EVERY, AlarmWatch, alarm_note
from fttui.ui.preferences import Preferences
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import cockpit

ID = "ftjob-00000001"
STALLED = Report([Alarm(Kind.STALLED, Finding("Stalled: no event for 6 min.", "no event for 6 min", 5.0))])
OVERFITTING = Report(
    [
        Alarm(
            Kind.OVERFITTING,
            Finding("Overfitting: validation rose.", "overfitting since step 360", 7.0, {"checkpoint_step": 360}),
        )
    ]
)


def row(id: str = ID, status: str = "running", alarms: str = "") -> JobRow:
    return JobRow(id, status, suffix="ten-epochs", alarms=alarms)


def test_new_alarm_of_a_watched_job_is_told_once() -> None:
    watch = AlarmWatch()
    assert watch.raised([row()], {ID}) == []
    assert watch.raised([row(alarms="overfitting")], {ID}) == [row(alarms="overfitting")]
    assert watch.raised([row(alarms="overfitting")], {ID}) == []
    more = row(alarms="diverging,overfitting")
    assert watch.raised([more], {ID}) == [more]


def test_alarm_of_other_jobs_and_kinds_that_are_off_are_not_told() -> None:
    assert AlarmWatch().raised([row(alarms="overfitting")], set()) == []
    assert AlarmWatch().raised([row(status="succeeded", alarms="overfitting")], {ID}) == []
    assert AlarmWatch(frozenset({"overfitting"})).raised([row(alarms="overfitting")], {ID}) == []


def test_clock_checks_all_jobs_once_in_the_interval() -> None:
    watch = AlarmWatch()
    assert [watch.is_due(now) for now in (100.0, 99.0 + CHECK_EVERY, 100.0 + CHECK_EVERY)] == [True, False, True]
    assert watch.take({ID: "stalled"}) == {ID}
    assert watch.take({ID: "stalled"}) == frozenset()
    assert watch.take({}) == {ID}


async def test_alarm_of_the_clock_is_marked_sorted_and_kept_apart_from_the_selected_job() -> None:
    store = FakeStore().put(*map(job, range(1, 101)))
    async with cockpit(store, size=(120, 40)) as ui:
        store.reports = {"ftjob-00000070": STALLED}
        ui.clock.advance(CHECK_EVERY)
        ui.tick()
        await ui.until(lambda: ui.main.model.alarm_watch.by_clock)
        await ui.press("colon", *"sort alarm", "enter")
        assert ui.shown[0] == "ftjob-00000070"
        assert " ! " in next(line for line in ui.screen if "..00000070" in line)


def test_note_names_the_best_checkpoint() -> None:
    assert alarm_note(row(), OVERFITTING.alarms[0]) == "ten-epochs is overfitting (best checkpoint: step 360)"
    assert alarm_note(row(), STALLED.alarms[0]) == "ten-epochs: no event for 6 min"


async def test_alarm_of_a_watched_job_is_notified_once_and_listed_with_the_errors() -> None:
    store = FakeStore().put(job(1, user_provided_suffix="ten-epochs"))
    async with cockpit(store, preferences=Preferences(Settings(notify="osc9"))) as ui:
        written: list[str] = []
        assert ui.app._driver is not None
        ui.app._driver.write = written.append  # type: ignore[method-assign]
        await ui.press("colon", *"watch", "enter")
        ui.app.app_focus = False
        store.reports = {ID: OVERFITTING}
        await ui.publish()
        await ui.publish()
        assert written == ["\x1b]9;ten-epochs is overfitting (best checkpoint: step 360)\x07"]
        await ui.press("exclamation_mark")
        assert any("ten-epochs: Overfitting: validation rose." in line for line in ui.screen)


async def test_stalled_job_is_found_while_nothing_arrives() -> None:
    store = FakeStore().put(job(1, user_provided_suffix="ten-epochs"))
    async with cockpit(store) as ui:
        await ui.press("colon", *"watch", "enter")
        store.reports = {ID: STALLED}
        ui.clock.advance(CHECK_EVERY)
        ui.tick()
        await ui.until(lambda: "ten-epochs" in ui.prompt)
        assert ui.main.model.rows()[ID].alarms == "stalled"
