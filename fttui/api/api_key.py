"""The API key of a client, and its renewal. Tokens of some providers expire after an hour."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from fttui.api.errors import Unauthorized

T = TypeVar("T")


class Key(Protocol):
    """Holder of a key that is not printed by accident."""

    def reveal(self) -> str: ...


Renew = Callable[[], Awaitable[Key | None]]
"""Fetches a new key; returns None if there is none."""


class HeldKey:
    """The current key of a client."""

    def __init__(self, key: Key | None, renew: Renew | None) -> None:
        self._key = key
        self._renew = renew
        self._renewing = asyncio.Lock()

    @property
    def secret(self) -> str:
        """The key itself, for the request header; empty without a key."""
        return self._key.reveal() if self._key else ""

    async def with_renewal(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Run `attempt`. If the server refuses the key, renew the key and run it once more."""
        used = self._key
        try:
            return await attempt()
        except Unauthorized:
            # A refused request had no effect, so even a create may be sent again.
            if self._renew is None or not await self._renewed(used, self._renew):
                raise
        return await attempt()

    async def _renewed(self, used: Key | None, renew: Renew) -> bool:
        """Renew the key unless another call has done so. Return whether it differs from the refused key."""
        async with self._renewing:
            # The first of several refused calls renews the key for all.
            if self._key is used:
                self._key = await renew() or used
            return self._key is not None and (used is None or self._key.reveal() != used.reveal())
