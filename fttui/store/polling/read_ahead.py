"""Reading of a list ahead: the next page is requested while the page before is merged."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from fttui.models.job import Job
from fttui.models.page import Page

Fetch = Callable[[str, int], Awaitable[Page[Job]]]
"""Requests the page behind a cursor, of at most so many jobs."""


class Sent(NamedTuple):
    """A request that was sent ahead."""

    cursor: str
    limit: int
    turn: int
    """Turn of the request: see `JobTable.turn`."""
    answer: "asyncio.Task[Page[Job]]"


class ReadAhead:
    """Pages of a list, each behind the one before."""

    def __init__(self, fetch: Fetch, turn: Callable[[], int]) -> None:
        """
        Args:
            turn: returns the turn of a request about to be sent.
        """
        self._fetch = fetch
        self._turn = turn
        self._sent: Sent | None = None
        self.may_send: Callable[[], bool] = lambda: False
        """Tells whether a request may be sent now, when a page has arrived."""

    async def page(self, cursor: str, limit: int) -> tuple[Page[Job], int]:
        """Return the page behind a cursor and the turn of its request, and send the request for the next one.

        Raises:
            ApiError: the request failed.
        """
        sent = self._sent
        if sent is not None and (sent.cursor, sent.limit) == (cursor, limit):
            self._sent, turn = None, sent.turn
            page = await sent.answer
        else:
            self.stop()
            turn = self._turn()
            page = await self._fetch(cursor, limit)
        if page.cursor is not None and page.cursor != cursor and self.may_send():
            self._send(page.cursor, limit)
        return page, turn

    def stop(self) -> None:
        """Give up a request that was sent ahead: its answer would be old when it is needed."""
        if self._sent is not None:
            self._sent.answer.cancel()
            self._sent = None

    def _send(self, cursor: str, limit: int) -> None:
        async def fetch() -> Page[Job]:
            return await self._fetch(cursor, limit)

        answer = asyncio.create_task(fetch())
        answer.add_done_callback(lambda task: task.cancelled() or task.exception())  # it may never be asked for
        self._sent = Sent(cursor, limit, self._turn(), answer)
