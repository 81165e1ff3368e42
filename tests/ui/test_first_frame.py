"""The first frame shows the same cells as the real screen."""

import asyncio
import io
import os
import pty
import signal
import sys
import termios
from typing import Any

import pyte
import pytest
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

from fttui.models.job import Job
from fttui.models.row import JobRow
from fttui.store.snapshot import Snapshot
from fttui.ui.app import FttuiApp
from fttui.ui.first_frame import FirstFrame, frame, list_size
from fttui.ui.render.columns import facts_of
from fttui.ui.render.glyphs import ASCII, UNICODE, Glyphs
from fttui.ui.render.status_line import ServiceInfo
from tests.support.clock import FakeClock
from tests.support.fake_store import NOW, FakePoller, FakeStore, job
from tests.support.ui_fakes import FakeCore, Ui, cockpit

SWEEP = {"fttui.sweep": "a1b2c3d4 lr"}
PLACE = ServiceInfo("work", "api.example.com", False, False, "")


def rows(number: int) -> list[JobRow]:
    statuses = ("running", "succeeded", "failed", "queued", "cancelled", "odd", "paused")
    return [
        Job.read(job(index, statuses[index % 7], metadata=SWEEP if index in (1, 3) else {}))
        .row()
        ._replace(step=index, total_steps=100, loss=1 / (index + 1))
        for index in range(number)
    ]


def painted(found: list[JobRow], size: tuple[int, int], glyphs: Glyphs) -> list[str]:
    screen = pyte.Screen(*size)
    pyte.Stream(screen).feed(frame(PLACE, found, NOW - 7200, NOW, size, glyphs))
    return list(screen.display)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("number", [0, 5, 100])
@pytest.mark.parametrize("size", [(60, 20), (80, 24), (100, 30), (120, 40), (133, 41), (200, 60), (70, 15)])
async def test_first_frame_and_real_screen_show_the_same_cells(
    size: tuple[int, int], number: int, glyphs: Glyphs
) -> None:
    never = asyncio.Event()

    async def open_session(profile: str | None) -> Any:
        await never.wait()

    found = rows(number)
    snapshot = Snapshot(rows={row.id: row for row in found}, as_of=NOW - 7200)
    app = FttuiApp(open_session, PLACE, snapshot, glyphs, clock=FakeClock(instant=True))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        store = FakeStore()
        real = Ui(app, pilot, store, FakeCore(store, FakePoller(store)), FakeClock(instant=True)).screen
    early = painted(found, size, glyphs)
    width, height = list_size(*size, facts_of(found), number)
    assert early[0] == real[0]
    # Without the last cell, which is the scroll bar's.
    shown = min(number, height)
    assert [line[: width - 1] for line in early[1 : 3 + shown]] == [line[: width - 1] for line in real[1 : 3 + shown]]


def test_frame_painted_again_with_rows_enters_the_alternate_screen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    controller, terminal = pty.openpty()
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    out.fileno = lambda: terminal  # type: ignore[method-assign]
    before = termios.tcgetattr(terminal)
    painter = FirstFrame()
    with open(terminal, closefd=False) as source, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", source)
        patch.setattr(sys, "stdout", out)
        patch.setattr(signal, "signal", lambda *_: None)
        painter.paint(PLACE, [], None, NOW, UNICODE)
        painter.paint(PLACE, rows(1), None, NOW, UNICODE)
        assert not termios.tcgetattr(terminal)[3] & termios.ECHO
        painter.restore()
    written = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert termios.tcgetattr(terminal) == before
    assert (written.count("\x1b[?1049h"), written.count("\x1b[?1049l")) == (1, 1)
    assert rows(1)[0].name in written
    os.close(controller)
    os.close(terminal)


def test_hostile_rows_send_no_escape_sequences() -> None:
    hostile = Job.read(job(1, model="\x1b[2J\x1b]0;x\x07", user_provided_suffix="\u202e\x9b31m")).row()
    text = frame(PLACE, [hostile], None, NOW, (120, 40), UNICODE)
    assert "\x1b]" not in text
    assert "\x9b" not in text
    assert text.count("\x1b[2J") == 1


async def test_startup_computes_few_styles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of Textual's startup time is spent on matching nodes against style rules."""
    matched: list[str] = []
    apply = Stylesheet.apply

    def spy(self: Stylesheet, node: DOMNode, **how: Any) -> None:
        matched.append(type(node).__name__)
        apply(self, node, **how)

    monkeypatch.setattr(Stylesheet, "apply", spy)
    async with cockpit(FakeStore(), size=(120, 40)) as ui:
        widgets = len(list(ui.app.screen.walk_children()))
    assert len(matched) <= 3 * widgets
