"""The store of one profile: jobs as last fetched, kept current by a poller, changed by intents.

`Store` composes the parts and answers what `StorePort` asks. Questions are answered from memory or from the archive.
Intents return an `Outcome` and never raise; their result is published before they return.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from fttui.api.client import Client
from fttui.clock import Clock
from fttui.learning.alarms import Report
from fttui.learning.run import Run
from fttui.models.assessment import Assessment
from fttui.models.checkpoint import Checkpoint
from fttui.models.file import File, Model, ModelAnswer
from fttui.models.job import Job
from fttui.models.metric import Point
from fttui.models.restrictions import Restrictions
from fttui.models.row import EventRow, JobRow
from fttui.models.samples import StepSamples
from fttui.models.spec import JobSpec
from fttui.store.archive.archive import Archive
from fttui.store.archive.metrics import archived_points
from fttui.store.clock_alarms import ClockAlarms
from fttui.store.feed import SnapshotFeed, Subscriber
from fttui.store.file_service import FileService
from fttui.store.job_alarms import JobAlarms
from fttui.store.job_details import JobDetails
from fttui.store.job_intents import JobIntents
from fttui.store.job_table import JobTable, exists
from fttui.store.port import ModelApi
from fttui.store.provider_access import ProviderAccess
from fttui.store.runs import Runs
from fttui.store.selection import Selection
from fttui.store.snapshot import Outcome, Snapshot


class Store:
    """One profile's `StorePort`. One event loop owns it and calls the subscribers."""

    def __init__(
        self, archive: Archive, clock: Clock, client: Client | None = None, *, read_only: bool = False
    ) -> None:
        """
        Args:
            client: None while the provider is not connected.
            read_only: refuse every intent that changes something.
        """
        self.archive = archive
        self.clock = clock
        self.jobs = JobTable(archive, clock)
        self.feed = SnapshotFeed(archive, self.jobs, clock)
        self.access = ProviderAccess(archive, clock, self.jobs, self.feed, read_only=read_only)
        self.selection = Selection(clock)
        self._details = JobDetails(archive)
        self.runs = Runs(archive, self._details)
        self._alarms = JobAlarms(archive, clock, self._details, self.runs)
        self._clock_alarms = ClockAlarms(archive)
        self._files = FileService(archive, clock, self.access, self.feed)
        self._intents = JobIntents(archive, clock, self.access, self.feed, self.jobs, self._details)
        if client is not None:
            self.access.attach(client)

    async def close(self) -> None:
        """Record how far the list is known, for the next start."""
        await self.jobs.save_list_state()

    @property
    def snapshot(self) -> Snapshot:
        """Rows, health and notices as last published."""
        return self.feed.snapshot

    @property
    def restrictions(self) -> Restrictions:
        """Limits of the provider."""
        client = self.access.client
        if client is None:
            return Restrictions(self.access.not_offered)
        return Restrictions(self.access.not_offered, client.provider.closed, client.provider.is_watched)

    @property
    def of_profiles(self) -> Mapping[str, Restrictions]:
        """Nothing: one profile is shown."""
        return {}

    @property
    def model_api(self) -> ModelApi | None:
        """Requests that ask models; None while the provider is not connected."""
        return self.access.client

    def subscribe(self, fn: Subscriber, /) -> Callable[[], None]:
        """Call `fn` at each publication. Return a function that ends the subscription."""
        return self.feed.subscribe(fn)

    def look_at(self, id: str | None) -> None:
        """Select a job, which the poller then serves first."""
        self.selection.select(id)

    # Questions

    def job(self, id: str) -> Job | None:
        """Return the whole job as last sent, or None for an unknown job."""
        return self._details.job(id)

    def events(
        self, id: str, *, before: int | None = None, after: int | None = None, limit: int = 500
    ) -> list[EventRow]:
        """Return events of a job, oldest first: the newest `limit`, or those next to a sequence number."""
        return self.archive.events.rows(id, before=before, after=after, limit=limit)

    def has_read_events(self, id: str) -> bool:
        """Tell whether the events of a job were fetched at least once."""
        return id in self.jobs.logs

    def need_numbers(self, ids: tuple[str, ...] | None) -> None:
        """Have the logs of these jobs read, None for all jobs, if they were not."""
        self.selection.need(ids)

    def lacks_numbers(self, id: str) -> bool:
        """Tell whether the log of a job is still to be read."""
        row = self.jobs.rows.get(id)
        return row is not None and exists(row) and "events" not in self.access.not_offered and self.jobs.logs.lacks(row)

    def checkpoints(self, id: str) -> tuple[Checkpoint, ...]:
        """Return every checkpoint of a job ever seen, by step."""
        return self._details.checkpoints(id)

    def samples(self, id: str) -> tuple[StepSamples, ...]:
        """Return the samples of a job by step, as far as they were read."""
        return self._details.samples(id)

    def sample_steps(self, id: str) -> list[int]:
        """Return the steps of a job with samples, as far as they were read."""
        return self.archive.samples.steps(id)

    def points(self, id: str) -> list[Point]:
        """Return the metrics of a job, by step. Slow for a long run: see `run`."""
        return archived_points(self.archive, id)

    def run(self, id: str) -> Run:
        """Return the run of a job as series; without series for a job without metrics."""
        return self.runs.run(id)

    def alarms(self, id: str) -> Report:
        """Return the alarms of a job at present, and the kinds that could not be checked."""
        row = self.jobs.rows.get(id)
        is_reachable = self.feed.snapshot.health.is_good
        if row is None:
            return Report()
        read = self.jobs.logs.reads.get(id)
        return self._alarms.report(row, log_read_at=None if read is None else read.at, is_reachable=is_reachable)

    async def clock_alarms(self) -> dict[str, str]:
        """Return the kinds of the alarms that the clock raises, with commas between, by job."""
        facts = await asyncio.to_thread(self._clock_alarms.read, self.clock.now())
        return self._clock_alarms.kinds(facts, self.jobs.rows, self.jobs.live, self.jobs.logs.reads)

    def file(self, id: str) -> File | None:
        """Return a file, or None for a file never seen."""
        return self._files.file(id)

    def has_file(self, id: str) -> bool | None:
        """Tell whether the provider's last list of files had this file. None before the first list."""
        return self._files.has_file(id)

    def has_copy(self, file: str) -> bool:
        """Tell whether a copy of a file is known on this disk."""
        return self.archive.files.has_copy(file)

    def file_digest(self, file: str) -> str:
        """Return the SHA-256 of a file that was uploaded from this disk; empty for other files."""
        return self.archive.files.digest(file)

    async def jobs_naming(self, id: str) -> list[JobRow]:
        """Return the jobs whose JSON has this id of a file or model, newest first."""
        found = await asyncio.to_thread(self.archive.jobs.naming, id)
        rows = self.jobs.rows
        return [rows[job] for job in found if job in rows]

    def list_fault(self, kind: str) -> str:
        """Return why the last list of `models` or `files` failed; empty when it did not."""
        return self._files.list_fault(kind)

    async def files(self) -> list[File]:
        """Return the files for training, fetched when the provider can be reached."""
        return await self._files.files()

    async def models(self) -> list[Model]:
        """Return the provider's models, fetched when the provider can be reached."""
        return await self._files.models()

    async def model(self, id: str) -> ModelAnswer:
        """Ask the provider for a model with the settings of its trainer."""
        return await self._files.model(id)

    # Intents

    async def assess(self, *specs: JobSpec, has_files: bool) -> Assessment:
        """Return what the provider says about a job before it is created."""
        return await self._intents.assess(*specs, has_files=has_files)

    async def create(self, spec: JobSpec) -> Outcome:
        """Create a job exactly once."""
        return await self._intents.create(spec)

    async def cancel(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Cancel jobs."""
        return await self._intents.act("cancel", ids)

    async def pause(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Pause jobs."""
        return await self._intents.act("pause", ids)

    async def resume(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Resume paused jobs."""
        return await self._intents.act("resume", ids)

    async def delete_jobs(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete ended jobs at the provider. On the embedded service their archived copies go too."""
        return await self._intents.delete(ids)

    async def forget(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete the archived copies of jobs. The provider is not changed."""
        return await self._intents.forget(ids)

    async def upload(self, path: str, progress: Callable[[int, int], None] | None = None) -> Outcome:
        """Upload a file for training, unless the provider has it."""
        return await self._files.upload(path, progress)

    async def download(
        self,
        id: str,
        path: str,
        *,
        overwrite: bool = False,
        as_csv: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Outcome:
        """Write the content of a file to `path`."""
        return await self._files.download(id, path, overwrite=overwrite, as_csv=as_csv, progress=progress)

    async def delete_files(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete files at the provider."""
        return await self._files.delete_files(ids)

    async def delete_model(self, name: str) -> Outcome:
        """Delete a fine-tuned model at the provider."""
        return await self._files.delete_model(name)
