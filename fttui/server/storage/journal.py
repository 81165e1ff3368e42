"""Journal: every change since the last copy of the database, one line for each transaction.

A line is written before its transaction is committed. The copy and the lines together give the whole database again.
Lines are not flushed to the disk: after a power cut the database itself is whole, and a new copy is made.
"""

import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from fttui import atomic, sqlite
from fttui.own_files import open_own
from fttui.sqlite import Change, Connection

_NUMBER = "SELECT value FROM meta WHERE key = 'changes'"


class Entry(NamedTuple):
    """Changes of one transaction."""

    number: int
    """Transactions are numbered; `meta` has the number of the last one."""
    version: int
    """Version of the schema that the statements are for."""
    changes: list[Change]


class Journal:
    """Journal at a path. It may be missing. The database lets only one thread at a time write."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file: int | None = None
        self._before: int | None = None
        """Size before the last line was written; None when nothing was written."""

    def append(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Write the changes of the transaction in progress, and number it."""
        self._before = None
        number = number_of(connection) + 1
        set_number(connection, number)
        body = json.dumps([number, sqlite.version(connection), changes], separators=(",", ":")).encode()
        line = memoryview(b"%08x %b\n" % (zlib.crc32(body), body))
        file = self._opened()
        self._before = os.fstat(file).st_size
        while line:
            line = line[os.write(file, line) :]

    def undo(self) -> None:
        """Remove the last line, which may be incomplete."""
        if self._before is not None:
            with suppress(OSError):  # `entries` prefers the next line with the same number
                os.ftruncate(self._opened(), self._before)

    def size(self) -> int:
        try:
            return os.path.getsize(self.path)
        except FileNotFoundError:
            return 0

    def entries(self) -> dict[int, Entry]:
        """Return the readable entries by number. When a number was used twice, the first transaction had failed."""
        try:
            with open(self.path, "rb") as file:
                return {entry.number: entry for entry in map(_entry, file) if entry is not None}
        except FileNotFoundError:
            return {}

    def keep(self, first: int, last: int) -> None:
        """Remove the entries outside these numbers. No transaction may be in progress."""
        kept = b"".join(self._lines(first, last))
        self.close()
        atomic.write(self.path, kept, sync=False)

    def _lines(self, first: int, last: int) -> Iterator[bytes]:
        try:
            with open(self.path, "rb") as file:
                for line in file:
                    entry = _entry(line)
                    if entry is not None and first <= entry.number <= last:
                        yield line
        except FileNotFoundError:
            return

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is None:
            self._file = open_own(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
            end = os.fstat(self._file).st_size
            if end and os.pread(self._file, 1, end - 1) != b"\n":
                os.write(self._file, b"\n")  # a killed service left the last line incomplete
        return self._file


def replay(connection: Connection, entries: dict[int, Entry]) -> int:
    """Perform the changes that the database does not have yet, as far as no number is missing. Return how many."""
    done = 0
    # A change that fails, which a sound journal does not have, ends the replay.
    with suppress(sqlite.Error):
        while (entry := entries.get(number_of(connection) + 1)) and entry.version == sqlite.version(connection):
            with sqlite.transaction(connection):
                for statement, values in entry.changes:
                    connection.execute(statement, values)
                set_number(connection, entry.number)
            done += 1
    return done


def number_of(connection: Connection) -> int:
    """Return the number of the last transaction."""
    return int(connection.execute(_NUMBER).fetchone()[0])


def set_number(connection: Connection, number: int) -> None:
    connection.execute("UPDATE meta SET value = ? WHERE key = 'changes'", (str(number),))


def _entry(line: bytes) -> Entry | None:
    try:
        if not line.endswith(b"\n") or int(line[:8], 16) != zlib.crc32(line[9:-1]):
            return None
        number, version, changes = json.loads(line[9:])
        return Entry(number, version, [(statement, values) for statement, values in changes])
    except (ValueError, TypeError):
        return None
