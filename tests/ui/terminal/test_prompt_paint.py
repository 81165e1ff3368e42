"""PromptPaint draws the effect of a key in the turn of the event loop that handled it."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from textual import events
from textual.app import App
from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget

from fttui.ui.terminal import fallbacks
from fttui.ui.terminal.compositor import ChangesCompositor
from fttui.ui.terminal.prompt_paint import PromptPaint
from fttui.ui.terminal.screen_events import ScreenEvents
from tests.support.pilot import QuietPilot

pytestmark = pytest.mark.painted


class Board(ScreenEvents, Screen[None]):
    """Screen of one widget. `l` changes its place, other keys its first line."""

    AUTO_FOCUS = None

    def compose(self) -> list[Widget]:
        return [Widget(id="only")]

    def on_key(self, event: events.Key) -> None:
        event.stop()
        only = self.query_one("#only")
        if event.key == "l":
            only.styles.height = 3
        only.refresh(Region(0, 0, 5, 1))


class Boards(App[None]):
    def get_default_screen(self) -> Screen[None]:
        return Board()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Frames, layouts and requests of widgets for a frame, in order."""
    seen: list[str] = []

    def note(owner: type, name: str, what: str) -> None:
        real: Callable[..., object] = getattr(owner, name)

        def spy(*given: object, **named: object) -> object:
            seen.append(what)
            return real(*given, **named)

        monkeypatch.setattr(owner, name, spy)

    note(ChangesCompositor, "render_partial_update", "frame")
    note(Screen, "_refresh_layout", "layout")
    note(Screen, "_on_update", "request")
    return seen


async def press(app: App[None], keys: str) -> None:
    """Press keys at once, and let all queues run empty without waiting for a time."""
    for key in keys:
        app.post_message(events.Key(key, key))
    for _ in range(100):
        await asyncio.sleep(0)


async def test_a_burst_is_one_frame_that_no_widget_has_to_request(steps: list[str]) -> None:
    app = Boards()
    async with app.run_test():
        pilot = QuietPilot(app)
        await pilot.pause()
        steps.clear()
        await press(app, "abc")
        assert steps == ["frame"]


async def test_a_widget_gets_its_new_place_before_it_is_drawn(steps: list[str]) -> None:
    app = Boards()
    async with app.run_test():
        pilot = QuietPilot(app)
        await pilot.pause()
        steps.clear()
        await press(app, "l")
        await pilot.pause()
        assert [step for step in steps if step != "request"][:1] == ["layout"]
        assert app.screen.query_one("#only").size.height == 3


async def test_without_the_expected_names_textual_draws(steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PromptPaint, "works", True)
    monkeypatch.setattr(fallbacks, "faults", [])
    app = Boards()
    async with app.run_test():
        pilot = QuietPilot(app)
        await pilot.pause()
        monkeypatch.setattr(app.screen, "_paint", PromptPaint(cast(Any, object())))
        steps.clear()
        await press(app, "a")
        await pilot.pause()
        assert steps == ["request", "frame"]
        assert not PromptPaint.works
    assert ["AttributeError" in text for _, text in fallbacks.faults] == [True]
