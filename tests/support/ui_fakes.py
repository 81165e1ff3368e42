"""The application over a fake store, and a page object that reads the screen as a user does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from fttui.config.schema import Settings
from fttui.store.snapshot import Snapshot
from fttui.ui.app import FttuiApp
from fttui.ui.cockpit.screen import MainScreen
from fttui.ui.preferences import Preferences
from fttui.ui.render.glyphs import UNICODE, Glyphs
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.saved_view import SavedView
from fttui.ui.terminal.escape_codes import Title
from fttui.ui.widgets.question import SETTLING
from tests.support.clock import FakeClock
from tests.support.fake_store import FakePoller, FakeStore

SHORT_RUN = 3
"""Letters in a row that are keys of their own; more of them are a text."""


@dataclass
class FakeCore:
    store: FakeStore
    poller: FakePoller

    async def close(self) -> None:
        pass


class Ui:
    """The cockpit as the person at the keyboard has it."""

    def __init__(
        self,
        app: FttuiApp,
        pilot: Pilot[None],
        store: FakeStore,
        core: FakeCore,
        clock: FakeClock,
        opened: list[str | None] | None = None,
    ) -> None:
        self.app, self.pilot, self.store, self.core, self.clock = app, pilot, store, core, clock
        self.opened = opened or []
        self.types_ahead = False
        """Press keys without reading the questions before them."""

    @property
    def main(self) -> MainScreen:
        return self.app.main

    async def press(self, *keys: str) -> None:
        """Press keys, each once the one before it has been answered; a text of some letters arrives at once, as it does
        over a slow line."""
        for is_letter, run in groupby(keys, key=lambda key: len(key) == 1):
            run_keys = list(run)
            if is_letter and len(run_keys) > SHORT_RUN:
                for character in run_keys:
                    self.app.post_message(events.Key(_character_to_key(character), character))
                await self.pilot.pause()
            else:
                for key in run_keys:
                    await self._press_one(key)
        await self.pilot.pause()

    async def _press_one(self, key: str) -> None:
        if self.main.prompt.takes_keys and not self.types_ahead:
            self.clock.advance(2 * SETTLING)  # the time to read a question
        await self.app._press_keys([key])  # without the pause that follows in `Pilot.press`

    async def publish(self, **how: Any) -> None:
        self.store.publish(**how)
        await self.pilot.pause()

    def tick(self) -> None:
        """Do what the screen does when some time has passed."""
        self.main.presenter.tick()

    @property
    def pane(self) -> str:
        """The active pane."""
        return self.main.panes.active

    @property
    def marks(self) -> frozenset[str]:
        """Ids of the marked jobs."""
        return self.main.model.view.current.marks

    @property
    def cursor(self) -> str | None:
        return self.main.jobs.list.cursor

    @property
    def shown(self) -> list[str]:
        """Ids in the list, top to bottom."""
        return list(self.main.jobs.list.keys)

    @property
    def prompt(self) -> str:
        """Text of the prompt row. The rows of a question are joined."""
        return " ".join(line.strip() for line in self.main.prompt.text.split("\n"))

    @property
    def status(self) -> str:
        return self.main.status_row.text

    @property
    def detail(self) -> str:
        return "\n".join(self.main.side.detail.text_lines)

    @property
    def log(self) -> list[str]:
        return list(self.main.log_view.text_lines)

    @property
    def form(self) -> dict[str, str]:
        return {entry.id or "": entry.value for entry in self.app.screen.query(Input)}

    @property
    def screen(self) -> list[str]:
        """Every line of the terminal."""
        return ["".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()]


@contextlib.asynccontextmanager
async def cockpit(
    store: FakeStore | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    local: bool = True,
    read_only: bool = False,
    glyphs: Glyphs = UNICODE,
    preferences: Preferences | None = None,
    remembered: SavedView | None = None,
    place: ServiceInfo | None = None,
    title: Title | None = None,
    kept: Snapshot | None = None,
    connects: bool | asyncio.Event = True,
) -> AsyncIterator[Ui]:
    """The real application over a fake store; `kept` is what its archive holds. It may connect later, or never."""
    store = store or FakeStore()
    core = FakeCore(store, FakePoller(store))
    clock = FakeClock(instant=True)
    opened: list[str | None] = []

    async def open_session(profile: str | None) -> Any:
        opened.append(profile)
        if isinstance(connects, asyncio.Event):
            await connects.wait()
        elif not connects:
            await asyncio.Event().wait()
        return core

    place = place or ServiceInfo("local", "this machine", local, read_only, "")
    app = FttuiApp(
        open_session,
        place,
        kept or Snapshot(),
        glyphs,
        clock=clock,
        preferences=preferences or Preferences(Settings(hints=False)),
        remembered=remembered,
        title=title,
    )
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield Ui(app, pilot, store, core, clock, opened)
