"""ChangesCompositor renders only the widgets that show a change, and puts on the screen what Textual would."""

from random import Random
from typing import Any

import pytest
from rich.segment import Segment
from textual._compositor import ChopsUpdate, Compositor
from textual.app import App
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from fttui.ui.terminal import fallbacks
from fttui.ui.terminal.compositor import ChangesCompositor
from fttui.ui.terminal.screen_events import ScreenEvents

pytestmark = pytest.mark.painted

COLUMNS, LINES = 24, 8


class Letters(Widget):
    """Rows of a letter and a number of their own. `rendered` has the crop of each time they were rendered."""

    def __init__(self, letter: str) -> None:
        super().__init__(id=letter)
        self.rendered: list[Region] = []

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(f"{self.id}{y}" * self.size.width)]).crop(0, self.size.width)

    def render_lines(self, crop: Region) -> list[Strip]:
        self.rendered.append(crop)
        return super().render_lines(crop)


class Board(ScreenEvents, Screen[None]):
    """`a` and `b` side by side, and `c` over both."""

    def compose(self) -> list[Letters]:
        return [Letters(letter) for letter in "abc"]


class Boards(App[None]):
    CSS = """
    Board { layers: below above; layout: horizontal; }
    #a { width: 10; layer: below; }
    #b { width: 1fr; layer: below; }
    #c { dock: bottom; width: 15; height: 3; margin-bottom: 1; layer: above; }
    """

    def get_default_screen(self) -> Screen[None]:
        return Board()


def composed(screen: Screen[Any], regions: set[Region]) -> dict[tuple[int, int], str]:
    """Return the cells of a frame for changed regions, by column and line."""
    screen._compositor._dirty_regions = regions
    frame = screen._compositor.render_partial_update()
    assert isinstance(frame, ChopsUpdate)
    assert not screen._compositor._dirty_regions
    found = {}
    for y, left, right in frame.spans:
        for end, (x, strip) in zip(frame.chop_ends[y], frame.chops[y].items(), strict=True):
            if strip is not None and x < right and end > left:
                assert end - x == strip.cell_length
                found.update({(x + place, y): letter for place, letter in enumerate(strip.text)})
    return found


async def test_a_frame_has_exactly_the_changed_cells_as_the_screen_shows_them() -> None:
    app, chance = Boards(), Random(7)
    async with app.run_test(size=(COLUMNS, LINES)):
        lines = [strip.text for strip in app.screen._compositor.render_strips()]
        assert len({letter for line in lines for letter in line if letter.isalpha()}) == 3
        for _ in range(200):
            corners = [
                (chance.randrange(-2, COLUMNS), chance.randrange(-1, LINES)) for _ in range(chance.randrange(1, 5))
            ]
            regions = {Region(x, y, chance.randrange(1, 20), chance.randrange(1, 5)) for x, y in corners}
            regions.add(Region(chance.randrange(COLUMNS), 0, 1, 1))
            changed = {
                (x, y)
                for region in regions
                for y in range(max(0, region.y), min(LINES, region.bottom))
                for x in range(max(0, region.x), min(COLUMNS, region.right))
            }
            assert composed(app.screen, regions) == {(x, y): lines[y][x] for x, y in changed}


async def test_a_whole_screen_is_complete_and_renders_what_is_in_front() -> None:
    app = Boards()
    async with app.run_test(size=(COLUMNS, LINES)):
        screen, compositor = app.screen, app.screen._compositor
        lines = [strip.text for strip in compositor.render_strips()]
        a = screen.query_one("#a", Letters)
        a.rendered.clear()
        frame = compositor.render_full_update()
        assert ["".join(strip.text for strip in strips) for strips in frame.strips] == lines
        assert (frame.region, a.rendered) == (screen.region, [Region(0, 0, 10, LINES)])


async def test_only_the_changed_lines_of_the_widgets_in_front_are_rendered() -> None:
    app = Boards()
    async with app.run_test(size=(COLUMNS, LINES)):
        a, b, c = (app.screen.query_one(f"#{letter}", Letters) for letter in "abc")
        for widget in (a, b, c):
            widget.rendered.clear()
        composed(app.screen, {Region(0, 1, 10, 1), Region(2, 5, 5, 2)})
        assert (a.rendered, b.rendered, c.rendered) == ([Region(0, 1, 10, 1)], [], [Region(2, 1, 5, 2)])


async def test_an_unreadable_structure_lets_textual_compose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChangesCompositor, "works", True)
    monkeypatch.setattr(fallbacks, "faults", [])
    app = Boards()
    async with app.run_test(size=(COLUMNS, LINES)):
        region = Region(0, 1, 10, 1)
        usual = composed(app.screen, {region})
        monkeypatch.setattr(Compositor, "layers_visible", None)
        assert composed(app.screen, {region}) == usual
        assert not ChangesCompositor.works
    ((_, fault),) = fallbacks.faults
    assert fault == (
        "Slower from now on: drawing only the changed widgets was switched off by "
        "TypeError(\"'NoneType' object is not subscriptable\")"
    )


@pytest.mark.parametrize("error", [RuntimeError, ValueError, TypeError])
async def test_an_error_of_a_widget_is_not_hidden(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def fail(*_: object) -> None:
        raise error("a mistake of the widget")

    app = Boards()
    async with app.run_test(size=(COLUMNS, LINES)):
        with monkeypatch.context() as patch:
            patch.setattr(app.screen.query_one("#a", Letters), "render_lines", fail)
            with pytest.raises(error, match="a mistake of the widget"):
                composed(app.screen, {Region(0, 1, 10, 1)})
        assert ChangesCompositor.works
