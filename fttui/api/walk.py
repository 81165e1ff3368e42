"""Reading of a list page by page, to its end."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from itertools import count
from typing import Any, TypeVar

from fttui.api.early_request import send_early
from fttui.api.errors import BadResponse, Unreachable
from fttui.api.id_set import RecentIds
from fttui.models.page import Page
from fttui.models.wire import Wire, made_up_id, sent_id

T = TypeVar("T", bound=Wire)

Fetch = Callable[[str | None], Coroutine[Any, Any, Page[T]]]
"""Requests the page after a cursor; the first page after None."""
Warn = Callable[[str], object]
"""Receives a sentence about a list that may be incomplete although no request failed."""

REPEATED = "the server repeats a page of the list, so the rest cannot be read and may be missing"


async def walk(
    fetch: Fetch[T], warn: Warn | None = None, *, most: int | None = None, ahead: bool = False
) -> AsyncGenerator[Page[T], None]:
    """Yield the pages of a list, with each object once.

    A page without new objects is the last one, so that servers that ignore `after` cause no endless loop. The memory
    has an end: of objects, only the last million are known to be old; a list that leads back further ends at its second
    or third repetition.

    Args:
        warn: called if the server repeats a page and says that there are more.
        most: greatest number of pages; None for any number. For lists that the caller holds in memory.
        ahead: request a page while the page before is handled. For callers that read the whole list.

    Raises:
        ApiError: a page could not be read, or the list did not end after `most` pages.
    """
    seen, cursors = RecentIds(), _Cursors()
    after: str | None = None
    early: asyncio.Task[Page[T]] | None = None
    try:
        for number in count(1):
            page = await (fetch(after) if early is None else _answer(early, fetch, after))
            fresh = [raw for raw in page.objects if seen.add(sent_id(raw) or made_up_id(raw))]
            cursor = page.cursor
            if after is not None and (not fresh or cursors.returns_to(cursor)):
                if page.objects and page.has_more and warn is not None:
                    warn(REPEATED)
                return
            is_last = not fresh or cursor is None or cursor == after
            early = await send_early(fetch(cursor)) if ahead and not is_last and number != most else None
            yield page if len(fresh) == len(page.objects) else page.only(fresh)
            if is_last:
                return
            if number == most:
                raise BadResponse(f"the list did not end after {most:,} pages", code="endless")
            after = cursor
    finally:
        if early is not None:
            early.cancel()


async def _answer(early: "asyncio.Task[Page[T]]", fetch: Fetch[T], after: str | None) -> Page[T]:
    """Return the answer to a request that was sent ahead.

    Its deadline may have passed while the caller did not return, such as with output to a pager: it is sent again then.
    """
    try:
        return await early
    except Unreachable:
        return await fetch(after)


class _Cursors:
    """Detector of a list that leads back to a page, in constant memory (Brent's algorithm).

    It remembers one cursor: the first, second, fourth, eighth, …
    """

    def __init__(self) -> None:
        self._count = 0
        self._renewed_at = 1
        self._known: str | None = None

    def returns_to(self, cursor: str | None) -> bool:
        """Take the next cursor. Return whether it is the remembered one."""
        if cursor is not None and cursor == self._known:
            return True
        self._count += 1
        if self._count == self._renewed_at:
            self._known, self._renewed_at = cursor, 2 * self._renewed_at
        return False
