"""The key of one client, and its renewal: tokens of some providers last an hour."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from fttui.api.errors import Unauthorized

T = TypeVar("T")


class Key(Protocol):
    """Something that holds a key and does not show it."""

    def reveal(self) -> str: ...


Renew = Callable[[], Awaitable[Key | None]]
"""Makes another key; None when there is no other."""


class HeldKey:
    """The key that is used now."""

    def __init__(self, key: Key | None, renew: Renew | None) -> None:
        self._key = key
        self._renew = renew
        self._renewing = asyncio.Lock()

    @property
    def secret(self) -> str:
        """The key itself, for the header that it is meant for; empty when there is none."""
        return self._key.reveal() if self._key else ""

    async def keyed(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Run `attempt`; where its key has expired, once more with another."""
        used = self._key
        try:
            return await attempt()
        except Unauthorized:
            # What was refused had no effect, so it may be sent again, whatever it was.
            if self._renew is None or not await self._renewed(used, self._renew):
                raise
        return await attempt()

    async def _renewed(self, used: Key | None, renew: Renew) -> bool:
        """Whether there is a key now that is another than the one that was refused."""
        async with self._renewing:
            # Of several calls that were refused at once, the first renews it for all.
            if self._key is used:
                self._key = await renew() or used
            return self._key is not None and (used is None or self._key.reveal() != used.reveal())
