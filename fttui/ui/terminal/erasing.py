"""Erasing of blank cells: whether the terminal fills them with the background colour."""

import os
import sys
from collections.abc import Mapping


def erases_to_background(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether erased cells get the current background colour, as the terminfo database says.

    Without an entry, or without the database, they may get the terminal's own.
    """
    try:
        import curses
    except ImportError:  # Python was built without it
        return False
    try:
        curses.setupterm(environment.get("TERM", "dumb"), sys.__stderr__.fileno() if sys.__stderr__ else -1)
    except (curses.error, OSError, ValueError):
        return False
    return curses.tigetflag("bce") == 1 and curses.tigetstr("ech") == b"\x1b[%p1%dX"
