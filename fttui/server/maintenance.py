"""Regular duties of a running service. A duty that fails is logged and tried again, and does not end the others."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

from fttui.clock import Clock

CHECK_INTERVAL = 0.5
"""Seconds between two rounds of the duties."""

log = logging.getLogger("fttui.server")


class Duty(NamedTuple):
    """Regular piece of work."""

    words: str
    """Its work in words, for the log."""
    do: Callable[[], Awaitable[None]]
    every: float = CHECK_INTERVAL
    """Seconds between two runs, a multiple of `CHECK_INTERVAL`."""


def in_thread(words: str, do: Callable[[], None], every: float = CHECK_INTERVAL) -> Duty:
    """Return a duty that waits for the disk, and therefore runs in a thread."""
    return Duty(words, partial(asyncio.to_thread, do), every)


async def maintain(duties: Sequence[Duty], clock: Clock) -> None:
    """Do each duty when it is due, one after another, until cancelled. The first round is after `CHECK_INTERVAL`."""
    faults: dict[str, str] = {}
    rounds = 0
    while True:
        await clock.sleep(CHECK_INTERVAL)
        rounds += 1
        for duty in duties:
            if rounds * CHECK_INTERVAL % duty.every == 0:
                await _guarded(duty, faults)


async def _guarded(duty: Duty, faults: dict[str, str]) -> None:
    """Do a duty.

    Args:
        faults: last failure of each duty, so that the log has a lasting failure once.
    """
    try:
        await duty.do()
    except Exception as error:
        fault = repr(error)
        if faults.get(duty.words) != fault:
            log.exception("failed to %s; trying again", duty.words)
        faults[duty.words] = fault
    else:
        faults.pop(duty.words, None)
