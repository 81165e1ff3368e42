"""Garbage collection at the start and at the end of the program. Standard library only.

A start creates objects that stay, and a search finds nothing among them. Python would search after every 700 new
objects, a tenth of the time of a short command, and several times at its end, a sixth.
"""

import gc

_USUAL = gc.get_threshold()
DELAYED = 50_000
"""New objects after which a start searches. They take a few megabytes."""


def delay() -> None:
    """Search seldom, until `resume`. A command that never calls `resume` still frees its garbage."""
    gc.set_threshold(DELAYED)


def stop() -> None:
    """Do not search at all, until `resume`."""
    gc.disable()


def resume() -> None:
    """Search as usual, but never again among the objects that exist now. Without `delay` or `stop` before: nothing."""
    if gc.isenabled() and gc.get_threshold() == _USUAL:
        return
    gc.freeze()
    gc.set_threshold(*_USUAL)
    gc.enable()


def end() -> None:
    """Prepare the end of the program, which frees the objects in any case."""
    gc.freeze()
