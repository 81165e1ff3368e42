"""Export of a pane: asks for a path, picks the format and writes the file."""

import os
from collections.abc import Callable
from functools import partial

from fttui import atomic
from fttui.lean_typing import NamedTuple
from fttui.ui.cockpit.command_line import CommandError
from fttui.ui.cockpit.pane_export import shown_path
from fttui.ui.widgets.prompt import PromptRow

MOST_EVENTS = 1_000_000
"""Largest number of events in an exported or copied log."""
FORMATS = ("csv", "json", "jsonl", "log")


class Exportable(NamedTuple):
    """Content of a pane that can be written to a file."""

    pane: str
    formats: tuple[str, ...]
    """Formats of the pane, the default first."""
    name: Callable[[], str]
    """Returns the default file name without its extension; empty when there is nothing to export."""
    content: Callable[[str], str]
    """Returns the content in a format."""


class Exporter:
    """Writes one pane to files."""

    def __init__(self, prompt: PromptRow, source: Exportable) -> None:
        self._prompt = prompt
        self._source = source

    def ask(self) -> None:
        """Ask for a path and write the file. The extension decides the format."""
        if name := self._source.name():
            suggestion = f"{name}.{self._source.formats[0]}".replace("/", "-")
            self._prompt.read_path("write to: ", suggestion, self._write)
        else:
            self._prompt.show_message("No job is selected.", "warn")

    def run(self, argument: str) -> None:
        """Run `:export [FORMAT] [PATH]`.

        Raises:
            CommandError: the pane does not have this format.
        """
        word, _, rest = argument.partition(" ")
        format = word if word in FORMATS else ""
        path = rest.strip() if format else argument
        if format and format not in self._source.formats:
            raise CommandError(self._refusal())
        if word and not format and not set(word) & set("./~"):
            raise CommandError(f"{word} is no format. {self._refusal()}")
        if path and self._source.name():
            self._prompt.confirm_path(path, partial(self._write, format=format))
        else:
            self.ask()

    def _refusal(self) -> str:
        return f"The {self._source.pane} pane can be written as {' or '.join(self._source.formats)}."

    def _write(self, path: str, format: str = "") -> None:
        extension = os.path.splitext(path)[1].removeprefix(".").lower()
        formats = self._source.formats
        if extension and not format and extension not in formats:
            self._prompt.show_message(f"Not written: {extension} is no format. {self._refusal()}", "warn")
            return
        content = self._source.content(format or extension or formats[0])
        try:
            with atomic.writing(path, overwrite=True) as file:
                file.write(content.encode())
        except OSError as error:
            self._prompt.show_message(f"Cannot write ({error.strerror or error}): {path}", "warn")
        else:
            self._prompt.show_message(f"Wrote {shown_path(path)}")
