"""Access to the provider: the client, the routes that the provider does not have, and refusals as outcomes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from fttui.api.client import Client
from fttui.api.error_mapping import UNKNOWN_ROUTE
from fttui.api.errors import ApiError, BadRequest, NotFound, ServerError
from fttui.clock import Clock
from fttui.models import refusals
from fttui.models.assessment import Assessment
from fttui.models.spec import JobSpec
from fttui.store.archive.archive import Archive
from fttui.store.feed import SnapshotFeed
from fttui.store.job_table import JobTable
from fttui.store.snapshot import Outcome

T = TypeVar("T")

AT_ONCE = 4
"""Most requests of one intent at a time."""
ABSENT_AFTER = 3
"""Failures after which a route counts as absent. A definite answer (405, 501) counts as many."""
ABSENT_FOR = 7 * 86400.0
"""Seconds to treat a route as absent after a definite answer."""
ABSENT_FOR_NOW = 86400.0
"""Seconds to treat a route as absent after repeated failures."""


class ProviderAccess:
    """The client of one profile. Without a client, polls wait and intents are refused."""

    def __init__(
        self, archive: Archive, clock: Clock, jobs: JobTable, feed: SnapshotFeed, *, read_only: bool = False
    ) -> None:
        """
        Args:
            read_only: refuse every intent that changes something at the provider.
        """
        self._archive = archive
        self._clock = clock
        self._jobs = jobs
        self._feed = feed
        self.read_only = read_only
        self.client: Client | None = None
        """Client for intents. None while the provider is not connected."""
        self._poll_client: Client | None = None
        self._offered: set[str] = set()
        self._failures: dict[str, int] = {}
        self.not_offered: set[str] = archive.routes.absent(clock.now())
        """Absent routes: `events`, `checkpoints`, `samples`, `results`, `cancel`, `pause`, `resume`, `delete_job`."""

    def attach(self, client: Client, *, insist: bool = False) -> Client | None:
        """Use `client` from now on. Return the client before it, which the caller closes.

        Args:
            insist: let the client retry reads. A poller does not need that: it has its own plan of retries.
        """
        before, self.client = self.client, client
        self._poll_client = client if insist else client.with_tries(1)
        self.not_offered |= client.provider.missing
        return before

    @property
    def has_samples(self) -> bool:
        """The provider's jobs have samples by step, as far as is known."""
        return self.client is not None and self.client.provider.has_samples and "samples" not in self.not_offered

    @property
    def poll_client(self) -> Client:
        """Client for polls.

        Raises:
            ApiError: the provider is not connected.
        """
        if self._poll_client is None:
            raise ApiError("not connected yet")
        return self._poll_client

    # Intents

    def client_for_changes(self) -> Client | Outcome:
        """Return the client, or the refusal of an intent."""
        if self.read_only:
            return Outcome(False, refusals.READ_ONLY)
        if self.client is not None and self.client.provider.is_watched:
            return Outcome(False, refusals.WATCHED)
        return self.client or self.not_connected()

    def not_connected(self, id: str = "") -> Outcome:
        """Return the refusal of an intent while the provider is not connected."""
        why = self._feed.snapshot.health.why
        return Outcome(False, f"not connected: {why}" if why else "not connected", id)

    async def for_each(
        self, ids: Iterable[str], send: Callable[[Client, str], Awaitable[Outcome]]
    ) -> dict[str, Outcome]:
        """Send an intent for each id, at most `AT_ONCE` at a time."""
        client, gate = self.client_for_changes(), asyncio.Semaphore(AT_ONCE)

        async def one(id: str) -> Outcome:
            if isinstance(client, Outcome):
                return client
            async with gate:
                try:
                    return await send(client, id)
                except ApiError as error:
                    return refusal_of(error, id)

        unique = list(dict.fromkeys(ids))
        return dict(zip(unique, await asyncio.gather(*map(one, unique)), strict=True))

    # Absent routes

    async def call(self, route: str, id: str, call: Awaitable[T]) -> T:
        """Await a request to an optional route of a job. Its failures show whether the route exists.

        Raises:
            ApiError: the request failed.
        """
        try:
            result = await call
        except (BadRequest, NotFound, ServerError) as error:
            await self._count_failure(route, id, error)
            raise
        if route not in self._offered:
            self._offered.add(route)
            self.not_offered.discard(route)
            await self._archive.routes.forget_absent(route)
        return result

    async def _count_failure(self, route: str, id: str, error: ApiError) -> None:
        if route in self._offered or error.code.endswith("_not_found"):
            return
        if (route, error.status) in (("results", 404), ("cancel", 500)) and error.code != UNKNOWN_ROUTE:
            return  # the file is gone, or the server has an error: the route may exist
        names_job = error.status == 404 and route != "results"
        definite = error.status in (405, 501) or (names_job and id in self._jobs.first_page)
        if definite or error.status in (404, 500):
            # A 404 may mean the job and a 500 any error, so these must repeat.
            self._failures[route] = self._failures.get(route, 0) + (ABSENT_AFTER if definite else 1)
        if self._failures.get(route, 0) >= ABSENT_AFTER and route not in self.not_offered:
            self.not_offered.add(route)
            until = self._clock.now() + (ABSENT_FOR if definite else ABSENT_FOR_NOW)
            await self._archive.routes.remember_absent(route, until)


async def assess(client: Client, *specs: JobSpec, has_files: bool) -> Assessment:
    """Return what a provider says about a job before it is created. A failed request says nothing."""
    try:
        return await client.assess(*specs, has_files=has_files)
    except ApiError:
        return Assessment()


def refusal_of(error: ApiError, id: str = "") -> Outcome:
    """Return a failed request as the outcome of an intent."""
    return Outcome(False, error.text, id, error.request_id, error.ambiguous)
