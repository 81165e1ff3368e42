"""Rows of the archive whose checksum is wrong: a bit changed on the disk. They are left out and named once."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from fttui.checksums import row_sum
from fttui.text import clean_line

MOST_NAMED = 5
"""Most jobs and files that are named. A disk that fails may damage thousands."""

EVENT = "This event is damaged on the disk (checksum)."
"""Message in the place of a damaged event."""

LEFT_OUT = "What is damaged is left out. To fetch it again: fttui archive sync"
"""Consequence of damage in what a provider has."""


def is_sound(row: Sequence[Any]) -> bool:
    """Return whether the first value of a row is the checksum of the others, or None: an older version wrote it."""
    return row[0] is None or row[0] == row_sum(*row[1:])


def sum_stored(db: sqlite3.Connection, table: str, columns: str, rowid: int) -> None:
    """Write the checksum of a row as it is stored: SQLite changes types, such as an integer in a REAL column."""
    values = db.execute(f"SELECT {columns} FROM {table} WHERE rowid = ?", (rowid,)).fetchone()
    db.execute(f"UPDATE {table} SET sum = ? WHERE rowid = ?", (row_sum(*values), rowid))


class Damage:
    """Damage found since the archive was opened."""

    def __init__(self, notices: list[str]) -> None:
        """
        Args:
            notices: gets the messages for the user.
        """
        self._notices = notices
        self._named: set[tuple[str, str]] = set()
        self.is_found = False
        """What was read had damage."""
        self.is_quiet = False
        """No messages: the caller names all damage itself."""

    def sound(self, rows: Sequence[Any], what: str, owner: str) -> list[Any]:
        """Return the rows with a right checksum, without it. Name the owner of the others.

        Args:
            rows: checksum first, then the values that it covers.
            what: kind of the rows, in the plural.
            owner: id of a job or file.
        """
        found = [row[1:] for row in rows if is_sound(row)]
        if len(found) < len(rows):
            self.name(what, owner)
        return found

    def name(self, what: str, owner: str, then: str = LEFT_OUT) -> None:
        """Tell the user that `what` of a job or file is damaged, once.

        Args:
            then: one or two sentences about what follows from it.
        """
        self.is_found = True
        if self.is_quiet or (what, owner) in self._named or len(self._named) > MOST_NAMED:
            return
        self._named.add((what, owner))
        if len(self._named) > MOST_NAMED:
            which, then = "More of the archive", LEFT_OUT
        else:
            which = f"{what} of {clean_line(owner)}"
        self._notices.append(f"Damaged on the disk (checksum): {which}. {then}")
