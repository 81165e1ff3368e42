"""Streams of progress of live jobs, held open in the background: LocalAI moves a job's state only while one is read."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from fttui.api.errors import ApiError
from fttui.api.event_stream import StreamEvent

MOST_EVENTS = 10_000
"""Events of a job that are kept in memory; the archive has all that a cockpit has seen."""

Open = Callable[[str], AbstractAsyncContextManager[AsyncIterator[StreamEvent]]]
"""Opens the stream of a job."""
Translate = Callable[[str], list[dict[str, Any]]]
"""Returns the events in one message of a stream."""


class ProgressStreams:
    """One stream for each live job, and the events read from it."""

    def __init__(self, open: Open, translate: Translate) -> None:
        self._open = open
        self._translate = translate
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._heard: dict[str, asyncio.Event] = {}
        self._events: dict[str, dict[str, dict[str, Any]]] = {}

    async def follow(self, ids: list[str], seconds: float) -> bool:
        """Hold the streams of these jobs open, and wait for the first message of the new ones.

        Args:
            seconds: longest wait.

        Returns:
            True if a stream was opened, so that states may have changed.
        """
        new = [id for id in ids if id not in self._tasks or self._tasks[id].done()]
        for id in new:
            self._heard[id] = asyncio.Event()
            self._tasks[id] = asyncio.create_task(self._read(id))
        waiting = [asyncio.ensure_future(self._heard[id].wait()) for id in new]
        if waiting:
            await asyncio.wait(waiting, timeout=seconds)
            for future in waiting:
                future.cancel()
        return bool(new)

    def events(self, id: str) -> list[dict[str, Any]]:
        """Return the events of a job so far, oldest first."""
        return list(self._events.get(id, {}).values())

    async def close(self) -> None:
        """Close all streams."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, id: str) -> None:
        try:
            with suppress(ApiError):  # a stream that broke is opened again with the next poll
                async with self._open(id) as messages:
                    async for message in messages:
                        self._keep(id, message)
                        self._heard[id].set()
        finally:
            self._heard[id].set()

    def _keep(self, id: str, message: StreamEvent) -> None:
        if message.is_comment:
            return
        held = self._events.setdefault(id, {})
        for event in self._translate(message.text):
            held.setdefault(event["id"], event)
        while len(held) > MOST_EVENTS:
            del held[next(iter(held))]
