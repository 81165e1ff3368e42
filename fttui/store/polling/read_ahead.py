"""Reading of a list ahead: the next page is requested while the page before is merged."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from fttui.api.early_request import send_early
from fttui.models.job import Job
from fttui.models.page import Page

Fetch = Callable[[str, int], Coroutine[Any, Any, Page[Job]]]
"""Requests the page behind a cursor, of at most so many jobs."""


class Sent(NamedTuple):
    """A request that was sent ahead."""

    cursor: str
    limit: int
    turn: int
    """Turn of the request: see `JobTable.turn`."""
    answer: "asyncio.Task[Page[Job]]"


class ReadAhead:
    """Pages of a list, each behind the one before.

    The request for the next page is on its way before a page is returned, so that a merge does not delay it.
    """

    def __init__(self, fetch: Fetch, turn: Callable[[], int]) -> None:
        """
        Args:
            turn: returns the turn of a request about to be sent.
        """
        self._fetch = fetch
        self._turn = turn
        self._sent: Sent | None = None
        self.next_limit: Callable[[Page[Job]], int | None] = lambda _: None
        """Returns the most jobs of the page after one that has arrived. None if no request may be sent now."""

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
        if page.cursor is not None and page.cursor != cursor and (next_limit := self.next_limit(page)) is not None:
            next_turn = self._turn()
            answer = await send_early(self._fetch(page.cursor, next_limit))
            self._sent = Sent(page.cursor, next_limit, next_turn, answer)
        return page, turn

    def stop(self) -> None:
        """Give up a request that was sent ahead: its answer would be old when it is needed."""
        if self._sent is not None:
            self._sent.answer.cancel()
            self._sent = None
