"""Worker of the archive: runs functions one after another, beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")


class Worker(Protocol):
    """Place where the archive runs its functions."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run a function after those before it, and return its result."""

    async def close(self, last: Callable[[], None]) -> None:
        """Run a last function, and end."""


class ThreadWorker:
    """One thread, which starts with the first function."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[], T]) -> T:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="archive")
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def close(self, last: Callable[[], None]) -> None:
        if self._pool is None:
            last()
            return
        await asyncio.get_running_loop().run_in_executor(self._pool, last)
        self._pool.shutdown()
