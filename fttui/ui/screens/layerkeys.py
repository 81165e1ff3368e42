"""What opens a layer over the panes, or speaks to the program as a whole: help, errors, profiles, the `:` line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.screen import Screen

from fttui.models.row import JobRow
from fttui.store.snapshot import Snapshot
from fttui.text import clean_line
from fttui.ui import commandline
from fttui.ui.commands import BY_ID, Command
from fttui.ui.messages import HoldAsked, ProfileChosen
from fttui.ui.panes.jobs import JobsPane
from fttui.ui.status import ALL, clock_time
from fttui.ui.widgets.prompt import PromptRow

if TYPE_CHECKING:
    _Screen = Screen[None]
else:
    _Screen = object


class LayerKeys(_Screen):
    """The part of the main screen that leads elsewhere."""

    jobs: JobsPane
    prompt: PromptRow
    _commands: tuple[Command, ...]
    _history: list[str]
    _troubles: list[tuple[float, str]]
    _snapshot: Snapshot
    _held: bool
    _watched: set[str]
    _now: Callable[[], float]

    if TYPE_CHECKING:

        def _show_status(self) -> None: ...
        def _targets(self) -> list[JobRow]: ...
        def _change_view(self, **members: object) -> None: ...
        def _go(self, pane: str) -> None: ...
        def _show_job(self) -> None: ...

    def action_command(self) -> None:
        def done(line: str, accepted: bool) -> None:
            if accepted and line.strip():
                self._history = [*(old for old in self._history if old != line), line][-100:]
                self.call_later(self._order, line)

        self.prompt.type(
            ":",
            "",
            lambda _: None,
            done,
            complete=lambda line: commandline.completions(line, self.jobs.list.keys, self.app.available_themes),
            history=self._history,
        )

    async def _order(self, line: str) -> None:
        """Do what a `:` line asks for."""
        try:
            order = commandline.parse(line)
            match order.word:
                case "filter":
                    self._change_view(filter=order.argument)
                case "sort":
                    field, descending = commandline.sort_of(order.argument)
                    self._change_view(sort=field, reverse=descending)
                case "columns":
                    self.jobs.show_columns(commandline.columns_of(order.argument))
                case "watch":
                    self._watched |= {row.id for row in self._targets() if row.status.is_live}
                    self.prompt.say(f"{len(self._watched)} watched: you will be told when they end", "dim")
                case "goto":
                    self._go_to(order.argument)
                case "theme":
                    if order.argument not in self.app.available_themes:
                        raise commandline.OrderError(f"themes: {', '.join(sorted(self.app.available_themes))}")
                    self.app.theme = order.argument
                case _:
                    await self._run_by_id(order.id)
        except commandline.OrderError as error:
            self.prompt.say(str(error), "warn")

    def _go_to(self, id: str) -> None:
        found = [key for key in self.jobs.list.keys if key == id or (id and key.endswith(id))]
        if not found:
            raise commandline.OrderError(f"no job shown here is called {id!r}")
        self.jobs.list.move_to_key(found[0])
        self._go("jobs")
        self._show_job()

    async def action_help(self) -> None:
        from fttui.ui.screens.pick import PickScreen, command_entries

        foot = "type to find · enter does it · esc or q leaves"
        await self.app.push_screen(PickScreen("Keys", command_entries(self._commands), foot), self._run_by_id)

    async def action_errors(self) -> None:
        from fttui.ui.screens.pick import Entry, PickScreen

        found = [*self._troubles, *((self._snapshot.as_of or self._now(), notice) for notice in self._snapshot.notices)]
        entries = [
            Entry(str(index), [(f" {clock_time(at)} ", "dim"), (text, "")], text)
            for index, (at, text) in enumerate(reversed(found))
        ]
        await self.app.push_screen(PickScreen("Errors", entries, "newest first · esc leaves", empty="none so far"))

    def action_hold(self) -> None:
        self._held = not self._held
        self.post_message(HoldAsked(self._held))
        self._show_status()

    async def action_profile(self) -> None:
        from fttui.config.files import ConfigError
        from fttui.config.settings import names
        from fttui.ui.screens.pick import Entry, PickScreen

        try:
            entries = [Entry(name, [(f" {name}", "bold")], name) for name in (*names(), ALL)]
        except ConfigError as error:
            self.prompt.say(clean_line(str(error)), "warn")
            return
        foot = "enter looks at it; scripts go on with the profile in use (fttui profile use)"
        await self.app.push_screen(PickScreen("Profiles", entries, foot), self._profile_chosen)

    def _profile_chosen(self, name: str | None) -> None:
        if name is not None:
            self.post_message(ProfileChosen(name))

    async def _run_by_id(self, id: str | None) -> None:
        if id is not None:
            await self.run_action(BY_ID[id].action)

    def action_theme(self) -> None:
        names = sorted(self.app.available_themes)
        self.app.theme = names[(names.index(self.app.theme) + 1) % len(names)]
        self.prompt.say(f"theme {self.app.theme}", "dim")
