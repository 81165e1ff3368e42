"""Pilot that waits for the tasks of the event loop, not for a time in which the process used little CPU."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from textual.app import App
from textual.pilot import Pilot

MOST_FRAMES = 20
"""Frames that a pause draws at most. A widget that changes with every frame must not stop a test."""
MOST_LOOKS = 500
"""How often a pause looks, a millisecond apart, whether the threads are through. A test may block one on purpose."""


class Threads(ThreadPoolExecutor):
    """Default executor of an event loop that knows the calls that have not returned."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: set[Future[Any]] = set()

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:  # type: ignore[override]
        call = super().submit(*args, **kwargs)
        self.calls.add(call)
        call.add_done_callback(self.calls.discard)
        return call


class QuietPilot(Pilot[None]):
    """Pilot whose pause ends when all tasks wait for a timer or for the network, and the last frame is drawn."""

    def __init__(self, app: App[Any]) -> None:
        super().__init__(app)
        self._threads = Threads()
        asyncio.get_running_loop().set_default_executor(self._threads)

    async def _wait_for_screen(self, timeout: float = 30.0) -> bool:
        loop = asyncio.get_running_loop()
        end, patience = loop.time() + timeout, MOST_LOOKS
        while loop.time() < end:
            await asyncio.sleep(0)
            if loop._ready:  # type: ignore[attr-defined]
                continue
            if not self._threads.calls or not patience:
                return True
            patience -= 1
            await asyncio.sleep(0.001)
        return False

    async def pause(self, delay: float | None = None) -> None:
        if delay is not None:
            await asyncio.sleep(delay)
        for _ in range(MOST_FRAMES):
            await self._wait_for_screen()
            screen = self.app.screen
            is_due = screen._layout_required or screen._scroll_required or screen._repaint_required
            if not (is_due or screen._dirty_widgets or screen._callbacks):
                return
            screen._on_timer_update()

    async def resize_terminal(self, width: int, height: int) -> None:
        await super().resize_terminal(width, height)
        while self.app._resize_event is not None:  # a timer of Textual handles it
            await asyncio.sleep(0.005)
        await self.pause()
