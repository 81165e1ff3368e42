"""Archive without a thread, for tests with a fake clock: each write is done when the call returns."""

from collections.abc import Callable
from typing import TypeVar

from fttui.store.archive.archive import Archive

T = TypeVar("T")


class InlineWorker:
    """Worker that runs each function in the thread of the caller."""

    async def run(self, work: Callable[[], T]) -> T:
        return work()

    async def close(self, last: Callable[[], None]) -> None:
        last()


def inline_archive(path: str, profile: str) -> Archive:
    """Open an archive as `Archive` does."""
    return Archive(path, profile, worker=InlineWorker())
