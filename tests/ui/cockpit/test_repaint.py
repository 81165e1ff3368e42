"""Number of repaints: each painted region costs bytes, which are slow over SSH."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from fttui.models.row import EventRow, JobRow
from fttui.ui.cockpit import presenter
from fttui.ui.panes import job_lines
from fttui.ui.render.rows import Line
from fttui.ui.terminal.cell_diff import CellDiff
from fttui.ui.widgets.line_view import LineView, TextRow
from tests.support.curve_bytes import changed_bytes
from tests.support.fake_store import NOW, FakeStore, event, job, measured
from tests.support.ui_fakes import cockpit
from tests.ui.cockpit.test_checkpoints import checkpoint

pytestmark = pytest.mark.painted

ID = "ftjob-00000001"
Render = Callable[[Widget, Region], list[Strip]]


@pytest.fixture
def refreshed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the widgets that requested a repaint, in order, once for each line of a region."""
    seen: list[str] = []
    refresh = Widget.refresh

    def spy(self: Widget, *regions: Region, **how: bool) -> Widget:
        seen.extend([self.id or type(self).__name__] * max(1, sum(region.height for region in regions)))
        return refresh(self, *regions, **how)

    monkeypatch.setattr(Widget, "refresh", spy)
    return seen


def busy() -> FakeStore:
    store = FakeStore().put(*(job(number) for number in range(1, 30)))
    store.log = {ID: [event(number, f"event {number}") for number in range(50)]}
    return store


async def test_unchanged_poll_paints_nothing(refreshed: list[str]) -> None:
    async with cockpit(busy()) as ui:
        ui.store.log.clear()
        await ui.publish()
        refreshed.clear()
        await ui.publish(as_of=NOW)
        assert refreshed == []


async def test_changed_age_paints_the_status_row_only(refreshed: list[str]) -> None:
    async with cockpit(busy()) as ui:
        ui.store.log.clear()
        await ui.publish()
        refreshed.clear()
        ui.clock.advance(20)
        await ui.publish(as_of=NOW)
        assert set(refreshed) == {"status"}


async def test_changed_row_paints_its_line_only(refreshed: list[str]) -> None:
    async with cockpit(busy(), size=(120, 40)) as ui:
        refreshed.clear()
        ui.store.raw["ftjob-00000005"] = job(5, "failed")
        await ui.publish()
        assert refreshed.count("jobs") == 1
        assert "detail" not in refreshed
        assert "log" not in refreshed


async def test_cursor_move_paints_two_lines_of_the_list(refreshed: list[str]) -> None:
    async with cockpit(busy(), size=(120, 40)) as ui:
        refreshed.clear()
        await ui.press("j")
        assert refreshed.count("jobs") == 2
        assert "status" not in refreshed


async def test_cursor_move_renders_the_widgets_that_changed_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async with cockpit(busy(), size=(120, 40)) as ui:
        await ui.press("j")  # the log becomes empty
        rendered: list[str | None] = []
        owners: tuple[Any, ...] = (Widget, LineView, TextRow)
        for owner in owners:
            monkeypatch.setattr(owner, "render_lines", recorded(owner.render_lines, rendered))
        await ui.press("j")
        assert set(rendered) == {"jobs", "detail", "detail-title", "curve-title"}


def recorded(render: Render, seen: list[str | None]) -> Render:
    """Return a function that renders a widget and notes its id."""

    def spy(self: Widget, crop: Region) -> list[Strip]:
        seen.append(self.id)
        return render(self, crop)

    return spy


async def test_hidden_pane_asks_for_no_frame_and_is_current_when_it_appears(refreshed: list[str]) -> None:
    store = busy()
    store.saved = {ID: [checkpoint(90, 1.868)]}
    async with cockpit(store, size=(80, 24)) as ui:

        async def go(pane: str) -> str:
            ui.main.controllers.layout.go(pane)
            await ui.pilot.pause()
            return "\n".join(ui.screen)

        assert "1.868" in await go("checkpoints")
        await go("log")
        await go("jobs")
        refreshed.clear()
        await ui.press("j")
        assert "detail" not in refreshed
        assert "checkpoints" not in refreshed
        assert "log" in refreshed
        found = await go("checkpoints")
        assert "1.868" not in found
        assert "No checkpoints" in found


async def test_burst_of_keys_draws_the_panes_of_the_last_job_only(monkeypatch: pytest.MonkeyPatch) -> None:
    async with cockpit(busy(), size=(120, 40)) as ui:
        looked: list[str | None] = []
        monkeypatch.setattr(ui.store, "look_at", looked.append)
        ui.type(*["down"] * 20)
        await ui.pilot.pause()
        assert looked == ["ftjob-00000021"]
        assert "ftjob-00000021" in ui.detail


async def test_key_typed_after_a_move_acts_on_the_new_job() -> None:
    async with cockpit(busy(), size=(120, 40)) as ui:
        ui.type("down", "J")
        await ui.pilot.pause()
        assert '"id": "ftjob-00000002"' in ui.detail


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the spied functions that were called, in order."""
    seen: list[str] = []

    def watch(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def spy(*given: object, **named: object) -> object:
            seen.append(name)
            return real(*given, **named)

        monkeypatch.setattr(owner, name, spy)

    for name in ("points", "events", "checkpoints"):
        watch(FakeStore, name)
    watch(job_lines, "row_line")
    watch(presenter, "counts_line")
    return seen


async def test_tick_without_a_visible_change_queries_and_draws_nothing(called: list[str], refreshed: list[str]) -> None:
    async with cockpit(busy(), size=(120, 40)) as ui:
        assert set(called) == {"points", "events", "checkpoints", "row_line", "counts_line"}
        while refreshed:  # the first layout may refresh a scroll bar late
            refreshed.clear()
            await ui.pilot.pause()
        called.clear()
        ui.tick()
        await ui.pilot.pause()
        assert (called, refreshed) == ([], [])


async def test_tick_draws_the_lines_whose_age_changed(refreshed: list[str]) -> None:
    store = FakeStore().put(job(1, "succeeded"), job(2, "succeeded", created_at=NOW - 5 * 3600))
    async with cockpit(store, size=(120, 40)) as ui:
        refreshed.clear()
        ui.clock.advance(60)
        ui.tick()
        await ui.pilot.pause()
        assert refreshed.count("jobs") == 1
        assert "3m" in ui.screen[3]


async def test_tick_draws_the_age_of_a_line_that_the_cursor_left(refreshed: list[str]) -> None:
    store = FakeStore().put(job(1, "succeeded"), job(2, "succeeded", created_at=NOW - 5 * 3600))
    async with cockpit(store, size=(120, 40)) as ui:
        ui.clock.advance(60)
        await ui.press("j")
        ui.tick()
        await ui.press("k")
        assert "3m" in ui.screen[3]


async def test_cursor_move_builds_the_line_under_the_cursor_only(called: list[str]) -> None:
    async with cockpit(busy(), size=(120, 40)) as ui:
        await ui.press("j", "j")
        called.clear()
        await ui.press("k")
        assert called.count("row_line") == 0
        await ui.press("j", "j")
        assert called.count("row_line") == 1


async def test_closed_screen_leaves_the_cells_of_the_terminal_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async with cockpit(busy(), size=(120, 40)) as ui:
        forgotten: list[CellDiff] = []
        monkeypatch.setattr(CellDiff, "forget", lambda self: forgotten.append(self))
        await ui.press("?", "escape")
        assert not forgotten, "the whole screen would be written a second time"
        await ui.press("ctrl+l")
        assert forgotten, "the user asked for that"


async def test_new_event_reloads_the_facts_of_the_job(called: list[str]) -> None:
    async with cockpit(busy(), size=(120, 40)) as ui:
        called.clear()
        ui.store.log[ID].append(event(50, "event 50"))
        await ui.publish()
        assert "points" in called


async def test_unanswered_cancel_copies_the_rows_once_for_each_snapshot() -> None:
    store = busy()
    store.answer = asyncio.Event()
    async with cockpit(store, size=(120, 40)) as ui:
        await ui.press("j", "c", "y")
        rows = ui.main.model.rows()
        assert list(rows) == list(store.snapshot.rows)
        assert [row.id for row in rows.values() if row.status_text == "cancelling"] == ["ftjob-00000002"]
        await ui.press("j")
        assert ui.main.model.rows() is rows
        await ui.press("c", "y")
        assert ui.main.model.rows()["ftjob-00000003"].status_text == "cancelling"
        await ui.publish(as_of=NOW + 1)
        assert ui.main.model.rows()["ftjob-00000003"].status_text == "cancelling"


async def test_jobs_ahead_are_counted_for_queued_jobs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []

    def ahead(_: object, row: JobRow) -> int:
        counted.append(row.id)
        return 1

    monkeypatch.setattr(presenter, "jobs_ahead", ahead)
    async with cockpit(busy().put(job(29), job(30, "queued"))) as ui:
        await ui.press("j", "k")
        assert counted == []
        await ui.press("G")
        assert set(counted) == {"ftjob-00000030"}
        assert "queued behind" in ui.prompt


async def test_key_updates_the_footer_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with cockpit(busy(), size=(120, 40)) as ui:
        filled: list[str | None] = []
        monkeypatch.setattr(ui.main.footer, "update_entries", lambda: filled.append(ui.cursor))
        await ui.press("j")
        assert filled == ["ftjob-00000002"]


async def test_new_rows_of_a_full_log_move_it_by_half_a_page(refreshed: list[str]) -> None:
    def row(step: int) -> EventRow:
        return measured(step, train_loss=1 + step / 1000, valid_loss=2 - step / 1000, train_mean_token_accuracy=0.6)

    store = FakeStore().put(job(1))
    store.log = {ID: [row(step) for step in range(1, 101)]}
    async with cockpit(store, size=(120, 40)) as ui:
        log = ui.main.log_view
        page = log.page_height
        assert ui.log[-1].split()[1] == "100"
        assert len(ui.log) == page

        def shown() -> list[Line]:
            top = log.scroll_offset.y
            return [log.line_at(i) for i in range(top, min(top + page, log.line_count()))]

        sent: list[tuple[bool, int, int]] = []
        for step in range(101, 101 + 2 * (page // 2)):
            before, top = shown(), log.scroll_offset.y
            store.log[ID].append(row(step))
            refreshed.clear()
            await ui.publish()
            assert ui.log[-1].split()[1] == str(step)
            moved = log.scroll_offset.y > top
            sent.append((moved, changed_bytes(before, shown()), refreshed.count("log")))
        assert [moved for moved, _, _ in sent].count(True) == 2
        assert max(size for moved, size, _ in sent if not moved) <= 180
        assert max(size for moved, size, _ in sent if moved) <= 4_000
        assert {count for moved, _, count in sent if not moved} == {1}
        store.log[ID].append(row(step + 1))
        await ui.publish()
        assert len(ui.log) <= page // 2 + 2
        await ui.press("tab", "tab", "k")
        assert ui.log[-1].split()[1] == str(step + 1), "the last row stays on the screen"
        await ui.press("G")
        assert log.follow
