"""Pace of live drawing over a slow link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fttui.ui.workers import start_worker

if TYPE_CHECKING:
    from textual.screen import Screen

EVERY = 5.0
"""Seconds between two drawings of chart and log that nobody asked for by a key: each takes about 1.5 kB."""


class DrawingPace:
    """Limits a drawing to once in `EVERY` seconds. The newest state is drawn in the end."""

    def __init__(
        self,
        screen: Screen[None],
        is_slow: Callable[[], bool],
        draw: Callable[[], object],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """
        Args:
            screen: used for a worker only.
            is_slow: tells whether the link is slow. Over a fast one everything is drawn at once.
        """
        self._screen = screen
        self._is_slow = is_slow
        self._draw = draw
        self._sleep = sleep
        self._is_resting = self._is_asked = False

    def ask(self) -> None:
        """Draw now, or at the end of the rest after the last drawing."""
        if not self._is_slow():
            self._draw()
        elif self._is_resting:
            self._is_asked = True
        else:
            self._is_resting = True
            self._draw()
            start_worker(self._screen, self._rest, group="pace")

    async def _rest(self) -> None:
        await self._sleep(EVERY)
        while self._is_asked:
            self._is_asked = False
            self._draw()
            await self._sleep(EVERY)
        self._is_resting = False
