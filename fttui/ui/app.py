"""The cockpit's Textual application: it opens at once, connects behind, and leaves the terminal as it was."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from rich.console import RenderableType
from textual.app import App
from textual.binding import Binding
from textual.geometry import Offset
from textual.screen import Screen
from textual.scrollbar import ScrollBar

from fttui.clock import Clock, SystemClock
from fttui.models.status import Status
from fttui.store.health import Health, State
from fttui.store.snapshot import Change, Snapshot
from fttui.text import clean_line
from fttui.ui import saved_view
from fttui.ui.cockpit.screen import MainScreen
from fttui.ui.create_form.open_form import open_form
from fttui.ui.messages import (
    HoldAsked,
    IntervalAsked,
    JobsEnded,
    ProfileChosen,
    RefreshAsked,
    SaveAsked,
    SequenceAsked,
    SnapshotChanged,
)
from fttui.ui.notifications import note, run_command, sequence
from fttui.ui.preferences import Preferences
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import counts_line
from fttui.ui.render.status_line import ALL, ServiceInfo, service_info
from fttui.ui.render.theme import ANSI_THEME, ANSI_VARIABLES, FTTUI_DARK
from fttui.ui.saved_view import SavedView
from fttui.ui.terminal.ascii import AsciiFilter, WholeCells
from fttui.ui.terminal.cell_diff import cell_diff
from fttui.ui.terminal.escape_codes import Title
from fttui.ui.widgets.line_list import LineList

if TYPE_CHECKING:
    from fttui.core.session import MergedSession, Session
    from fttui.models.row import JobRow

OpenCore = Callable[[str | None], "Awaitable[Session | MergedSession]"]
"""Opens what is behind the screen, for the profile of a name, or for the one chosen at the start (None). Called
after the first frame, so that it may import slow things."""

GATHER = 3.0
"""Seconds after a note in which further endings are gathered into one."""


class FttuiApp(App[None]):
    """One screen over one session."""

    TITLE = "fttui"
    CSS_PATH = "fttui.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        Binding("ctrl+c", "interrupt", "twice leaves", show=False, priority=True),
        Binding("ctrl+q", "quit", show=False),
    ]

    def __init__(
        self,
        open_core: OpenCore,
        place: ServiceInfo,
        snapshot: Snapshot,
        glyphs: Glyphs,
        *,
        clock: Clock | None = None,
        ansi: bool = False,
        read_only: bool = False,
        preferences: Preferences | None = None,
        remembered: SavedView | None = None,
        title: Title | None = None,
    ) -> None:
        """
        Args:
            snapshot: what the archive knows.
            ansi: keep to the terminal's own colours, wherever the person looks.
            read_only: nothing may be changed, wherever the person looks.
            title: the terminal's; none is written without it.
        """
        self._css_theme = ""
        ScrollBar.renderer = WholeCells
        self._cells = cell_diff()  # first: Textual asks for a refresh while it is made
        # Said here, because Textual picks its NO_COLOR filter before a theme can be set.
        super().__init__(ansi_color=True if ansi else None)
        self._ansi, self._read_only = ansi, read_only
        self._place = place
        if not glyphs.unicode:
            self._filters.append(AsciiFilter())
        self.animation_level = "none"
        self._open_core = open_core
        self._clock = clock or SystemClock()
        self._core: Session | MergedSession | None = None
        self._pending: list[Change] = []
        self._interrupted_at = float("-inf")
        self.fault = ""
        """What to say after a fault of our own; empty when there was none."""
        self._preferences = preferences or Preferences()
        self._stands = False
        self._leaving: int | None = None
        self._glyphs = glyphs
        self._title = title or Title(enabled=False)
        self._told: set[str] = set()
        self._untold: list[JobRow] = []
        self._gathering = False
        self._note = ""
        remembered = remembered or SavedView()
        self.main = MainScreen(
            place,
            snapshot,
            glyphs,
            self._clock.now,
            partial(open_form, self, glyphs, self._clock.now),
            commands=self._preferences.commands,
            saved=remembered,
        )
        self._snapshot = snapshot
        self.register_theme(FTTUI_DARK)
        wished = (self._preferences.settings.theme, remembered.theme, FTTUI_DARK.name)
        self._usual_theme = next(name for name in wished if name in self.available_themes)
        self._is_plain = ansi or self._preferences.slow_link
        self.theme = self._css_theme = ANSI_THEME if self._is_plain else self._usual_theme
        self.stylesheet.set_variables(self.get_css_variables())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return ANSI_VARIABLES

    @property
    def cursor_position(self) -> Offset:
        """Where the terminal's own cursor is left after a frame: in the text that is being typed, else on the current
        row. It is hidden, but input methods and readers of the screen follow it."""
        if self.screen is self.main and (x := self.main.prompt.caret) is not None:
            return self.main.prompt.region.offset + Offset(x, 0)
        lines = self.main.jobs.list if self.screen is self.main else getattr(self.screen, "entries", None)
        if isinstance(lines, LineList):
            return lines.caret
        return getattr(self.focused, "cursor_screen_offset", Offset(0, 0))

    @cursor_position.setter
    def cursor_position(self, offset: Offset) -> None:
        """Fields of a form say where they are before they have a place, so they are asked instead."""

    def _dress(self, *, slow_link: bool) -> None:
        """Use the terminal's own colours on a slow link, the user's theme on a fast one."""
        plain = self._ansi or slow_link
        if plain == self._is_plain:
            return
        if plain:
            self._usual_theme = self.theme
        self._is_plain = plain
        self.theme = ANSI_THEME if plain else self._usual_theme

    @property
    def remembered(self) -> SavedView:
        """How things are looked at now, for the next time."""
        theme = self._usual_theme if self._is_plain and self.theme == ANSI_THEME else self.theme
        return self.main.saved._replace(theme="" if theme == FTTUI_DARK.name else theme)

    @property
    def going_on(self) -> int:
        """How many jobs of this machine's service go on without the cockpit."""
        rows = self._snapshot.rows.values() if self._place.is_local else ()
        return sum(row.status.is_live and row.status is not Status.PAUSED and not row.gone for row in rows)

    def get_default_screen(self) -> Screen[Any]:
        return self.main

    def refresh_css(self, animate: bool = True) -> None:
        # With the first theme the rules were read already; reading them twice is a tenth of a start.
        if self._css_theme != self.theme:
            self._css_theme = self.theme
            super().refresh_css(animate=animate)

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _: self.refresh())  # the terminal has been emptied meanwhile
        self._show_title()
        self.main.call_after_refresh(self._painted)  # it has its widgets only after this

    def _painted(self) -> None:
        """The first frame stands: now there is time for the collector and for what is slow to import."""
        gc.freeze()
        gc.enable()
        self._stands = True
        if self._leaving is not None:
            self.exit(return_code=self._leaving)
            return
        self._connect_to(None)

    def leave(self, code: int) -> None:
        """Leave with this exit code, as soon as the first frame stands: Textual cannot end what is half built."""
        self._leaving = code
        if self._stands:
            self.exit(return_code=code)

    def _connect_to(self, profile: str | None) -> None:
        self.run_worker(self._connect(profile), group="poll", exclusive=True, exit_on_error=False)

    async def _connect(self, profile: str | None) -> None:
        try:
            core = await self._open_core(profile)
        except Exception as error:
            health = Health(
                state=State.OFFLINE, since=self._clock.now(), why=clean_line(str(error)) or type(error).__name__
            )
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

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Write a frame: of those that Textual would write, only what the terminal does not show already."""
        writes = self._running and not self._closed and not self._batch_count and not self.is_headless
        if self._cells is not None and self._driver is not None and renderable is not None and writes:
            renderable = self._cells.reduce_frame(renderable, self.console)
        super()._display(screen, renderable)

    def refresh(self, *, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Draw everything again, whatever the terminal shows."""
        if self._cells is not None:
            self._cells.forget()
        return super().refresh(repaint=repaint, layout=layout, recompose=recompose)

    def on_resize(self) -> None:
        if self._cells is not None:
            self._cells.forget()

    def on_snapshot_changed(self) -> None:
        changes, self._pending = self._pending, []
        if changes and self.is_running:  # at the end the widgets go before the messages do
            self.main.show_snapshot(self._snapshot, Change.merged(changes))
            self._show_title()

    def on_refresh_asked(self, message: RefreshAsked) -> None:
        if self._core is not None:
            self._core.poller.poke()

    def on_hold_asked(self, message: HoldAsked) -> None:
        if self._core is not None:
            (self._core.poller.hold if message.held else self._core.poller.release)()

    def on_interval_asked(self, message: IntervalAsked) -> None:
        if self._core is not None:
            self._core.poller.pace(message.seconds)

    def on_save_asked(self, message: SaveAsked) -> None:
        saved_view.save(saved_view.path(), self.remembered)

    async def on_profile_chosen(self, message: ProfileChosen) -> None:
        from fttui.config.choose import choose
        from fttui.config.errors import ConfigError
        from fttui.config.load import load
        from fttui.config.paths import archive_file
        from fttui.store.archive.first_rows import first_rows

        rows: list[JobRow] = []
        as_of: float | None = None
        try:
            preferences = Preferences(load(), message.name)
            chosen = None if message.name == ALL else choose(profile=message.name)
        except ConfigError as error:
            self.main.prompt.say(clean_line(str(error)), "warn")
            return
        read_only = self._read_only or preferences.read_only
        place = ServiceInfo(ALL, ALL, False, read_only, "", ALL)
        if chosen is not None:
            place = service_info(chosen, read_only=read_only)
            rows, as_of = first_rows(archive_file(), chosen.key, 200)
        core, self._core = self._core, None
        if core is not None:
            self.workers.cancel_group(self, "poll")
            await core.close()
        self._pending = []
        self._dress(slow_link=preferences.slow_link)
        self._place = place
        self._snapshot = Snapshot(rows={row.id: row for row in rows}, as_of=as_of)
        self.main.move_to(place, self._snapshot)
        self._show_title()
        self._connect_to(message.name)

    def on_app_blur(self) -> None:
        if self._core is not None:
            self._core.poller.blurred = True

    def on_app_focus(self) -> None:
        if self._core is not None:
            self._core.poller.blurred = False
        self._note = ""
        self._show_title()

    def _show_title(self) -> None:
        """How many jobs are in which state; a note stands there until somebody looks."""
        counts = "".join(text for text, _ in counts_line(list(self._snapshot.rows.values()), self._glyphs))
        self._write(self._title.show(self._note or f"fttui {counts}".strip()))

    def _write(self, sequence: str) -> None:
        """Between two frames, so that neither is torn."""
        if sequence and self._driver is not None:
            self._driver.write(sequence)

    def action_interrupt(self) -> None:
        """Ctrl+c: no to a question, out of what is being typed; else twice within three seconds leaves."""
        if self.screen is self.main and self.main.prompt.takes_keys:
            self.main.prompt.key("ctrl+c", None)
            return
        now = self._clock.monotonic()
        if now - self._interrupted_at < 3:
            self.exit()
            return
        self._interrupted_at = now
        # Every screen has a row of its own for it: a toast would cover what one reads preferences.
        show: Callable[[str], None] = getattr(self.screen, "show_note", lambda text: self.main.prompt.say(text, "dim"))
        show("ctrl+c again leaves; jobs go on")

    def on_jobs_ended(self, message: JobsEnded) -> None:
        """As the person likes to be told, unless they are looking; their own command in any case. Once a job, even
        if its state comes and goes."""
        fresh = [row for row in message.rows if row.id not in self._told]
        self._told |= {row.id for row in fresh}
        for row in fresh if self._preferences.settings.notify_command else ():
            try:
                run_command(self._preferences.settings.notify_command, row)
            except (OSError, ValueError) as error:
                self.main.prompt.say(f"notify_command: {getattr(error, 'strerror', None) or error}", "warn")
                break
        self._untold += fresh
        if not self._gathering:
            self._tell_ended()

    def _tell_ended(self) -> None:
        """Tell at once; what ends in the seconds after it is one note at their end."""
        rows, self._untold = self._untold, []
        self._gathering = bool(rows)
        if not rows:
            return
        self.set_timer(GATHER, self._tell_ended)
        if self.app_focus:
            return
        text = note(rows)
        for kind in self._preferences.notify:
            self._write(sequence(kind, text))
        if "title" in self._preferences.notify:
            self._note = text
            self._show_title()

    def on_sequence_asked(self, message: SequenceAsked) -> None:
        self._write(message.sequence)

    def _fatal_error(self) -> None:
        """Leave after a fault of our own. Textual would print the values of variables, and one may be a key."""
        from fttui.config import crash

        if self._exception is not None:
            self.fault = crash.words(self._exception)
        self._close_messages_no_wait()

    async def close(self) -> None:
        """Let go of the core: archive written, connections closed. The jobs go on."""
        if self._core is not None:
            await self._core.close()
