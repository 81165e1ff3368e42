"""What opens a layer over the panes, or speaks to the program as a whole: help, errors, profiles, themes."""

from __future__ import annotations

from fttui.commands import BY_ID
from fttui.text import clean_line, wrap
from fttui.ui.cockpit.desk import Desk
from fttui.ui.messages import HoldAsked, ProfileChosen, RefreshAsked
from fttui.ui.render.status_line import ALL, clock_time


class LayerKeys(Desk):
    """The part of the main screen that leads elsewhere."""

    async def action_help(self) -> None:
        from fttui.ui.cockpit.help_entries import command_entries, word_entries
        from fttui.ui.picker import PickScreen

        foot = "type to find · enter does it · esc leaves"
        entries = [*command_entries(self._commands, self.refusal), *word_entries()]
        await self.app.push_screen(PickScreen("Keys", entries, foot), self._run_by_id)

    async def _run_by_id(self, id: str | None) -> None:
        """Do a command; of a word of the `:` line, let its argument be typed."""
        if id is not None:
            await self.run_action(BY_ID[id].action if id in BY_ID else f"command('{id} ')")

    async def action_errors(self) -> None:
        from fttui.ui.picker import Entry, PickScreen

        found = [*self._troubles, *((self._snapshot.as_of or self._now(), notice) for notice in self._snapshot.notices)]
        entries = []
        for number, (at, text) in enumerate(reversed(found)):
            head = f" {clock_time(at)} "
            for line, piece in enumerate(wrap(text, max(20, self.size.width - len(head) - 1))):
                lead = " " * len(head) if line else head
                entries.append(Entry(f"{number}.{line}", [(lead, "dim"), (piece, "")], text))
        await self.app.push_screen(PickScreen("Errors", entries, "newest first · esc leaves", empty="none so far"))

    async def action_profile(self) -> None:
        from fttui.config.errors import ConfigError
        from fttui.config.load import profile_names
        from fttui.ui.picker import Entry, PickScreen

        try:
            entries = [Entry(name, [(f" {name}", "bold")], name) for name in (*profile_names(), ALL)]
        except ConfigError as error:
            self.prompt.say(clean_line(str(error)), "warn")
            return
        foot = "type to find · enter looks at it, scripts go on as before · esc leaves"
        await self.app.push_screen(PickScreen("Profiles", entries, foot), self._profile_chosen)

    def _profile_chosen(self, name: str | None) -> None:
        if name is not None:
            self.post_message(ProfileChosen(name))

    def action_refresh_now(self) -> None:
        self.post_message(RefreshAsked())
        self._ask_for_files()

    def action_hold(self) -> None:
        self._held = not self._held
        self.post_message(HoldAsked(self._held))
        self._show_status()

    def action_theme(self) -> None:
        names = sorted(self.app.available_themes)
        self._use_theme(names[(names.index(self.app.theme) + 1) % len(names)])

    def _use_theme(self, name: str) -> None:
        self.app.theme = name
        self.prompt.say(f"theme {name}", "dim")
