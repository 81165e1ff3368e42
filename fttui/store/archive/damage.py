"""Rows of the archive whose checksum is wrong: a bit changed on the disk. They are left out and named once."""

from collections.abc import Sequence
from typing import Any

from fttui.checksums import row_sum
from fttui.text import clean_line

MOST_NAMED = 5
"""Most jobs and files that are named. A disk that fails may damage thousands."""

EVENT = "This event is damaged on the disk (checksum)."
"""Message in the place of a damaged event."""


def is_sound(row: Sequence[Any]) -> bool:
    """Return whether the first value of a row is the checksum of the others, or None: an older version wrote it."""
    return row[0] is None or row[0] == row_sum(*row[1:])


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
        """Something damaged was left out of what was read."""
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

    def name(self, what: str, owner: str) -> None:
        """Tell the user that `what` of a job or file is damaged, once."""
        self.is_found = True
        if self.is_quiet or (what, owner) in self._named or len(self._named) > MOST_NAMED:
            return
        self._named.add((what, owner))
        which = "More of the archive" if len(self._named) > MOST_NAMED else f"{what} of {clean_line(owner)}"
        self._notices.append(
            f"Damaged on the disk (checksum): {which}. What is damaged is left out. "
            "To fetch it again: fttui archive sync"
        )
