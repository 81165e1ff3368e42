"""Commands that open the help and its pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fttui.commands import BY_ID, Command
from fttui.text import pad, wrap
from fttui.ui.cockpit.command_line import WORDS
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line

if TYPE_CHECKING:
    from textual.screen import Screen

TOPIC_PREFIX = "topic "
"""Begins the key of a topic."""
NAME_CELLS = 8
"""Cells of the names at the left of a page."""


class HelpCommands:
    """Opens the help of the active pane, and pages about commands, the command line and topics."""

    def __init__(
        self,
        screen: Screen[None],
        model: CockpitModel,
        glyphs: Glyphs,
        commands: tuple[Command, ...],
        active_pane: Callable[[], str],
        run_command: Callable[[str], Awaitable[None]],
        open_command_line: Callable[[str], None],
        refusal: Callable[[Command], str] | None = None,
    ) -> None:
        """
        Args:
            refusal: returns the reason why a command cannot run; without it, the model knows.
        """
        self._refusal = refusal or (lambda command: model.refusal(command.id, active_pane()))
        self._screen = screen
        self._model = model
        self._glyphs = glyphs
        self._commands = commands
        self._active_pane = active_pane
        self._run_command = run_command
        self._open_command_line = open_command_line

    @property
    def handlers(self) -> Handlers:
        return {"help": self.open}

    async def open(self) -> None:
        from fttui.ui.cockpit.help_items import browsed, searched
        from fttui.ui.cockpit.help_screen import HelpScreen

        pane = self._active_pane()
        by_section = browsed(self._commands, pane, self._refusal)
        screen = HelpScreen(pane, by_section, searched(self._commands, self._refusal), self._glyphs, self.open_page)
        await self._screen.app.push_screen(screen, self._chosen)

    def open_page(self, key: str) -> None:
        """Open the page of a command, of a word of the command line, or of a topic."""
        from fttui.config.paths import config_file
        from fttui.core import help_topics
        from fttui.ui.cockpit.help_items import page_of

        if key.startswith(TOPIC_PREFIX):
            name = key.removeprefix(TOPIC_PREFIX)
            width = help_topics.WIDTH
            self._show_page(
                help_topics.title(name),
                lambda cells: _text_lines(help_topics.text(name, cells=min(cells, width))),
            )
        else:
            title, rows = page_of(key, self._commands, self._refusal, config_file())
            self._show_page(title, lambda cells: _row_lines(rows, cells, NAME_CELLS))

    def open_words(self) -> None:
        """Open the page of the command line."""
        rows = [(f":{word}", takes) for word, takes in WORDS.items()]
        rows += [("", ""), *((f":{command.id}", command.title) for command in self._commands)]
        cells_of_name = max(len(name) for name, _ in rows)
        self._show_page("commands after :", lambda cells: _row_lines(rows, cells, cells_of_name))

    def _show_page(self, title: str, build: Callable[[int], list[Line]]) -> None:
        from fttui.ui.cockpit.page_screen import PageScreen

        app = self._screen.app
        self._screen.call_later(lambda: app.push_screen(PageScreen(title, build, self._glyphs)))

    async def _chosen(self, key: str | None) -> None:
        """Run a command; let the user complete a word of the command line."""
        if key in BY_ID:
            await self._run_command(key)
        elif key is not None:
            self._open_command_line(f"{key[1:]} ")


def _text_lines(text: str) -> list[Line]:
    return [[(f" {line}", "")] for line in text.split("\n")]


def _row_lines(rows: list[tuple[str, str]], cells: int, cells_of_name: int) -> list[Line]:
    lines: list[Line] = []
    for name, text in rows:
        for index, line in enumerate(wrap(text, cells - cells_of_name - 3)):
            lines.append([(f" {pad('' if index else name, cells_of_name)}  ", "key"), (line, "")])
    return lines
