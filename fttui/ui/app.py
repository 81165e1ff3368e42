"""The cockpit's Textual application: it opens at once, connects behind, and leaves the terminal as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from textual.app import App
from textual.binding import Binding
from textual.geometry import Offset
from textual.screen import Screen
from textual.scrollbar import ScrollBar
from textual.worker import Worker

from fttui import garbage
from fttui.clock import Clock, SystemClock
from fttui.config.choose import LOCAL
from fttui.config.paths import view_file
from fttui.config.theme import PLAIN_THEME, usual_theme
from fttui.models.status import Status
from fttui.store.health import Health, State
from fttui.store.snapshot import Change, Snapshot
from fttui.text import clean_line
from fttui.ui.cockpit import saved_view
from fttui.ui.cockpit.saved_view import SavedView
from fttui.ui.cockpit.screen import MainScreen
from fttui.ui.create_form.open_form import FormOpener
from fttui.ui.messages import (
    AlarmsRaised,
    EscapeSequenceRequested,
    HoldRequested,
    IntervalRequested,
    JobsEnded,
    ProfileChosen,
    RefreshRequested,
    SaveViewRequested,
    SnapshotChanged,
    WorkFailed,
)
from fttui.ui.notifier import Notifier
from fttui.ui.open_sessions import OpenSession, OpenSessions
from fttui.ui.preferences import Preferences
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.status_line import ALL, ServiceInfo, service_info
from fttui.ui.render.theme import FTTUI_DARK, OWN_THEMES, line_variables
from fttui.ui.terminal.ascii import AsciiFilter, WholeCells
from fttui.ui.terminal.cell_diff import cell_diff
from fttui.ui.terminal.escape_codes import Title
from fttui.ui.terminal.widget_styles import release_closed_widgets
from fttui.ui.try_screen.open_try import TryOpener
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.prompt import PromptRow
from fttui.ui.workers import ACTION, start_worker, wait_for_end

if TYPE_CHECKING:
    from fttui.models.row import JobRow

POLL = "poll"
"""Group of the worker that connects and polls."""


class FttuiApp(App[None]):
    """Application of the cockpit: connects the screens to a session."""

    TITLE = "fttui"
    CSS_PATH = "fttui.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        Binding("ctrl+c", "interrupt", "quit", show=False, priority=True),
        Binding("ctrl+q", "quit", show=False),
    ]

    def __init__(
        self,
        open_session: OpenSession,
        service: ServiceInfo,
        snapshot: Snapshot,
        glyphs: Glyphs,
        *,
        clock: Clock | None = None,
        ansi: bool = False,
        read_only: bool = False,
        preferences: Preferences | None = None,
        remembered: SavedView | None = None,
        title: Title | None = None,
        has_nearby_runs: Callable[[], bool] = lambda: False,
    ) -> None:
        """
        Args:
            snapshot: archived jobs.
            ansi: use only the terminal's own colours, for every profile.
            read_only: refuse all changes, for every profile.
            title: the terminal's title. None writes no title.
            has_nearby_runs: tells whether there are runs below the working directory. It is called in a thread, for an
                empty local list.
        """
        self._css_theme = ""
        ScrollBar.renderer = WholeCells
        release_closed_widgets()
        self._cells = cell_diff()
        # Passed here, because Textual chooses its NO_COLOR filter before a theme can be set.
        super().__init__(ansi_color=True if ansi else None)
        self._ansi, self._read_only = ansi, read_only
        self._service = service
        if not glyphs.unicode:
            self._filters.append(AsciiFilter())
        self.animation_level = "none"
        self._sessions = OpenSessions(open_session)
        self._has_nearby_runs = has_nearby_runs
        self._clock = clock or SystemClock()
        self._is_leaving = False
        self._pending: list[Change] = []
        self._interrupted_at = float("-inf")
        self.crash_message = ""
        """Message to print after a crash, else empty."""
        self._preferences = preferences or Preferences()
        self._is_painted = False
        self._exit_code: int | None = None
        self._title = title or Title(enabled=False)
        self._notification = ""
        self._notifier = Notifier(
            self._preferences.notify,
            self._preferences.settings.notify_command,
            write=lambda sequence: self._write(sequence),
            show_title=self._show_notification,
            warn=lambda text: self.main.prompt.show_message(text, "warn"),
            is_focused=lambda: self.app_focus,
            is_local=lambda row: self.main.model.service.is_local or row.profile == LOCAL,
            later=lambda seconds, act: self.set_timer(seconds, act),
        )
        remembered = remembered or SavedView()
        self.main = MainScreen(
            service,
            snapshot,
            glyphs,
            self._clock.now,
            FormOpener(self, glyphs, self._clock.now),
            TryOpener(self, glyphs, self._clock, self._preferences.commands, self.crash),
            commands=self._preferences.commands,
            saved=remembered,
            hints=self._preferences.settings.hints,
            monotonic=self._clock.monotonic,
            alarms_off=self._preferences.settings.alarms.off,
            chart=self._preferences.settings.chart,
            sleep=self._clock.sleep,
        )
        self.main.use_link(is_slow=self._preferences.slow_link)
        self._snapshot = snapshot
        for own in OWN_THEMES:
            self.register_theme(own)
        self._first_theme = usual_theme(self._preferences.settings, remembered.theme).name
        self._usual_theme = self._first_theme
        self._is_plain = ansi or self._preferences.slow_link
        self.theme = self._css_theme = PLAIN_THEME if self._is_plain else self._usual_theme
        self.stylesheet.set_variables(self.get_css_variables())

    def get_css_variables(self) -> dict[str, str]:
        # Textual's constructor asks before there is a theme, and computing its colours takes a millisecond.
        return super().get_css_variables() if self._css_theme else {}

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return line_variables(self.current_theme)

    @property
    def cursor_position(self) -> Offset:
        """Position of the terminal's cursor after a frame: in the text input, else on the current row.

        The cursor is hidden, but input methods and screen readers follow it.
        """
        prompt = getattr(self.screen, "prompt", None)
        if isinstance(prompt, PromptRow) and (x := prompt.caret) is not None:
            return prompt.region.offset + Offset(x, 0)
        lines = self.main.jobs.list if self.screen is self.main else getattr(self.screen, "entries", None)
        if isinstance(lines, LineList):
            return lines.caret
        return getattr(self.focused, "cursor_screen_offset", Offset(0, 0))

    @cursor_position.setter
    def cursor_position(self, offset: Offset) -> None:
        """Ignore positions set by form fields, which report them before the layout."""

    def _choose_theme(self, *, slow_link: bool) -> None:
        """Use the terminal's own colours on a slow link, the user's theme on a fast one."""
        plain = self._ansi or slow_link
        if plain == self._is_plain:
            return
        if plain:
            self._usual_theme = self.theme
        self._is_plain = plain
        self.theme = PLAIN_THEME if plain else self._usual_theme

    @property
    def remembered(self) -> SavedView:
        """The current view, to be saved for the next start."""
        theme = self._usual_theme if self._is_plain and self.theme == PLAIN_THEME else self.theme
        if theme == self._first_theme:  # the user chose no other: a configured theme is not remembered
            return self.main.saved
        return self.main.saved._replace(theme="" if theme == FTTUI_DARK.name else theme)

    @property
    def still_running(self) -> int:
        """Number of jobs of the local service that run on without the cockpit."""
        rows = self._snapshot.rows.values() if self._service.is_local else ()
        return sum(row.status.is_live and row.status is not Status.PAUSED and not row.gone for row in rows)

    def get_default_screen(self) -> Screen[Any]:
        return self.main

    def refresh_css(self, animate: bool = True) -> None:
        # The rules of the first theme are already parsed. Parsing them twice takes a tenth of the startup time.
        if self._css_theme != self.theme:
            self._css_theme = self.theme
            super().refresh_css(animate=animate)

    def on_mount(self) -> None:
        # The shell has used the terminal meanwhile.
        self.app_resume_signal.subscribe(self, lambda _: self.on_redraw_requested())
        self._show_title()
        self.main.call_after_refresh(self._painted)  # the widgets are mounted by then

    def _painted(self) -> None:
        """Enable the garbage collector and connect, after the first frame is painted."""
        garbage.resume()
        self._is_painted = True
        if self._exit_code is not None:
            self.exit(return_code=self._exit_code)
            return
        self._connect_to(None)

    def leave(self, code: int) -> None:
        """Exit with this code, after the first frame at the earliest: Textual cannot exit while it mounts widgets."""
        self._exit_code = code
        if self._is_painted:
            self.exit(return_code=code)

    async def action_quit(self) -> None:
        """Exit. An action that is being sent comes to its end first, unless the user asks again."""
        actions = self._running_actions()
        if not actions or self._is_leaving:
            self.exit()
            return
        self._is_leaving = True
        self._show_note("Waiting for the answer to your last action. Press q again to quit without it.")
        start_worker(self, partial(self._exit_after, actions), group="exit")

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Exit. Keys that follow do nothing."""
        self.main.controllers.router.close()
        super().exit(result, return_code, message)

    async def _exit_after(self, actions: list[Worker[Any]]) -> None:
        await wait_for_end(actions)
        self.exit()

    def _connect_to(self, profile: str | None) -> None:
        start_worker(self, partial(self._connect, profile), group=POLL, exclusive=True)

    async def _connect(self, profile: str | None) -> None:
        try:
            session = await self._sessions.open(profile)
        except Exception as error:
            health = Health(
                state=State.OFFLINE, since=self._clock.now(), why=clean_line(str(error)) or type(error).__name__
            )
            self._snapshot = Snapshot(rows=self._snapshot.rows, as_of=self._snapshot.as_of, health=health)
            self.main.show_snapshot(self._snapshot, Change(health=True))
            return
        try:
            session.store.subscribe(self._published)
            self.main.attach(session.store)
            if self._service.is_local and not self._snapshot.rows:
                start_worker(self, self._look_nearby, group="nearby", exclusive=True)
            await session.poller.run()
        except Exception as error:
            # Without a poller, the cockpit would show old data as if it were current.
            self.crash(error)

    async def _look_nearby(self) -> None:
        if await asyncio.to_thread(self._has_nearby_runs):
            self.main.offer_runs()

    def _published(self, snapshot: Snapshot, change: Change) -> None:
        self._snapshot = snapshot
        self._pending.append(change)
        self.post_message(SnapshotChanged())

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Write a frame, reduced to the cells that changed.

        After a change of the terminal's size, the screens get their new layout a moment later. Until then a frame would
        be drawn for the old size: the terminal clips it, but the cell diff would take it for what the terminal shows.
        """
        if screen.outer_size != self.size:
            return
        writes = self._running and not self._closed and not self._batch_count and not self.is_headless
        if self._cells is not None and self._driver is not None and renderable is not None and writes:
            renderable = self._cells.reduce_frame(renderable, self.console)
        super()._display(screen, renderable)

    def on_redraw_requested(self) -> None:
        """Write every cell, whatever the terminal shows."""
        if self._cells is not None:
            self._cells.forget()
        self.refresh(layout=True)

    def on_resize(self) -> None:
        if self._cells is not None:
            self._cells.forget()

    def on_snapshot_changed(self) -> None:
        changes, self._pending = self._pending, []
        if changes and self.is_running:  # at exit, widgets are removed before the last messages arrive
            self.main.show_snapshot(self._snapshot, Change.merged(changes))
            self._show_title()

    def on_refresh_requested(self, message: RefreshRequested) -> None:
        if (session := self._sessions.current) is not None:
            session.poller.poke()

    def on_hold_requested(self, message: HoldRequested) -> None:
        if (session := self._sessions.current) is not None:
            (session.poller.hold if message.held else session.poller.release)()

    def on_interval_requested(self, message: IntervalRequested) -> None:
        if (session := self._sessions.current) is not None:
            session.poller.pace(message.seconds)

    def on_save_view_requested(self, message: SaveViewRequested) -> None:
        saved_view.save(view_file(), self.remembered)

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
            self.main.prompt.show_message(clean_line(str(error)), "warn")
            return
        read_only = self._read_only or preferences.read_only
        service = ServiceInfo(ALL, ALL, False, read_only, "", ALL)
        if chosen is not None:
            service = service_info(chosen, read_only=read_only)
            rows, as_of = first_rows(archive_file(), chosen.key, 200)
        self._sessions.leave([*self.workers.cancel_group(self, POLL), *self._running_actions()])
        self._pending = []
        self._choose_theme(slow_link=preferences.slow_link)
        self.main.use_link(is_slow=preferences.slow_link)
        self._service = service
        self._snapshot = Snapshot(rows={row.id: row for row in rows}, as_of=as_of)
        self.main.move_to(service, self._snapshot)
        self._show_title()
        self._connect_to(message.name)

    def _running_actions(self) -> list[Worker[Any]]:
        return [worker for worker in self.workers if worker.group == ACTION and not worker.is_finished]

    def on_app_blur(self) -> None:
        if (session := self._sessions.current) is not None:
            session.poller.blurred = True

    def on_app_focus(self) -> None:
        if (session := self._sessions.current) is not None:
            session.poller.blurred = False
        self._notification = ""
        self._show_title()

    def _show_title(self) -> None:
        """Show the number of jobs by status in the title, or a notification until the terminal gets the focus."""
        counts = "".join(text for text, _ in self.main.presenter.counts)
        self._write(self._title.show(self._notification or f"fttui {counts}".strip()))

    def _write(self, sequence: str) -> None:
        """Write an escape sequence between two frames."""
        if sequence and self._driver is not None:
            self._driver.write(sequence)

    def action_interrupt(self) -> None:
        """Handle ctrl+c: close a question or text input, else exit when pressed twice within three seconds."""
        prompt = getattr(self.screen, "prompt", None)
        if isinstance(prompt, PromptRow) and prompt.takes_keys:
            prompt.key("ctrl+c", None)
            return
        now = self._clock.monotonic()
        if now - self._interrupted_at < 3:
            self.exit()
            return
        self._interrupted_at = now
        self._show_note("Press ctrl+c again to quit. Jobs keep running.")

    def _show_note(self, text: str) -> None:
        """Show a note on the screen in front. Every screen has a row for it; a toast would cover text."""
        show: Callable[[str], None] = getattr(
            self.screen, "show_note", lambda text: self.main.prompt.show_message(text, "dim")
        )
        show(text)

    def on_work_failed(self, message: WorkFailed) -> None:
        """Show an unexpected error, and list it. Its traceback goes to a file, as after a crash."""
        from fttui.config import crash

        text = clean_line(". ".join(crash.report(message.error).splitlines()))
        self.main.model.record_error(text)
        self._show_note(text)

    def on_jobs_ended(self, message: JobsEnded) -> None:
        self._notifier.jobs_ended(message.rows)

    def on_alarms_raised(self, message: AlarmsRaised) -> None:
        self._notifier.alarms_raised(message.found)

    def _show_notification(self, text: str) -> None:
        """Show a notification in the title until the terminal has the focus."""
        self._notification = text
        self._show_title()

    def on_escape_sequence_requested(self, message: EscapeSequenceRequested) -> None:
        self._write(message.sequence)

    def crash(self, error: Exception) -> None:
        """Exit because of an unexpected error. Call it in the event loop."""
        self._handle_exception(error)

    def panic(self, *renderables: RenderableType) -> None:
        """Exit after a crash, also where Textual would print text of its own."""
        self._fatal_error()

    def _fatal_error(self) -> None:
        """Exit after a crash. Textual's traceback would print values of variables, and one may be a key."""
        from fttui.config import crash

        if not self.crash_message:  # the first error is the cause
            self.crash_message = crash.report(self._exception or RuntimeError("Textual ended the program"))
        self._close_messages_no_wait()

    async def close(self) -> None:
        """Close the sessions. Jobs keep running."""
        await self._sessions.close()
