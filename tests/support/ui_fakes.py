"""The application over a fake store, and a page object that reads the screen as a user does."""

import asyncio
import contextlib
import unicodedata
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from textual import events
from textual._compositor import Compositor
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.widgets import Input

from fttui.config.schema import Settings
from fttui.store.snapshot import Snapshot
from fttui.ui.app import FttuiApp
from fttui.ui.cockpit.saved_view import SavedView
from fttui.ui.cockpit.screen import MainScreen
from fttui.ui.preferences import Preferences
from fttui.ui.render.glyphs import UNICODE, Glyphs
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.terminal.escape_codes import Title
from fttui.ui.widgets.question import SETTLING
from tests.support.clock import FakeClock
from tests.support.fake_store import FakePoller, FakeStore
from tests.support.pilot import QuietPilot

SHORT_RUN = 3
"""Letters in a row that are keys of their own; more of them are a text."""


@dataclass
class FakeCore:
    store: FakeStore
    poller: FakePoller
    is_closed: bool = False

    async def close(self) -> None:
        self.is_closed = True


def key_event(key: str) -> events.Key:
    """Build the event of a key, as the driver does."""
    if len(key) == 1:
        return events.Key(_character_to_key(key), key)
    try:
        return events.Key(key, unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(key, key))))
    except KeyError:
        return events.Key(key, None)


class Ui:
    """The cockpit as the person at the keyboard has it."""

    def __init__(
        self,
        app: FttuiApp,
        pilot: QuietPilot,
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
            at_once = is_letter and len(run_keys) > SHORT_RUN
            for keys_at_once in [run_keys] if at_once else [[key] for key in run_keys]:
                if self.main.prompt.takes_keys and not at_once and not self.types_ahead:
                    self.clock.advance(2 * SETTLING)  # the time to read a question
                self.type(*keys_at_once)
                await self.pilot.pause()

    def type(self, *keys: str) -> None:
        """Press keys that all arrive before the first is answered."""
        for key in keys:
            self.app.post_message(key_event(key))

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something that happens after some time."""
        async with asyncio.timeout(60):
            while not condition():
                assert self.app._exception is None, "the cockpit has crashed"
                await self.pilot.pause(0.02)

    async def publish(self, **how: Any) -> None:
        self.store.publish(**how)
        await self.pilot.pause()

    def tick(self) -> None:
        """Do what the screen does when some time has passed."""
        self.main.tick()

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

    def title(self, pane: str = "") -> str:
        """Title of a pane; by default of the one that shares its place with others."""
        layout = self.main.panes
        shared = next((place for place in layout.places if len(place.panes) > 1), layout.places[-1])
        return self.main.side.panes[pane or layout.front(shared)].title_row.render_line(0).text

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
        return lines_of(self.app.screen._compositor)


def lines_of(compositor: Compositor) -> list[str]:
    """Return the text that a compositor paints. Widgets behind others are not rendered, and styles are ignored."""
    size = compositor.size
    texts: list[dict[int, str]] = [{} for _ in range(size.height)]
    free = [[(0, size.width)] for _ in range(size.height)]
    for widget, (region, clip) in compositor.visible_widgets.items():  # from front to back
        part = region.intersection(clip).intersection(size.region)
        if not any(start < part.right and part.x < end for y in part.line_range for start, end in free[y]):
            continue
        for y, strip in zip(part.line_range, widget.render_lines(part.translate(-region.offset)), strict=True):
            spans, free[y] = free[y], []
            for start, end in spans:
                left, right = max(start, part.x), min(end, part.right)
                if left < right:
                    texts[y][left] = strip.crop(left - part.x, right - part.x).text
                    free[y] += [span for span in ((start, left), (right, end)) if span[0] < span[1]]
                else:
                    free[y].append((start, end))
    return ["".join(text for _, text in sorted(line.items())) for line in texts]


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
    clock: FakeClock | None = None,
    has_nearby_runs: bool = False,
    may_fail: bool = False,
) -> AsyncIterator[Ui]:
    """The real application over a fake store; `kept` is what its archive holds. It may connect later, or never.

    Its background work may raise no unexpected error, unless `may_fail`.
    """
    store = store or FakeStore()
    core = FakeCore(store, FakePoller(store))
    clock = clock or FakeClock(instant=True)
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
        has_nearby_runs=lambda: has_nearby_runs,
    )
    async with app.run_test(size=size, notifications=True):
        pilot = QuietPilot(app)
        await pilot.pause()
        yield Ui(app, pilot, store, core, clock, opened)
    assert may_fail or not [text for _, text in app.main.model.errors() if "unexpected error" in text]
