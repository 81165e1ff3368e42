"""Curve pane: what it draws, and what makes it draw again."""

from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import ComposeResult
from textual.screen import Screen

from fttui.learning.run import run_of
from fttui.ui.panes.curve import CurveView
from fttui.ui.render.chart import draw as drawing
from fttui.ui.render.chart.view import View, curves_of
from fttui.ui.render.glyphs import ASCII, UNICODE
from tests.support.curve_bytes import replay_widget
from tests.support.simulated_runs import CURVES, real_run, until
from tests.support.ui_fakes import Ui, cockpit

VIEW = View(0, 0)


class CurveScreen(Screen[None]):
    """Screen with nothing but a curve."""

    def __init__(self, view: CurveView) -> None:
        super().__init__()
        self.view = view

    def compose(self) -> ComposeResult:
        yield self.view


@asynccontextmanager
async def shown(view: CurveView, size: tuple[int, int] = (76, 12)) -> Any:
    async with cockpit(size=size) as ui:
        await ui.app.push_screen(CurveScreen(view))
        await ui.pilot.pause()
        yield ui


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[View]:
    """Settings of every drawing."""
    made: list[View] = []
    whole = drawing.draw

    def draw(runs: Any, view: View) -> Any:
        made.append(view)
        return whole(runs, view)

    monkeypatch.setattr(drawing, "draw", draw)
    return made


async def show(ui: Ui, view: CurveView, step: int, settings: View = VIEW) -> None:
    view.show([curves_of("run", until(real_run("overfit"), step), is_live=True)], settings, subject="run")
    await ui.pilot.pause()


async def test_same_data_is_not_drawn_again(drawings: list[View]) -> None:
    view = CurveView(UNICODE)
    async with shown(view) as ui:
        await show(ui, view, 300)
        assert [(each.cells, each.rows) for each in drawings] == [(76, 12)]
        await show(ui, view, 300)
        assert len(drawings) == 1
        await show(ui, view, 301)
        await show(ui, view, 301, VIEW._replace(is_log=True))
        assert len(drawings) == 3


async def test_range_of_the_last_drawing_is_kept_until_settings_change(drawings: list[View]) -> None:
    view = CurveView(UNICODE)
    async with shown(view) as ui:
        await show(ui, view, 300)
        assert view.picture is not None
        kept = view.picture.y_range
        await show(ui, view, 301)
        await show(ui, view, 301, VIEW._replace(is_log=True))
        assert [each.y_range for each in drawings] == [None, kept, None]


async def test_hidden_curve_is_drawn_when_it_appears(drawings: list[View]) -> None:
    view = CurveView(UNICODE)
    async with shown(view) as ui:
        view.display = False
        await ui.pilot.pause()
        await show(ui, view, 300)
        assert drawings == []
        view.display = True
        await ui.pilot.pause()
        assert any("valid" in line for line in ui.screen)
        assert len(drawings) == 1


async def test_resized_curve_fits_the_pane() -> None:
    view = CurveView(UNICODE)
    async with shown(view) as ui:
        await show(ui, view, 300)
        await ui.pilot.resize_terminal(50, 9)
        assert ui.screen[-2].rstrip().endswith(("─", "▴", "┬"))
        assert len(ui.screen) == 9


async def test_text_and_notes_stand_where_there_are_no_points() -> None:
    view = CurveView(UNICODE)
    async with shown(view) as ui:
        view.show_text("No metrics yet.")
        await ui.pilot.pause()
        assert ui.screen[0].rstrip() == " No metrics yet."
        run = run_of([(step, {"train_loss": float("nan") if step == 4 else 2.0}, None) for step in range(1, 30)])
        view.show([curves_of("run", run)], VIEW, note="No validation file.")
        await ui.pilot.pause()
        assert ui.screen[-1].rstrip() == " 1 value is not finite, the first at step 4  No validation file."


@pytest.mark.parametrize(
    ("glyphs", "form", "letters"), [(ASCII, "braille", "o"), (UNICODE, "block", "▀▄█"), (UNICODE, "ascii", "o")]
)
async def test_form_follows_the_glyphs_then_the_setting(glyphs: Any, form: str, letters: str) -> None:
    view = CurveView(glyphs, form)
    async with shown(view) as ui:
        await show(ui, view, 300)
        text = "\n".join(ui.screen)
        assert any(letter in text for letter in letters)
        assert not any("\u2800" < letter <= "\u28ff" for letter in text)
        assert text.isascii() == (letters == "o")


@pytest.mark.painted
@pytest.mark.parametrize("name", sorted(path.stem for path in CURVES.glob("*.csv")))
async def test_new_point_costs_few_bytes_and_the_range_rarely_moves(name: str) -> None:
    """A sample of the points. `python -m tests.benchmarks.curve` counts all of them, at three sizes."""
    found = await replay_widget(name, 70, 26, every=6 if name != "overfit" else 20)
    assert found.most_of <= 300
    assert found.moves <= found.points // 50
