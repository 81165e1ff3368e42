"""Copy of the database, made while the service runs. With the journal it replaces a lost or damaged database."""

import os
import threading
from contextlib import closing, suppress

from fttui import atomic, sqlite
from fttui.clock import Clock
from fttui.server.storage import checksums
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.journal import Journal, number_of
from fttui.server.storage.start_progress import STEP, Tick, never

INTERVAL = 60.0
"""Seconds between copies of a small database that changes."""
LARGEST_SHARE = 0.02
"""Share of the time that copies of a large database may take."""
QUICK = 1.0
"""Longest time of a copy, in seconds, that is made while the service ends."""
SMALL = 16 << 20
"""Size of the largest database that is copied while the service ends."""
LARGEST_JOURNAL = 32 << 20
"""Size of the journal above which a copy is made at once."""


class SafetyCopy:
    """Copy of an open database. Its methods may be called from any thread."""

    def __init__(self, database: ServiceDatabase, path: str, journal: Journal, clock: Clock, copied: int = -1) -> None:
        """
        Args:
            copied: number of the last change in the copy; -1 when there is none.
        """
        self._database = database
        self._path = path
        self._journal = journal
        self._clock = clock
        self._copied = copied
        self._took = 0.0
        """Seconds that the last copy took."""
        self._next = 0.0
        self._making = threading.Lock()
        self._ending = threading.Event()

    def make_due(self) -> str:
        """Make a copy when it is due. Return what `make` returns."""
        if self._clock.monotonic() < self._next and self._journal.size() < LARGEST_JOURNAL:
            return ""
        return self.make()

    def make_last(self) -> str:
        """Make a copy before the database is closed, if it takes little time. The journal has what is missing.

        A copy that another thread makes is given up.

        Returns:
            What is wrong with the database, as far as it was checked.
        """
        self._ending.set()
        with self._making:
            self._ending.clear()
        if self._took < QUICK and os.path.getsize(self._database.path) < SMALL:
            return self.make()
        return ""

    def make(self, tick: Tick = never) -> str:
        """Make a copy, unless the last one is still up to date. A damaged database does not replace a sound copy.

        Args:
            tick: called for every piece of work.

        Returns:
            What is wrong with the database; an empty string when it is sound.

        Raises:
            OSError: the disk fails. The last copy stays.
        """
        with self._making:
            return self._make(tick)

    def _make(self, tick: Tick) -> str:
        number = self._database.number
        if number == self._copied:
            return ""
        began = self._clock.monotonic()
        new = f"{self._path}.new"
        try:
            for path in (new, f"{new}-journal"):
                with suppress(FileNotFoundError):
                    os.unlink(path)
            self._database.copy_to(new)
            number, wrong = self._checked(new, tick)
            if wrong or self._ending.is_set():
                return wrong
            os.replace(new, self._path)
            atomic.sync_directory(os.path.dirname(self._path))
        finally:
            with suppress(FileNotFoundError):
                os.unlink(new)
        with self._database.paused():
            self._journal.keep(number + 1, self._database.number)
        self._copied = number
        self._took = self._clock.monotonic() - began
        self._next = began + max(INTERVAL, self._took / LARGEST_SHARE)
        return ""

    def _checked(self, path: str, tick: Tick) -> tuple[int, str]:
        """Return the number of the last change in a new copy, and what is wrong with it."""
        with sqlite.as_os_error(os.path.basename(path)), closing(sqlite.connect(path)) as copy:
            # A true value ends the statement.
            copy.set_progress_handler(lambda: self._ending.is_set() or tick(), STEP)
            try:
                wrong = checksums.damage(copy)
                return number_of(copy), wrong
            except sqlite.Error as error:
                if self._ending.is_set():
                    return -1, ""
                if sqlite.is_corrupt(error):
                    return -1, str(error)
                raise
