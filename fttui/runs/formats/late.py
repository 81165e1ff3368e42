"""A format whose module is imported when a directory has one of its files. Standard library only.

The first look at a directory waits for imports, and most directories have the files of one or two libraries.
"""

from collections.abc import Callable, Sequence
from functools import cached_property

from fttui.runs.formats.base import Format, Reader, Source


class LateFormat:
    """A format by the names of its files."""

    def __init__(self, name: str, marks: tuple[str, ...], make: Callable[[], Format]) -> None:
        """
        Args:
            marks: parts of names. A directory without a name that has one of them has no source of the format.
            make: imports the format.
        """
        self.name = name
        self._marks = marks
        self._make = make

    @cached_property
    def _format(self) -> Format:
        return self._make()

    def sources(self, directory: str, names: Sequence[str]) -> list[Source]:
        if not any(mark in name for name in names for mark in self._marks):
            return []
        return self._format.sources(directory, names)

    def watched(self, source: Source) -> Sequence[str]:
        return self._format.watched(source)

    def reader(self, source: Source) -> Reader:
        return self._format.reader(source)
