"""The cockpit's Textual application: it opens at once, connects behind, and leaves the terminal as it was."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import Binding

from fttui.clock import Clock, SystemClock
from fttui.store.health import Health, State
from fttui.store.snapshot import Change, Snapshot
from fttui.ui.glyphs import Glyphs
from fttui.ui.messages import JobsEnded, RefreshAsked, SequenceAsked, SnapshotChanged
from fttui.ui.notify import sequence
from fttui.ui.screens.main import MainScreen
from fttui.ui.status import Place
from fttui.ui.theme import ANSI_VARIABLES, FTTUI_DARK, role_css

if TYPE_CHECKING:
    from fttui.wiring import Core

OpenCore = Callable[[], Awaitable["Core"]]
"""Opens what is behind the screen. Called after the first frame, so that it may import slow things."""


class FttuiApp(App[None]):
    """One screen over one Core."""

    TITLE = "fttui"
    CSS_PATH = "fttui.tcss"
    CSS = role_css()
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        Binding("ctrl+c", "interrupt", "twice leaves", show=False, priority=True),
        Binding("ctrl+q", "quit", show=False),
    ]

    def __init__(
        self,
        open_core: OpenCore,
        place: Place,
        snapshot: Snapshot,
        glyphs: Glyphs,
        *,
        clock: Clock | None = None,
        ansi: bool = False,
    ) -> None:
        # Said here, because Textual picks its NO_COLOR filter before a theme can be set.
        super().__init__(ansi_color=True if ansi else None)
        self.animation_level = "none"
        self._open_core = open_core
        self._clock = clock or SystemClock()
        self._core: Core | None = None
        self._pending: list[Change] = []
        self._interrupted_at = float("-inf")
        self.main = MainScreen(place, snapshot, glyphs, self._clock.now)
        self._snapshot = snapshot
        self.register_theme(FTTUI_DARK)
        self.theme = "ansi-dark" if ansi else FTTUI_DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return ANSI_VARIABLES

    def on_mount(self) -> None:
        self.push_screen(self.main)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Textual leaves the alternate screen and the mouse on when it is killed; an exit does not.
            loop.add_signal_handler(number, self.exit)
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        """The first frame stands: now there is time for the collector and for what is slow to import."""
        gc.freeze()
        gc.enable()
        self.run_worker(self._connect(), group="poll", exit_on_error=False)

    async def _connect(self) -> None:
        try:
            core = await self._open_core()
        except Exception as error:
            health = Health(state=State.OFFLINE, since=self._clock.now(), why=str(error) or type(error).__name__)
            self._snapshot = Snapshot(rows=self._snapshot.rows, as_of=self._snapshot.as_of, health=health)
            self.main.show_snapshot(self._snapshot, Change(health=True))
            return
        self._core = core
        core.store.subscribe(self._published)
        self.main.attach(core.store)
        await core.poller.run()

    def _published(self, snapshot: Snapshot, change: Change) -> None:
        self._snapshot = snapshot
        self._pending.append(change)
        self.post_message(SnapshotChanged())

    def on_snapshot_changed(self) -> None:
        changes, self._pending = self._pending, []
        if changes:
            self.main.show_snapshot(self._snapshot, Change.merged(changes))

    def on_refresh_asked(self, message: RefreshAsked) -> None:
        if self._core is not None:
            self._core.poller.poke()

    def on_app_blur(self) -> None:
        if self._core is not None:
            self._core.poller.blurred = True

    def on_app_focus(self) -> None:
        if self._core is not None:
            self._core.poller.blurred = False

    def action_interrupt(self) -> None:
        """Ctrl+c: out of a question or a form first; twice within three seconds leaves."""
        now = self._clock.monotonic()
        if now - self._interrupted_at < 3:
            self.exit()
            return
        self._interrupted_at = now
        self.main.prompt.say("ctrl+c again leaves; jobs go on", "dim")

    def on_jobs_ended(self, message: JobsEnded) -> None:
        """A bell, unless the person is looking."""
        if not self.app_focus and self._driver is not None:
            self._driver.write(sequence("bell", message.note))

    def on_sequence_asked(self, message: SequenceAsked) -> None:
        """Between two frames, so that it is not torn."""
        if self._driver is not None:
            self._driver.write(message.sequence)

    async def close(self) -> None:
        """Let go of the core: archive written, connections closed. The jobs go on."""
        if self._core is not None:
            await self._core.close()
