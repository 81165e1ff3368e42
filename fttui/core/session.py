"""Session: archive, store and poller of one profile, or of several profiles together.

The cockpit opens a session at its start and a new one when the user switches the profile.
"""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from fttui.clock import Clock, SystemClock
from fttui.config.choose import Choice, choose
from fttui.config.paths import archive_file
from fttui.core import connect as connecting
from fttui.core.options import Options
from fttui.models import refusals

if TYPE_CHECKING:
    import httpx

    from fttui.api.client import Client
    from fttui.config.schema import Settings
    from fttui.store.archive.archive import Archive
    from fttui.store.polling.poller import Poller
    from fttui.store.store import Store


class Session:
    """Archive, store and poller of the chosen service."""

    def __init__(
        self,
        choice: Choice,
        settings: "Settings",
        archive: "Archive",
        store: "Store",
        poller: "Poller",
    ) -> None:
        self.choice = choice
        self.settings = settings
        self.archive = archive
        self.store = store
        self.poller = poller

    @property
    def client(self) -> "Client | None":
        """Client of the service; None until the poller has connected."""
        return self.store.access.client

    async def close(self) -> None:
        """Close the connections and the archive. The poller must have stopped."""
        if self.store.access.client is not None:
            await self.store.access.client.close()
        await self.store.close()
        await self.archive.close()


class MergedSession:
    """The sessions of several profiles behind one store and one poller."""

    def __init__(self, sessions: "Mapping[str, Session]") -> None:
        from fttui.store.merged import MergedPoller, MergedStore

        self._sessions = sessions
        self.store = MergedStore({name: session.store for name, session in sessions.items()})
        self.poller = MergedPoller(session.poller for session in sessions.values())

    async def close(self) -> None:
        """Close all sessions. The pollers must have stopped."""
        for session in self._sessions.values():
            await session.close()


def usable_profiles() -> list[str]:
    """Return the profiles to show together: the configured ones, `local`, and `openai` if OPENAI_API_KEY is set.

    Raises:
        ConfigError: the configuration cannot be read.
    """
    from fttui.config.load import profile_names

    return [name for name in profile_names() if name != "openai" or os.environ.get("OPENAI_API_KEY", "").strip()]


async def open_merged_session(options: Options, names: "Iterable[str]") -> MergedSession:
    """Open a session that shows several profiles together.

    Raises: as `open_session`.
    """
    from contextlib import AsyncExitStack

    sessions: dict[str, Session] = {}
    async with AsyncExitStack() as opened:  # closes the first sessions if a later one fails
        for name in names:
            sessions[name] = await open_session(options._replace(profile=name, base_url=None))
            opened.push_async_callback(sessions[name].close)
        opened.pop_all()
    return MergedSession(sessions)


async def open_session(
    options: Options,
    *,
    clock: Clock = SystemClock(),  # noqa: B008  (has no state)
    transport: "httpx.AsyncBaseTransport | None" = None,
) -> Session:
    """Open a session for the chosen service.

    The poller connects, and tries again after a failure: if the service cannot be started or reached, the store still
    shows the archived jobs and the reason.

    Raises:
        ConfigError: the choice or the configuration is wrong.
    """
    import asyncio

    from fttui.config import load as configuration

    settings = configuration.load()  # first: cockpit and commands then report the same error
    choice = choose(profile=options.profile, base_url=options.base_url)
    shared = settings.shared(settings.of(choice))
    interval = options.interval or shared.interval
    read_only = options.read_only or shared.read_only

    async def reach() -> "Client":
        from fttui.api.errors import Unauthorized
        from fttui.config.errors import NoKey

        try:
            connection = await connecting.connect(options, clock=clock, transport=transport)
        except NoKey as error:
            # Handled like a refused key: the poller does not try again until the user acts.
            raise Unauthorized(str(error)) from None
        session.store.feed.warn(*connection.warnings)
        return connection.client

    def make() -> Session:
        from fttui.store.archive.archive import Archive
        from fttui.store.polling.poller import Poller
        from fttui.store.store import Store

        archive = Archive(archive_file(), choice.key)
        store = Store(archive, clock, read_only=read_only)
        poller = Poller(
            store,
            clock,
            local=choice.is_on_disk,
            interval=interval,
            connect=None if options.offline else reach,
        )
        return Session(choice, settings, archive, store, poller)

    # In a thread: importing pydantic and reading ten thousand jobs would block the keyboard.
    made = asyncio.ensure_future(asyncio.to_thread(make))
    try:
        session = await asyncio.shield(made)
    except asyncio.CancelledError:
        await (await made).close()
        raise
    if options.offline:
        session.store.feed.go_offline(refusals.OFFLINE_FLAG)
    return session
