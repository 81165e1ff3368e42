"""Size of the terminal: unknown sizes, and two sizes at once."""

import asyncio
import os

import pytest
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen

from fttui.ui.terminal.size import terminal_size
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import cockpit


@pytest.mark.parametrize(
    ("own", "variables", "size"),
    [
        ((100, 30), {"COLUMNS": "80", "LINES": "24"}, (100, 30)),
        ((0, 0), {}, (80, 24)),
        ((0, 0), {"COLUMNS": "132", "LINES": "x"}, (132, 24)),
        ((0, 30), {"COLUMNS": "0", "LINES": "50"}, (80, 30)),
        (None, {"COLUMNS": "-1", "LINES": "99999999"}, (80, 24)),
    ],
)
def test_size_is_never_zero(
    monkeypatch: pytest.MonkeyPatch, own: tuple[int, int] | None, variables: dict[str, str], size: tuple[int, int]
) -> None:
    def asked(_: int) -> os.terminal_size:
        if own is None:
            raise OSError("not a terminal")
        return os.terminal_size(own)

    monkeypatch.setattr(os, "get_terminal_size", asked)
    assert terminal_size(0, variables) == size


@pytest.mark.parametrize("key", ["", "question_mark", "a"])
async def test_two_sizes_at_once_end_with_the_present_one(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    layouts: list[Size] = []
    real = Screen._screen_resized

    def counted(screen: Screen[object], size: Size) -> None:
        layouts.append(size)
        real(screen, size)

    async with cockpit(FakeStore().put(job(1)), size=(80, 24)) as ui:
        if key:
            await ui.press(key)
        monkeypatch.setattr(Screen, "_screen_resized", counted)
        for height in (25, 24):
            ui.app.screen.post_message(Resize(Size(80, height), Size(80, height)))
            ui.app.screen.call_later(lambda: None)  # Textual joins only resize events that follow each other
        for _ in range(500):
            await asyncio.sleep(0)
        assert len(layouts) < 10
        assert ui.app.screen.size == (80, 24)
        assert ui.app.main.size == (80, 24)
