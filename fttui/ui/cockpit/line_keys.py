"""The `:` line: what is typed there is read by `commandline` and done here."""

from __future__ import annotations

from fttui.ui.cockpit import command_line
from fttui.ui.cockpit.copy_keys import CopyKeys
from fttui.ui.cockpit.layer_keys import LayerKeys
from fttui.ui.messages import IntervalAsked, ProfileChosen, SaveAsked
from fttui.ui.render.status_line import ALL

HINTS = 12
"""Completions that are named while one types."""
HISTORY = 100
"""Lines that are remembered while the cockpit is open."""


class LineKeys(CopyKeys, LayerKeys):
    """The part of the main screen that takes commands by name."""

    def action_command(self, line: str = "") -> None:
        """Let a command be typed; `line` stands there at first."""

        def done(line: str, accepted: bool) -> None:
            if accepted and line.strip():
                self._history = [*(old for old in self._history if old != line), line][-HISTORY:]
                self.call_later(self._order, line)

        complete, history = self._completions, self._history
        self.prompt.type(":", line, lambda _: None, done, complete=complete, history=history, hint=self._hint)

    def _hint(self, line: str) -> str:
        """What the line may become, or what its word takes."""
        found = self._completions(line) if line else []
        head = line.rpartition(" ")[0]
        words = [text.removeprefix(head).strip() for text in found if text.strip() != line.strip()]
        return "  ".join(words[:HINTS]) or command_line.WORDS.get(line.partition(" ")[0], "")

    def _completions(self, line: str) -> list[str]:
        from fttui.config.errors import ConfigError
        from fttui.config.load import profile_names

        try:
            profiles = [*profile_names(), ALL] if line.startswith("profile ") else []
        except ConfigError:
            profiles = []
        return command_line.completions(
            line, {"goto": self.jobs.list.keys, "theme": self.app.available_themes, "profile": profiles}
        )

    async def _order(self, line: str) -> None:
        """Do what a `:` line asks for."""
        try:
            order = command_line.parse(line)
            if order.id:
                await self._run_by_id(order.id)
            else:
                self._do(order.word, order.argument)
        except command_line.OrderError as error:
            self.prompt.say(str(error), "warn")

    def _do(self, word: str, argument: str) -> None:
        match word:
            case "filter":
                self._change_view(filter=argument)
            case "sort":
                field, descending = command_line.sort_of(argument)
                self._change_view(sort=field, reverse=descending)
            case "columns":
                self.jobs.show_columns(command_line.columns_of(argument))
            case "watch":
                self._watched |= {row.id for row in self._targets() if row.status.is_live}
                self.prompt.say(f"{len(self._watched)} watched: you will be told when they end", "dim")
            case "goto":
                self._go_to(argument)
            case "theme":
                if argument not in self.app.available_themes:
                    raise command_line.OrderError(command_line.no_theme(argument, self.app.available_themes))
                self._use_theme(argument)
            case "profile":
                self.post_message(ProfileChosen(argument))
            case "interval":
                seconds = command_line.seconds_of(argument)
                self.post_message(IntervalAsked(seconds))
                self.prompt.say(f"asks every {seconds:g} s while a job is live", "dim")
            case "export":
                self._order_export(argument)
            case "w":
                self._save()

    def _save(self) -> None:
        """Remember what narrows the list as well, from now on; the rest is remembered anyway."""
        self._saved = self._saved._replace(filter=self._list.view.filter, status=self._list.view.status)
        self.post_message(SaveAsked())
        self.prompt.say(f"saved: {self._list.words or 'all jobs'}, {self._list.order(self._glyphs)}", "dim")

    def _go_to(self, id: str) -> None:
        keys = self.jobs.list.keys
        found = [key for key in keys if key == id] or [key for key in keys if id and id.lstrip(".") in key]
        if not found:
            raise command_line.OrderError(f"no job shown here is called {id!r}")
        if len(found) > 1:
            raise command_line.OrderError(f"{len(found)} jobs shown here have {id!r} in their id")
        self.jobs.list.move_to_key(found[0])
        self._go("jobs")
        self._show_job()
