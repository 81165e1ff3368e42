"""Search for jobs whose create request lost its response, in this or an earlier run.

The archive has their tokens: see `create_once`. Each is searched once, and the user is told the result.
"""

import time
from typing import Any, NamedTuple

from fttui.api.client import Client
from fttui.clock import Clock
from fttui.models import lenient
from fttui.models.job import TOKEN_KEY, Job
from fttui.models.raw_json import decode
from fttui.store.archive.archive import Archive
from fttui.store.create_once import find_by_token

IN_FLIGHT = 180.0
"""Seconds for which the sender of a create may still wait for the response or search for the job."""
EXPIRY = 30 * 86400.0
"""Seconds after which a token is dropped without a search."""


class SearchResult(NamedTuple):
    """Result of the search for one job."""

    message: str
    """One clean line for the user."""
    job: Job | None = None
    """The job that has the token, or None."""


class LostCreates:
    """Creates of a profile with unknown outcome."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self._archive = archive
        self._clock = clock
        self._searched: set[str] = set()
        # Only tokens of earlier runs: a create of this run reports its own outcome.
        self._waiting = archive.creates.pending()
        self._damaged = archive.creates.damaged()

    def next_token(self) -> str | None:
        """Return the token to search for now, or None."""
        if self._damaged:
            return next(iter(self._damaged))
        now = self._clock.now()
        for token, (_, asked_at) in self._waiting.items():
            if token not in self._searched or now - asked_at >= IN_FLIGHT:
                return token
        return None

    async def search(self, client: Client, token: str) -> SearchResult | None:
        """Search for a job by its token. Return None while the sender may still be waiting, or for a settled token.

        Raises:
            ApiError: the list could not be fetched.
        """
        if token in self._damaged:
            return await self._search_damaged(client, token)
        body, asked_at = self._waiting[token]
        age = self._clock.now() - asked_at
        if token not in self._archive.creates.pending() or age > EXPIRY:
            await self._forget(token)
            return None
        job = self._archived(token) or await find_by_token(client, token)
        self._searched.add(token)
        if job is None and age < IN_FLIGHT:
            return None
        await self._forget(token)
        sent = f"the request{_description(body)} sent {_when(asked_at)} got no response"
        if job is None:
            return SearchResult(f"Job not created: {sent}. Create it again if you still need it.")
        return SearchResult(f"{job.id} was created: {sent}, but the job exists.", job)

    async def _search_damaged(self, client: Client, token: str) -> SearchResult:
        # A job that is found proves that the token is right. That none is found proves nothing.
        job = self._archived(token) or await find_by_token(client, token)
        body = self._damaged.pop(token)
        await self._archive.creates.forget(token)
        if job is None:
            return SearchResult(damage_message(body))
        return SearchResult(f"{job.id} was created: the request{_description(body)} got no response.", job)

    def _archived(self, token: str) -> Job | None:
        found = self._archive.jobs.containing(token)
        return next((job for job in found if job.metadata.get(TOKEN_KEY) == token), None)

    async def _forget(self, token: str) -> None:
        del self._waiting[token]
        await self._archive.creates.forget(token)


def damage_message(body: str) -> str:
    """Return what to do about a create whose record changed on the disk.

    Args:
        body: the body of the request, which may be wrong.
    """
    return (
        f"Damaged on the disk (checksum): the record of a request{_description(body)} that got no response. "
        "Its job may exist. Check the newest jobs before you create it again: fttui jobs list"
    )


def _when(moment: float) -> str:
    return time.strftime("on %Y-%m-%d at %H:%M", time.localtime(moment))


def _description(body: str) -> str:
    """Return model, file and suffix of a request in parentheses, or an empty string."""
    try:
        sent: dict[str, Any] = lenient.mapping(decode(body))
    except ValueError:
        return ""
    parts = [lenient.line(sent.get(name)) for name in ("model", "training_file", "suffix")]
    return f" ({', '.join(filter(None, parts))})" if any(parts) else ""
