"""Progress of long file operations, shown on stderr."""

import os
from collections.abc import Callable

from fttui.cli.output import say_progress
from fttui.text import size_words

LARGE = 1 << 22
"""Smallest size of a file, in bytes, for which an operation without the network shows its progress."""


def file_progress(path: str, verb: str, *, min_size: int = 1) -> Callable[[int, int], None]:
    """Return a callback for progress in bytes. It shows the percentage for files of at least `min_size` bytes."""
    name = os.path.basename(path)

    def show(done: int, size: int) -> None:
        if size >= min_size:
            say_progress(f"{verb} {name}: {100 * done // size} % of {size_words(size)}")

    return show
