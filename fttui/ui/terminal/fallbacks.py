"""Faults of the fast ways of drawing. They use private names of Textual; the first fault of a way switches it off.

The list of errors shows the faults: the frames afterwards are right, but drawn in Textual's slower way.
"""

import time

STRUCTURAL = (AttributeError, LookupError, TypeError, ValueError)
"""Errors that say that Textual has a different structure than expected."""

faults: list[tuple[float, str]] = []
"""Faults of this process, each with its time in Unix seconds, oldest first."""


def give_up(way: str, error: Exception) -> None:
    """Note that a way of drawing, given in words, is switched off."""
    faults.append((time.time(), f"Slower from now on: {way} was switched off by {error!r}"))
