"""Progress of a start that takes long: check and repair of a large database. Programs that wait see the file change."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress

from fttui.own_files import open_own

log = logging.getLogger("fttui.server")

Tick = Callable[[], int]
"""Function that is called for every piece of work. It returns 0, which tells SQLite to continue."""
STEP = 200_000
"""Instructions of SQLite in a piece of work: some tenths of a second."""
EVERY = 0.5
"""Seconds between two changes of the file."""


def never() -> int:
    """Do nothing."""
    return 0


class StartProgress:
    """File that changes as long as the start makes progress. A failing disk is no reason to fail here."""

    def __init__(self, path: str, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._now = now
        self._next = 0.0
        self._count = 0

    def tick(self) -> int:
        """Note a piece of work. Return 0, which tells SQLite to continue."""
        if (now := self._now()) >= self._next:
            self._next = now + EVERY
            if not self._count:
                log.info("checking a large database")
            self._count += 1
            with suppress(OSError):
                file = open_own(self._path, os.O_WRONLY | os.O_CREAT)
                try:
                    os.write(file, f"{os.getpid()} {self._count}\n".encode())
                finally:
                    os.close(file)
        return 0

    def end(self) -> None:
        """Remove the file: the start has ended."""
        with suppress(OSError):
            os.unlink(self._path)
