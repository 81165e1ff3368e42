"""Jobs that were asked for and whose answer was lost, perhaps by another run of the program: what became of them.

Their tokens lie in the archive (`store.create`). Each is looked for once; the person hears of it either way.
"""

import json
import time
from typing import Any, NamedTuple

from fttui.api.client import Client
from fttui.clock import Clock
from fttui.models import lenient
from fttui.models.job import TOKEN_KEY, Job
from fttui.store.archive.archive import Archive
from fttui.store.create_once import look

IN_FLIGHT = 180.0
"""Seconds for which whoever sent a create may still be waiting for its answer, or looking for the job."""
FORGOTTEN = 30 * 86400.0
"""Seconds after which a token is no longer looked for."""


class Verdict(NamedTuple):
    """What became of one create."""

    words: str
    """For the person: one clean line."""
    job: Job | None = None
    """The job that carries the token, where there is one."""


class Lost:
    """The creates of a profile whose fate is not known."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self._archive = archive
        self._clock = clock
        self._looked: set[str] = set()
        # Only what was there at the start: a create of this run tells its outcome itself.
        self._waiting = archive.creates.pending()

    def wanted(self) -> str | None:
        """The token of a job that is to be looked for now; None when there is none."""
        now = self._clock.now()
        for token, (_, asked_at) in self._waiting.items():
            if token not in self._looked or now - asked_at >= IN_FLIGHT:
                return token
        return None

    async def look(self, client: Client, token: str) -> Verdict | None:
        """Look for a job by its token. None as long as nothing can be said of it, and where another run has said it.

        Raises:
            ApiError: the list could not be had.
        """
        body, asked_at = self._waiting[token]
        age = self._clock.now() - asked_at
        if token not in self._archive.creates.pending() or age > FORGOTTEN:
            await self._forget(token)
            return None
        job = self._held(token) or await look(client, token)
        self._looked.add(token)
        if job is None and age < IN_FLIGHT:
            return None
        await self._forget(token)
        what = f"the job asked for {_when(asked_at)}{_described(body)}, whose answer was lost"
        if job is None:
            return Verdict(f"Not created: {what}. Create it again if it is still wanted.")
        return Verdict(f"{job.id} is there: {what}.", job)

    def _held(self, token: str) -> Job | None:
        found = self._archive.jobs.containing(token)
        return next((job for job in found if job.metadata.get(TOKEN_KEY) == token), None)

    async def _forget(self, token: str) -> None:
        del self._waiting[token]
        await self._archive.creates.forget(token)


def _when(moment: float) -> str:
    return time.strftime("on %Y-%m-%d at %H:%M", time.localtime(moment))


def _described(body: str) -> str:
    """What tells a job from others, in brackets; empty when nothing does."""
    try:
        sent: dict[str, Any] = lenient.mapping(json.loads(body))
    except ValueError:
        return ""
    told = [lenient.line(sent.get(name)) for name in ("model", "training_file", "suffix")]
    return f" ({', '.join(filter(None, told))})" if any(told) else ""
