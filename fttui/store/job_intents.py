"""Changes to jobs: create, cancel, pause, resume, and delete from the archive.

Each returns an `Outcome` and never raises. The job that the provider returns is published before the intent returns.
"""

import json
from collections.abc import Awaitable, Callable, Iterable

from fttui.api.client import Client
from fttui.clock import Clock
from fttui.models import refusals
from fttui.models.job import Job
from fttui.models.spec import JobSpec
from fttui.store.archive.archive import Archive
from fttui.store.create_once import create_recorded
from fttui.store.feed import SnapshotFeed
from fttui.store.health import State
from fttui.store.job_details import JobDetails
from fttui.store.job_table import JobTable
from fttui.store.provider_access import ProviderAccess
from fttui.store.snapshot import Outcome


class JobIntents:
    """Intents on the jobs of one profile."""

    def __init__(
        self,
        archive: Archive,
        clock: Clock,
        access: ProviderAccess,
        feed: SnapshotFeed,
        jobs: JobTable,
        details: JobDetails,
    ) -> None:
        self._archive = archive
        self._clock = clock
        self._access = access
        self._feed = feed
        self._jobs = jobs
        self._details = details

    async def create(self, spec: JobSpec) -> Outcome:
        """Create a job exactly once: see `create_once`."""
        client = self._access.client_for_changes()
        if isinstance(client, Outcome):
            return client
        created = await create_recorded(self._archive, client, spec, self._clock)
        if created.job is not None:
            await self._merge(created.job)
        return created

    async def act(self, verb: str, ids: Iterable[str]) -> dict[str, Outcome]:
        """Send `cancel`, `pause` or `resume` for jobs."""

        async def send(client: Client, id: str) -> Outcome:
            if refusal := self._refusal(verb, id):
                return Outcome(False, refusal, id)
            request: Callable[[str], Awaitable[Job]] = getattr(client, f"{verb}_job")
            job = await self._access.call(verb, id, request(id))
            await self._merge(job)
            return Outcome(True, f"{id} is {job.status_text or 'as requested'}", id)

        return await self._access.for_each(ids, send)

    def _refusal(self, verb: str, id: str) -> str:
        # A job that is not in the table may exist all the same, so it is not refused.
        job, row = self._details.job(id), self._jobs.rows.get(id)
        if job is not None and not job.can_act:
            return f"{id} cannot be changed: {job.fault or 'not a fine-tuning job'}"
        if row is not None and row.gone:
            return f"{id}: {refusals.GONE}"
        return refusals.not_offered("this provider", verb) if verb in self._access.not_offered else ""

    async def _merge(self, job: Job) -> None:
        self._feed.publish(await self._jobs.merge([job.raw], self._jobs.turn(), listed=False))

    async def forget(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete the archived copies of jobs, as `fttui archive delete` does. The provider is not changed.

        A job that the provider still lists would return with the next poll. So only these are deleted: jobs that the
        provider no longer lists, and finished jobs while the provider cannot be reached.
        """
        outcomes = {id: await self._forget(id) for id in dict.fromkeys(ids)}
        deleted = [id for id, outcome in outcomes.items() if outcome.ok]
        self._details.forget(deleted)
        self._feed.publish(removed=await self._jobs.drop(deleted))
        return outcomes

    async def _forget(self, id: str) -> Outcome:
        if refusal := self._deletion_refusal(id):
            return Outcome(False, refusal, id)
        body = self._archive.jobs.body(id)
        if body is None:
            return Outcome(False, f"{id} is not in the archive", id)
        await self._archive.jobs.delete(id, self._clock.now(), Job.read(json.loads(body)).result_files)
        return Outcome(True, f"{id} is deleted from the archive", id)

    def _deletion_refusal(self, id: str) -> str:
        row = self._jobs.rows.get(id)
        if self._access.read_only:
            return refusals.READ_ONLY
        if row is None or row.gone:
            return ""
        if row.status.is_live:
            return f"{id}: {refusals.not_final(row.status_text)}"
        if self._access.client is None or self._feed.snapshot.health.state in (State.OFFLINE, State.DENIED):
            return ""
        return f"{id}: {refusals.STILL_LISTED}"
