"""Routing of keys: the prompt first, then the controller of the active pane, then the screen's controllers."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping

from fttui.commands import Command
from fttui.ui.widgets.prompt import PromptRow

Handler = Callable[[], Awaitable[None] | None]
"""Runs a command. A handler that opens a screen is awaited, so that the next key reaches that screen."""
Handlers = Mapping[str, Handler]
"""Handlers by command id."""


class KeyRouter:
    """Finds the handler of a key. Keys are handled one after the other, in the order in which they were typed."""

    def __init__(
        self,
        commands: Iterable[Command],
        prompt: PromptRow,
        active_pane: Callable[[], str],
        by_pane: Mapping[str, Handlers],
        everywhere: Handlers,
        catch_up: Callable[[], None],
        ran: Callable[[str], object] = lambda _: None,
    ) -> None:
        """
        Args:
            by_pane: handlers of each pane, which come before those in `everywhere`.
            catch_up: called before keys that need the panes of the selected job to be drawn.
            ran: called with the id of each command that has run.
        """
        self._by_key = {key.strip(): command for command in commands for key in command.keys.split(",")}
        self._prompt = prompt
        self._active_pane = active_pane
        self._by_pane = by_pane
        self._everywhere = everywhere
        self._catch_up = catch_up
        self._ran = ran
        self._is_closed = False

    def handler(self, command_id: str, pane: str) -> Handler | None:
        """Return the handler of a command in a pane."""
        return self._by_pane.get(pane, {}).get(command_id) or self._everywhere.get(command_id)

    async def press(self, key: str, character: str | None) -> bool:
        """Handle a key. Return False for a key without a meaning here."""
        command = self._by_key.get(key) or self._by_key.get(character or "")
        # A burst of movement keys draws the panes once, at its end.
        if self._prompt.takes_keys or command is None or not command.id.startswith("move."):
            self._catch_up()
        if self._prompt.takes_keys and self._prompt.key(key, character):
            return True
        if command is None:
            return False
        if not self._is_closed:
            if not self._prompt.takes_keys:
                self._prompt.clear_message()
            await self.run(command.id)
        return True

    async def run(self, command_id: str) -> None:
        """Run a command in the active pane."""
        handler = self.handler(command_id, self._active_pane())
        if handler is not None and inspect.isawaitable(result := handler()):
            await result
        self._ran(command_id)

    def close(self) -> None:
        """Ignore the commands of all further keys, because the application exits."""
        self._is_closed = True
