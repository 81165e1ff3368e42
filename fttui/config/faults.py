"""Faults of configuration files, and the message about all of them. Standard library only."""

import os
from collections.abc import Sequence

from fttui.config.errors import ConfigError
from fttui.lean_typing import NamedTuple
from fttui.text import clean_line

Place = tuple[str, ...]
"""Path of a setting in a file: the names of its tables and its own name."""

MOST_NAMED = 50
"""Number of faults above which a message does not name all of them."""


class Fault(NamedTuple):
    """A wrong setting."""

    place: Place
    reason: str
    """Half a sentence, without the setting's value."""
    label: str = ""
    """The name for the user, if it is not the place."""

    def __str__(self) -> str:
        return f"{self.label or '.'.join(self.place)}: {self.reason}"


class FileFaults(NamedTuple):
    """The faults of one file."""

    path: str
    content: str
    faults: Sequence[Fault]
    unreadable: str = ""
    """Reason why the file could not be read at all."""

    def sentences(self) -> list[str]:
        """Return one sentence for each fault, with file and line, by line."""
        from fttui.config.toml_lines import key_lines, line_of

        name = os.path.basename(self.path)
        lines = key_lines(self.content) if self.faults else {}
        found = [(line_of(lines, fault.place) or 0, str(fault)) for fault in self.faults]
        found.sort(key=lambda item: item[0])
        sentences = [f"{name}, line {line}: {fault}" if line else f"{name}: {fault}" for line, fault in found]
        return [clean_line(sentence) for sentence in ([self.unreadable] if self.unreadable else sentences)]


def error_of(files: Sequence[FileFaults]) -> ConfigError:
    """Return the error about all faults of the configuration files: one line each, then the paths of the files."""
    sentences = [sentence for file in files for sentence in file.sentences()]
    paths = [clean_line(file.path) for file in files if not file.unreadable]
    foot = [f"{'File' if len(paths) == 1 else 'Files'}: {', '.join(paths)}"] if paths else []
    if len(sentences) == 1:
        return ConfigError("\n".join((*sentences, *foot)))
    more = len(sentences) - MOST_NAMED
    rest = [f"and {more} more"] if more > 0 else []
    return ConfigError("\n".join((f"{len(sentences)} settings cannot be used:", *sentences[:MOST_NAMED], *rest, *foot)))
