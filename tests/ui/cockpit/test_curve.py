"""Curve pane in the cockpit: when it is drawn, its texts, its keys and its remembered settings."""

import asyncio
from typing import Any

import pytest
from textual.widget import Widget

from fttui.config.schema import Settings
from fttui.learning.run import Run, run_of
from fttui.models.job import Job
from fttui.ui.cockpit.curve_drawing import REST, no_points
from fttui.ui.cockpit.saved_view import SavedView
from fttui.ui.cockpit.slow_link import EVERY
from fttui.ui.preferences import Preferences
from fttui.ui.render.chart import draw as drawing
from fttui.ui.render.chart.view import Curves, View
from fttui.ui.render.glyphs import ASCII
from tests.support.clock import FakeClock
from tests.support.fake_store import FakeStore, event, job
from tests.support.simulated_runs import real_run, until
from tests.support.ui_fakes import Ui, cockpit

ID = "ftjob-00000001"


def store(*, step: int = 640, jobs: int = 4) -> FakeStore:
    found = FakeStore().put(*map(job, range(1, jobs + 1)))
    whole = real_run("overfit")
    found.runs = {f"ftjob-{number:08d}": until(whole, step - number) for number in range(1, jobs + 1)}
    return found


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the drawn runs, one for each drawing."""
    names: list[str] = []
    whole = drawing.draw

    def draw(runs: list[Curves], view: View) -> Any:
        names.append(runs[0].name)
        return whole(runs, view)

    monkeypatch.setattr(drawing, "draw", draw)
    return names


async def test_curve_follows_the_cursor_once_it_has_rested(drawn: list[str]) -> None:
    clock = FakeClock()
    async with cockpit(store(), size=(120, 40), clock=clock) as ui:
        assert "run-1 · loss" in ui.title("curve")
        ui.type("down", "down", "down")
        await ui.pilot.pause()
        await clock.run(REST * 0.9)
        assert "ftjob-00000004" in ui.detail
        assert "run-1 · loss" in ui.title("curve"), "the old curve and its name"
        await ui.press("k")
        await clock.run(REST * 0.9)
        assert set(drawn) == {"run-1"}
        await clock.run(REST * 0.2)
        await ui.pilot.pause()
        assert "run-3 · loss" in ui.title("curve")
        assert drawn.count("run-3") == 1
        assert "run-4" not in drawn


async def grow(ui: Ui, found: FakeStore, step: int) -> None:
    """Publish one more step of the selected job, with its event."""
    found.runs[ID] = until(real_run("overfit"), step)
    found.log[ID] = [*found.log.get(ID, []), event(step, f"Step {step} is done")]
    await ui.publish()


@pytest.mark.parametrize(("link", "drawings"), [("slow", 3), ("fast", 11)])
async def test_slow_link_draws_curve_and_log_once_in_five_seconds(drawn: list[str], link: str, drawings: int) -> None:
    clock, found = FakeClock(), store()
    found.log = {ID: [event(1, "Step 1 is done")]}
    logs: list[int] = []
    async with cockpit(found, size=(120, 40), clock=clock, preferences=Preferences(Settings(link=link))) as ui:
        drawn.clear()
        for step in range(641, 652):
            await grow(ui, found, step)
            await clock.run(0.95)
            logs.append(len(ui.log))
        assert len(drawn) == drawings
        assert len(set(logs)) == drawings
        await clock.run(EVERY)
        await ui.pilot.pause()
        assert "Step 651" in ui.log[-1], "the newest state is drawn in the end"
        before = len(drawn)
        await ui.press("i")
        assert len(drawn) == before + 1, "a key does not wait"


@pytest.mark.parametrize(("link", "drawings"), [("slow", 2), ("fast", 5)])
async def test_slow_link_draws_the_big_curve_once_in_five_seconds(link: str, drawings: int) -> None:
    clock, found = FakeClock(), store()
    shown: list[str] = []
    async with cockpit(found, clock=clock, preferences=Preferences(Settings(link=link))) as ui:
        await ui.press("b")
        for step in range(641, 646):
            await grow(ui, found, step)
            shown += [line for line in ui.screen if line.startswith(f" step {step}  epoch")]
            await clock.run(0.9)
        await clock.run(1.0)
        await ui.pilot.pause()
        shown += [line for line in ui.screen if line.startswith(" step 645  epoch")]
        assert len(set(shown)) == drawings


@pytest.mark.painted
async def test_unchanged_poll_draws_no_curve_and_a_new_point_few_lines(
    drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = store()
    async with cockpit(found, size=(120, 40)) as ui:
        found.log = {ID: []}
        await ui.publish()
        drawn.clear()
        lines: list[object] = []
        refresh = Widget.refresh

        def spy(self: Widget, *regions: object, **how: object) -> Widget:
            if self.id == "curve":
                lines.extend(regions or ["all"])
            return refresh(self, *regions, **how)  # type: ignore[arg-type]

        monkeypatch.setattr(Widget, "refresh", spy)
        await ui.publish()
        assert (drawn, lines) == ([], [])
        found.runs[ID] = until(real_run("overfit"), 641)
        await ui.publish()
        assert drawn == ["run-1"]
        assert 0 < len(lines) <= 6
        assert "all" not in lines


async def test_curve_of_an_archived_job_is_drawn_when_the_store_comes_and_nothing_else_changes() -> None:
    found, connects = store(), asyncio.Event()
    found.publish()
    async with cockpit(found, size=(80, 24), kept=found.snapshot, connects=connects) as ui:
        assert "Connecting…" in "\n".join(ui.screen)
        connects.set()
        await ui.pilot.pause()
        assert "Connecting…" not in "\n".join(ui.screen)
        assert "run-1 · loss" in ui.title("curve")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_curve_is_on_the_first_screen_at_every_size(size: tuple[int, int]) -> None:
    async with cockpit(store(), size=size, glyphs=ASCII) as ui:
        text = "\n".join(ui.screen)
        assert "-- Curve -" in text
        assert "+^5.70" in text
        assert text.isascii()


@pytest.mark.parametrize(
    ("status", "members", "events", "text"),
    [
        ("running", {}, None, "No metrics yet."),
        ("queued", {}, None, "The curve starts with the first step."),
        ("validating_files", {}, None, "The curve starts with the first step."),
        ("succeeded", {}, None, "No metrics yet."),
        ("succeeded", {}, [], "The provider no longer has this job's metrics."),
        ("failed", {}, [event(1, "Line 3 is not JSON")], "This job has no metrics."),
    ],
)
def test_sentence_of_a_job_without_points(status: str, members: Any, events: Any, text: str) -> None:
    found = FakeStore().put(job(1, status, **members))
    found.log = {} if events is None else {ID: events}
    assert no_points(found, Job.read(found.raw[ID]).row()) == text
    assert no_points(found, Job.read(found.raw[ID]).row()._replace(gone=True)) in (
        "The provider no longer has this job's metrics.",
        "The curve starts with the first step.",
    )


async def test_job_without_validation_says_that_the_curve_is_training_loss() -> None:
    found = FakeStore().put(job(1), job(2, validation_file="file-valid"), job(3))
    train = run_of([(step, {"train_loss": 2.0}, None) for step in range(1, 30)])
    found.runs = {ID: train, "ftjob-00000002": train, "ftjob-00000003": Run()}
    async with cockpit(found) as ui:
        assert ui.screen[-3].strip() == "No validation file: the curve shows training loss only."
        await ui.press("j")
        assert ui.screen[-3].strip().startswith("0")
        await ui.press("j")
        assert ui.screen[7].strip() == "No metrics yet."


async def test_run_whose_files_are_unknown_says_that_it_has_no_validation_loss() -> None:
    found = FakeStore().put(job(1, training_file=None))
    found.runs = {ID: run_of([(step, {"train_loss": 2.0}, None) for step in range(1, 30)])}
    async with cockpit(found) as ui:
        assert ui.screen[-3].strip() == "No validation loss: the curve shows training loss only."


async def test_settings_are_shown_undone_and_remembered() -> None:
    async with cockpit(store(), size=(200, 60)) as ui:
        await ui.press("i", "I", "m", "X")
        assert "log axis · whole range · smoothing 0.6 · by epoch" in ui.title("curve")
        saved = ui.app.remembered
        assert (saved.curve_log, saved.curve_whole, saved.curve_smoothing, saved.curve_axis) == (
            True,
            True,
            "0.6",
            "epoch",
        )
        await ui.press("u", "u")
        assert "log axis · whole range ─" in ui.title("curve")
    async with cockpit(store(), size=(200, 60), remembered=saved) as ui:
        assert "log axis · whole range · smoothing 0.6 · by epoch" in ui.title("curve")


async def test_metric_keys_turn_the_groups_and_a_job_without_one_shows_its_loss() -> None:
    found = store(jobs=2)
    found.runs["ftjob-00000002"] = run_of([(step, {"train_loss": 2.0}, None) for step in range(1, 30)])
    async with cockpit(found, size=(120, 40)) as ui:
        await ui.press(".")
        assert "run-1 · mean token accuracy" in ui.title("curve")
        await ui.press("j")
        assert "run-2 · loss" in ui.title("curve")
        await ui.press(".")
        assert ui.prompt == "There are no other metrics."
        await ui.press("k", ",")
        assert "run-1 · loss" in ui.title("curve")


async def test_row_of_a_sweep_shows_its_runs_on_one_chart_the_best_on_top() -> None:
    mark = {"fttui.sweep": "a1b2c3d4 lr"}
    found = FakeStore().put(*(job(number, metadata=mark, user_provided_suffix=f"lr-{number}") for number in (1, 2, 3)))
    whole = real_run("overfit")
    found.runs = {f"ftjob-{number:08d}": until(whole, step) for number, step in ((1, 100), (2, 400))}
    found.runs["ftjob-00000003"] = Run()
    async with cockpit(found, size=(120, 40)) as ui:
        await ui.press("g")
        assert "sweep lr · validation loss" in ui.title("curve")
        text = "\n".join(ui.screen)
        assert "1 lr-2 " in text
        assert "2 lr-1 " in text
        await ui.press("j")
        assert "lr-1 · loss" in ui.title("curve")


async def test_cursor_on_a_job_with_less_to_show_moves_no_pane() -> None:
    found = store(jobs=3)
    found.saved = {ID: [{"id": f"c-{step}", "step_number": step, "metrics": {}} for step in range(90, 640, 90)]}
    async with cockpit(found, size=(200, 60)) as ui:
        places = ui.main.panes.places
        for key in ("j", "j", "k"):
            await ui.press(key)
            assert ui.main.panes.places == places


async def test_slow_link_draws_no_single_values(monkeypatch: pytest.MonkeyPatch) -> None:
    views: list[View] = []
    whole = drawing.draw
    monkeypatch.setattr(drawing, "draw", lambda runs, view: views.append(view) or whole(runs, view))
    async with cockpit(store()):
        assert {view.raw for view in views} == {True}
        views.clear()
    async with cockpit(store(), preferences=Preferences(Settings(link="slow", hints=False))):
        assert {view.raw for view in views} == {False}


async def test_long_name_leaves_room_for_the_metric() -> None:
    found = FakeStore().put(job(1, user_provided_suffix="s" * 200))
    async with cockpit(found, size=(120, 40)) as ui:
        assert ui.title("curve").endswith(f"─ {'s' * 23}… · loss ─")


async def test_keys_of_the_curve_bring_it_into_view() -> None:
    async with cockpit(store(), remembered=SavedView(tab="log")) as ui:
        assert "follow" in ui.title()
        await ui.press("m")
        assert (ui.main.panes.tab, ui.pane) == ("curve", "jobs")
        assert "smoothing 0.6" in ui.title()
