"""Changes to jobs: create, cancel, pause, resume and delete, at the provider or from the archive.

Each returns an `Outcome` and never raises. The job that the provider returns is published before the intent returns.
"""

from collections.abc import Awaitable, Callable, Iterable

from fttui.api.client import Client
from fttui.clock import Clock
from fttui.models import refusals
from fttui.models.assessment import Assessment
from fttui.models.job import Job
from fttui.models.spec import JobSpec
from fttui.store.archive.archive import Archive
from fttui.store.create_once import create_recorded
from fttui.store.feed import SnapshotFeed
from fttui.store.health import State
from fttui.store.job_details import JobDetails
from fttui.store.job_table import JobTable
from fttui.store.provider_access import ProviderAccess, assess
from fttui.store.record import delete_copy
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

    async def assess(self, *specs: JobSpec, has_files: bool) -> Assessment:
        """Return what the provider says about a job before it is created; nothing without a connection."""
        client = self._access.client
        return Assessment() if client is None else await assess(client, *specs, has_files=has_files)

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

    async def delete(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete ended jobs at the provider. On the embedded service their archived copies go too."""

        async def send(client: Client, id: str) -> Outcome:
            if refusal := self._refusal("delete_job", id):
                return Outcome(False, refusal, id)
            await self._access.call("delete_job", id, client.delete_job(id))
            self._jobs.ignore_earlier_answers(id)
            if client.provider.keeps_no_copy:
                await self._delete_copies([id])
                return Outcome(True, f"{id} is deleted", id)
            self._feed.publish(await self._jobs.set_gone([id]))
            return Outcome(True, f"{id} is deleted; its copy in the archive stays", id)

        return await self._access.for_each(ids, send)

    def _refusal(self, verb: str, id: str) -> str:
        # A job that is not in the table may exist all the same, so it is not refused.
        job, row = self._details.job(id), self._jobs.rows.get(id)
        if verb == "delete_job" and row is not None and row.status.is_live:
            return f"{id}: {refusals.still_live(row.status_text)}"
        if job is not None and not job.can_act and verb != "delete_job":
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
        unique = list(dict.fromkeys(ids))
        refused = {id: Outcome(False, why, id) for id in unique if (why := self._deletion_refusal(id))}
        deleted = await self._delete_copies(id for id in unique if id not in refused)
        return {id: refused.get(id) or _forgotten(id, id in deleted) for id in unique}

    async def _delete_copies(self, ids: Iterable[str]) -> set[str]:
        """Delete jobs from the archive and the table. Return those that were in the archive."""
        deleted = {id for id in ids if await delete_copy(self._archive, id, self._clock.now())}
        self._details.forget(deleted)
        self._feed.publish(removed=await self._jobs.drop(deleted))
        return deleted

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


def _forgotten(id: str, was_there: bool) -> Outcome:
    message = f"{id} is deleted from the archive" if was_there else f"{id} is not in the archive"
    return Outcome(was_there, message, id)
