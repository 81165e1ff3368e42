"""Numbers of the list: unread logs, kinds of losses, alarms, and what is told below the list."""

import pytest

from fttui.config.schema import Settings
from fttui.learning.alarms import Alarm, Report
from fttui.learning.finding import Finding
from fttui.learning.kinds import Kind
from fttui.learning.run import run_of
from fttui.ui.preferences import Preferences
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import cockpit

pytestmark = pytest.mark.painted


def store(*statuses: str) -> FakeStore:
    return FakeStore().put(*(job(number, status) for number, status in enumerate(statuses)))


async def test_unread_logs_are_counted_and_their_numbers_are_an_ellipsis() -> None:
    fake = store("running", "succeeded", "failed")
    fake.unread = {"ftjob-00000001", "ftjob-00000002"}
    async with cockpit(fake) as ui:
        ui.tick()
        await ui.pilot.pause()
        assert fake.needed == ("ftjob-00000000", "ftjob-00000001", "ftjob-00000002"), "the jobs on the screen"
        assert ui.screen[4].split()[4:7] == ["…", "…", "…"], "step, loss and best"
        assert any("newest first · reading 2 logs" in line for line in ui.screen)
        fake.unread = {"ftjob-00000002"}
        ui.tick()
        await ui.pilot.pause()
        assert ui.screen[4].split()[4:7] == ["-", "-", "-"]
        assert any("reading 1 log " in line for line in ui.screen)
        await ui.press("R")
        ui.tick()
        assert any("1 log not read" in line for line in ui.screen)


async def test_jobs_of_another_service_are_not_asked_of_the_store_before() -> None:
    fake = store("running", "succeeded")
    fake.unread = {"ftjob-00000001"}
    async with cockpit(fake) as ui:
        assert ui.screen[4].split()[4:6] == ["…", "…"]
        ui.main.move_to(ui.main.model.service, fake.snapshot)
        await ui.pilot.pause()
        assert ui.screen[4].split()[4:6] == ["-", "-"]


async def test_order_and_filter_by_a_loss_need_the_logs_of_all_jobs() -> None:
    fake = store("running", "succeeded")
    fake.unread = {"ftjob-00000001"}
    async with cockpit(fake) as ui:
        await ui.press("colon", *"columns id", "enter")
        ui.tick()
        assert fake.needed == (), "no number is shown"
        await ui.press("colon", *"sort best", "enter")
        assert fake.needed is None
        assert any("best ↑ within noise · reading 1 log" in line for line in ui.screen)
        await ui.press("u")
        assert fake.needed == ()
        await ui.press("slash", *"loss<3", "enter")
        assert fake.needed is None
        assert any("reading 1 log" in line for line in ui.screen), "the job is not in the list"


async def test_heading_and_mark_tell_the_kind_of_each_loss() -> None:
    fake = store("running", "running")
    fake.runs = {"ftjob-00000001": run_of([(step, {"train_loss": 2.0 - step / 10}, None) for step in range(1, 9)])}
    async with cockpit(fake) as ui:
        assert "LOSS" in ui.screen[2]
        assert "9.000 " in ui.screen[3]
        assert "t " in ui.screen[4]


async def test_heading_names_one_kind_again_after_the_first_validation() -> None:
    fake = store("running")
    fake.runs = {"ftjob-00000000": run_of([(1, {"train_loss": 2.0}, None)])}
    async with cockpit(fake) as ui:
        assert "TRAIN" in ui.screen[2]
        fake.runs = {"ftjob-00000000": run_of([(1, {"train_loss": 2.0}, None), (2, {"valid_loss": 1.5}, None)])}
        fake.publish()
        await ui.pilot.pause()
        assert "VALID" in ui.screen[2]
        assert "t " not in ui.screen[3]


async def test_alarms_are_marked_and_counted_unless_turned_off() -> None:
    fake = store("running", "succeeded")
    fake.reports = {"ftjob-00000000": Report([Alarm(Kind.OVERFITTING, Finding("Overfitting.", "overfitting"))])}
    async with cockpit(fake) as ui:
        assert ui.screen[3].split()[:3] == [">▸", "run", "!"]
        assert "!1" in ui.status
    async with cockpit(fake, preferences=Preferences(Settings(alarms={"overfitting": False}))) as ui:
        assert ui.screen[3].split()[:3] == [">▸", "run", "run-0"]
        assert "!1" not in ui.status


async def test_values_that_all_jobs_share_are_told_below_the_list() -> None:
    async with cockpit(store("running", "succeeded"), size=(180, 45)) as ui:
        assert "MODEL" not in ui.screen[2]
        assert any("newest first · all gpt-4o-mini-2024-07-18, supervised, free" in line for line in ui.screen)
        await ui.press("colon", *"columns id,model", "enter")
        assert "MODEL" in ui.screen[2], "the user has named the column"
