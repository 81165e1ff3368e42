"""Commands of the application: errors, profiles, themes, refresh, suspend and quit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from operator import itemgetter
from typing import TYPE_CHECKING

from fttui.text import clean_line, middle_cut, pad, width, wrap
from fttui.ui.cockpit.command_line import CommandError, seconds_of, unknown_name
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import Part
from fttui.ui.cockpit.pane_controller import ControllerContext
from fttui.ui.messages import (
    HoldRequested,
    IntervalRequested,
    ProfileChosen,
    RedrawRequested,
    RefreshRequested,
    SaveViewRequested,
)
from fttui.ui.notifications import watch_note
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, cut
from fttui.ui.render.status_line import ALL, clock_time
from fttui.ui.terminal import fallbacks

if TYPE_CHECKING:
    from textual.screen import Screen

    from fttui.core.profile_list import ProfileSummary


class AppCommands:
    """Opens screens over the cockpit and sends messages to the application."""

    def __init__(
        self,
        screen: Screen[None],
        context: ControllerContext,
        glyphs: Glyphs,
        *,
        run_command: Callable[[str], Awaitable[None]],
        load_files: Callable[[], None],
    ) -> None:
        """
        Args:
            screen: used to open screens and to post messages.
            run_command: runs a command by its id.
        """
        self._screen = screen
        self._model, self._presenter, self._layout, self._prompt = context
        self._glyphs = glyphs
        self._run_command = run_command
        self._load_files = load_files

    @property
    def handlers(self) -> Handlers:
        return {
            "errors": self._errors,
            "profile": self._choose_profile,
            "theme.next": self._next_theme,
            "refresh": self._refresh,
            "refresh.hold": self._toggle_hold,
            "suspend": lambda: self._screen.app.action_suspend_process(),
            "redraw": self.redraw,
            "quit": self._quit,
        }

    # Screens

    async def _errors(self) -> None:
        from fttui.ui.picker import Entry, PickScreen

        entries = []
        errors = sorted([*self._model.errors(), *fallbacks.faults], key=itemgetter(0))
        for number, (at, text) in enumerate([*self._model.alarm_lines(), *reversed(errors)]):
            head = f" {clock_time(at)} "
            for line, piece in enumerate(wrap(text, max(20, self._screen.size.width - len(head) - 1))):
                lead = " " * len(head) if line else head
                entries.append(Entry(f"{number}.{line}", [(lead, "dim"), (piece, "")], text))
        foot = "alarms, then errors, newest first · esc closes"
        picker = PickScreen("Alarms and errors", entries, foot, empty="no alarms and no errors")
        await self._screen.app.push_screen(picker)

    # Profile and theme

    async def _choose_profile(self) -> None:
        from fttui.config.errors import ConfigError
        from fttui.core.profile_list import ProfileSummary, profile_list
        from fttui.ui.picker import Entry, PickScreen

        try:
            profiles = profile_list(self._model.now())
        except ConfigError as error:
            self._prompt.show_message(clean_line(str(error)), "warn")
            return
        profiles.append(ProfileSummary(ALL, f"the jobs of {len(profiles)} services in one list", ""))
        cells = self._screen.size.width
        entries = [Entry(each.name, profile_line(each, cells), f"{each.name} {each.address}") for each in profiles]
        foot = "type to filter · enter switches the cockpit (not scripts) · esc closes"
        await self._screen.app.push_screen(PickScreen("Profiles", entries, foot), self._profile_chosen)

    def _profile_chosen(self, name: str | None) -> None:
        if name is not None:
            self.use_profile(name)

    def use_profile(self, name: str) -> None:
        """Switch the cockpit to another profile."""
        self._screen.post_message(ProfileChosen(name))

    def watch_runs(self, path: str) -> None:
        """Switch the cockpit to the runs below a path, without it below the working directory.

        Raises:
            CommandError: there is nothing at the path.
        """
        from fttui.runs.place import exists, url_of

        if not exists(path or "."):
            raise CommandError(f"{clean_line(path) or 'The working directory'} does not exist.")
        self.use_profile(url_of([path or "."]))

    def use_theme(self, name: str) -> None:
        """Change the theme.

        Raises:
            CommandError: no theme has this name.
        """
        app = self._screen.app
        if name not in app.available_themes:
            raise CommandError(unknown_name("theme", name, app.available_themes))
        app.theme = name
        self._prompt.show_message(f"Theme: {name}", "dim")

    def _next_theme(self) -> None:
        names = sorted(self._screen.app.available_themes)
        self.use_theme(names[(names.index(self._screen.app.theme) + 1) % len(names)])

    # Refresh

    def _refresh(self) -> None:
        self._screen.post_message(RefreshRequested())
        self._load_files()

    def _toggle_hold(self) -> None:
        self._model.is_held = not self._model.is_held
        self._screen.post_message(HoldRequested(self._model.is_held))
        self._presenter.draw(Part.STATUS)

    def use_interval(self, argument: str) -> None:
        """Change the seconds between two polls.

        Raises:
            CommandError: the argument is not a number of seconds in the allowed range.
        """
        seconds = seconds_of(argument)
        self._screen.post_message(IntervalRequested(seconds))
        self._prompt.show_message(f"Polling every {seconds:g} s while a job is active.", "dim")

    # Other

    def save_filter(self) -> None:
        """Save the filter and the status for the next start."""
        model, view = self._model, self._model.view
        model.saved = model.saved._replace(filter=view.current.filter, status=view.current.status)
        self._screen.post_message(SaveViewRequested())
        self._prompt.show_message(f"Saved: {view.description or 'all jobs'}, {view.order(self._glyphs)}", "dim")

    def watch(self) -> None:
        """Notify the user when the marked jobs, or the selected one, have ended."""
        rows = self._model.chosen()
        self._model.watch(rows)
        self._prompt.show_message(watch_note(rows), "dim")

    def redraw(self) -> None:
        """Draw the whole screen again."""
        self._screen.post_message(RedrawRequested())

    async def _quit(self) -> None:
        """Close the top layer; without one, exit."""
        if self._layout.is_layer_open:
            await self._run_command("back")
        else:
            await self._screen.app.action_quit()


NAME_CELLS = 13
"""Cells of a profile's name."""


def profile_names() -> list[str]:
    """Return the names of the profiles, and of the view that shows all of them.

    Raises:
        ConfigError: `config.toml` cannot be read.
    """
    from fttui.config import load

    return [*load.profile_names(), ALL]


def profile_line(profile: ProfileSummary, cells: int) -> Line:
    """Build the line of a profile: name, address, and what is known. A long address loses its middle."""
    name, known = pad(profile.name, NAME_CELLS), profile.known
    room = cells - NAME_CELLS - 4 - width(known)
    address = pad(middle_cut(profile.address, max(10, room)), max(0, room))
    return cut([(f" {name} ", "bold"), (f"{address} ", ""), (known, "dim")], cells)
