"""Requests that are sent before their answer is needed, so that the network and other work overlap."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

TURNS = 5
"""Turns of the event loop until a request is written to an open connection: three, and two for further transports."""


async def send_early(request: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """Start a request, and return when it is on its way. A failure is raised where the task is awaited, if ever.

    Other work that began at once, in this thread or any other, would hold the request up for milliseconds. Without an
    open connection, the request is on its way later.
    """
    task = asyncio.create_task(request)
    task.add_done_callback(lambda task: task.cancelled() or task.exception())  # it may never be awaited
    try:
        for _ in range(TURNS):
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        task.cancel()
        raise
    return task
