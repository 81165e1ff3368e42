"""Sessions of the cockpit: the one of the profile in use, and those of left profiles that actions still use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from textual.worker import Worker

from fttui.ui.workers import wait_for_end

if TYPE_CHECKING:
    from fttui.core.session import MergedSession, Session

OpenSession = Callable[[str | None], "Awaitable[Session | MergedSession]"]
"""Opens the session of a named profile, or with None of the profile chosen at startup.

Called after the first frame, so that it may import slow modules.
"""


class OpenSessions:
    """Opens and closes sessions."""

    def __init__(self, open_session: OpenSession) -> None:
        self._open = open_session
        self.current: Session | MergedSession | None = None
        """Session of the profile in use; None until it is open."""
        self._closings: list[asyncio.Task[None]] = []

    async def open(self, profile: str | None) -> Session | MergedSession:
        """Open the session of a profile and make it the current one.

        Raises: as `OpenSession`.
        """
        self.current = await self._open(profile)
        return self.current

    def leave(self, users: Sequence[Worker[Any]]) -> None:
        """Close the current session once the workers that use it have ended.

        An action that is being sent needs its connection. The session is closed by a task and no worker: Textual
        cancels workers at the exit, and the archive must be closed then too.
        """
        session, self.current = self.current, None
        if session is not None:
            self._closings.append(asyncio.create_task(_close_unused(session, users)))

    async def close(self) -> None:
        """Close all sessions: write the archive and close connections. Jobs keep running."""
        if self.current is not None:
            await self.current.close()
        await asyncio.gather(*self._closings)


async def _close_unused(session: Session | MergedSession, users: Sequence[Worker[Any]]) -> None:
    await wait_for_end(users)
    await session.close()
