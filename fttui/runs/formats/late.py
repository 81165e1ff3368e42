"""A format whose module is imported when a directory has one of its files. Standard library only.

The first look at a directory waits for imports, and most directories have the files of one or two libraries.
"""

from collections.abc import Sequence
from functools import cached_property
from importlib import import_module

from fttui.runs.formats.base import Format, Reader, Source


class LateFormat:
    """A format by the names of its files."""

    def __init__(self, name: str, marks: tuple[str, ...], place: str) -> None:
        """
        Args:
            marks: parts of names. A directory without a name that has one of them has no source of the format.
            place: `module:class` of the format in this package.
        """
        self.name = name
        self._marks = marks
        self._place = place

    @cached_property
    def _format(self) -> Format:
        module, _, name = self._place.partition(":")
        format: Format = getattr(import_module(f"{__package__}.{module}"), name)()
        return format

    def sources(self, directory: str, names: Sequence[str]) -> list[Source]:
        if not any(mark in name for name in names for mark in self._marks):
            return []
        return self._format.sources(directory, names)

    def watched(self, source: Source) -> Sequence[str]:
        return self._format.watched(source)

    def reader(self, source: Source) -> Reader:
        return self._format.reader(source)
