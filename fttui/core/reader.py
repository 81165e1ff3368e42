"""Reader: jobs, events, checkpoints, samples, metrics, files and models, from the service or from the archive.

`ServiceReader` asks the service and records its answers in the archive. `ArchiveReader` serves `--offline` and sends no
request. Neither prints.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple, Protocol, TypeVar

from fttui.api.errors import ApiError
from fttui.clock import Clock
from fttui.config import load
from fttui.config.choose import LOCAL, choose
from fttui.config.errors import ConfigError
from fttui.config.paths import archive_file
from fttui.core.connect import Connection, Options
from fttui.core.job_list import PAGE, HeldJobs, JobList, ListOptions, only_matching
from fttui.learning.run import Run, run_of
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.metric import Point
from fttui.models.page import Page
from fttui.models.raw_json import decode, encode
from fttui.models.row import JobRow
from fttui.models.samples import StepSamples
from fttui.models.wire import Wire
from fttui.store import query, record
from fttui.store.archive.archive import Archive
from fttui.store.archive.first_rows import read_rows
from fttui.store.archive.metrics import archived_points
from fttui.store.clock_alarms import ClockAlarms, ClockFacts
from fttui.store.runs import number_of

T = TypeVar("T", bound=Wire)
PART = 1000
"""Number of jobs of a long list that are recorded in the archive together."""


class NotArchived(LookupError):
    """The archive has no job of this id."""

    hint = "To fetch what the provider has: fttui archive sync"

    def __init__(self, id: str) -> None:
        super().__init__(f"{id} is not in the archive")


class FoundJob(NamedTuple):
    """A job, and its row with step and loss as far as the archive knows them."""

    job: Job
    row: JobRow


class EventLog(NamedTuple):
    """Events of a job, oldest first; not `complete` if older ones may be missing."""

    events: list[Event]
    complete: bool = True


class JobMetrics(NamedTuple):
    """A job and its metrics by step, from everything that the service and the archive have."""

    job: Job
    points: list[Point]
    total_steps: int | None = None

    @property
    def run(self) -> Run:
        """The metrics as series."""
        points = ((point.step, point.values, point.at) for point in self.points)
        return run_of(points, total_steps=self.total_steps, n_epochs=number_of(self.job.setting("n_epochs")))


class FileList(NamedTuple):
    """Files, newest first, cut at the limit."""

    files: list[File]
    has_more: bool


class Reader(Protocol):
    """Read access to one profile."""

    connection: Connection | None
    """Connection to the service; None for the archive."""
    failure: ApiError | None
    """Failure that ended a list after its first page. The results then have what was read before it."""

    async def jobs(self, options: ListOptions) -> JobList:
        """List jobs."""
        ...

    def job_parts(self, options: ListOptions) -> AsyncIterator[JobList]:
        """Yield all jobs in parts, in the order of the list. A long list need not fit into the memory."""
        ...

    async def job(self, id: str) -> FoundJob:
        """Return one job."""
        ...

    async def events(self, id: str) -> EventLog:
        """Return all events of a job."""
        ...

    async def checkpoints(self, id: str) -> list[Checkpoint]:
        """Return the checkpoints of a job by step."""
        ...

    async def samples(self, id: str) -> list[StepSamples]:
        """Return the samples of a job by step."""
        ...

    async def metrics(self, id: str, checkpoints: Sequence[Checkpoint] | None = None) -> JobMetrics:
        """Return the metrics of a job by step.

        Args:
            checkpoints: the job's checkpoints, if they were read already.
        """
        ...

    async def files(self, *, purpose: str | None = None, limit: int | None = None) -> FileList:
        """List files."""
        ...

    async def models(self) -> list[Model]:
        """List models in the order of the service."""
        ...


class ServiceReader:
    """Reader of the service. Failures are raised as `ApiError`, but a failure after the first page of a list is kept.

    The caller shows what was read, and then raises `failure`.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connection: Connection | None = connection
        self._client = connection.client
        self.failure: ApiError | None = None
        self.warnings: list[str] = []
        """Sentences about lists that may be incomplete although no request failed."""
        self._notices: list[str] = []
        """Notices of the archive about parts that are recorded."""
        self._key = connection.choice.key
        self._clock = clock
        self._by_clock = ClockFacts()
        self._answers: list[Callable[[Archive, float], Awaitable[object]]] = []
        """Writes that record what was read."""

    async def jobs(self, options: ListOptions) -> JobList:
        by_clock = await self._read_clock_facts()
        progress: dict[str, JobRow] = {}
        if not options.filter.is_empty or options.sort != query.NEWEST:
            progress = read_rows(archive_file(), self._key)
        now = self._clock.now()
        found: dict[str, Job] = {}
        matching: list[JobRow] = []
        left_out = 0
        newest_first, last = True, float("inf")
        async for page in self._until_failure(self._client.each_job_page(warn=self.warnings.append)):
            for job in page.items:
                found[job.id] = job
                row = by_clock.added_to(_row_of(job, progress.get(job.id)), job.training_file)
                matching += [row] if options.filter.matches(row, now) else []
                left_out += options.left_out([row], now)
                newest_first &= (job.created_at or 0.0) <= last
                last = job.created_at or 0.0
            limited = options.limit is not None and len(matching) >= options.limit
            sorted_as_sent = newest_first and options.sort == query.NEWEST
            if limited and sorted_as_sent and page.cursor is not None:
                complete = False
                break
        else:
            complete = self.failure is None
        self._answers.append(lambda archive, now: record.record_jobs(archive, found.values(), now))
        chosen = [found[row.id] for row in options.ordered(matching)]
        more = len(chosen[options.limit :]) if options.limit else 0
        listed = self._list(chosen[: options.limit], more=more, complete=complete)
        return listed._replace(unknown=options.unknown(matching), left_out=left_out)

    async def job_parts(self, options: ListOptions) -> AsyncIterator[JobList]:
        read: list[Job] = []
        held = HeldJobs()
        await self._read_clock_facts()
        last, started = float("inf"), self._clock.now()
        must_sort = options.sort != query.NEWEST
        async for page in self._until_failure(self._client.each_job_page(warn=self.warnings.append)):
            times = [last, *(job.created_at or 0.0 for job in page.items)]
            last = times[-1]
            read += page.items
            if len(read) >= PART:
                read = await self._record_part(read)
            part = only_matching(self._list(list(page.items)), options, started)
            # The list of a service that does not send the newest first is sorted as a whole.
            must_sort = must_sort or any(later > earlier for earlier, later in pairwise(times))
            if must_sort:
                held.add(part)
                yield JobList([], 0, complete=True, rows=[], left_out=part.left_out)
            else:
                yield part
        self._answers.append(lambda archive, now: record.record_jobs(archive, read, now))
        for part in held.parts(options):
            yield part

    def _list(self, jobs: list[Job], *, more: int = 0, complete: bool = True) -> JobList:
        known = read_rows(archive_file(), self._key, [job.id for job in jobs])
        rows = [self._by_clock.added_to(_row_of(job, known.get(job.id)), job.training_file) for job in jobs]
        return JobList(jobs, more, complete, rows)

    async def _read_clock_facts(self) -> ClockFacts:
        """Read what decides about the alarms that the clock raises, as far as the archive knows it."""
        if not os.path.exists(archive_file()):
            return self._by_clock
        archive = Archive(archive_file(), self._key)
        try:
            self._by_clock = ClockFacts.read(archive, self._clock.now())
        finally:
            await archive.close()
        return self._by_clock

    async def _record_part(self, jobs: list[Job]) -> list[Job]:
        """Record jobs now. Return the last of them, which anchor the order of the next part."""
        self._answers.append(lambda archive, now: record.record_jobs(archive, jobs, now))
        self._notices += [notice for notice in await self.record() if notice not in self._notices]
        return [job for job in jobs[-PAGE:] if job.created_at == jobs[-1].created_at]

    async def job(self, id: str) -> FoundJob:
        job = await self._client.get_job(id)
        # First, because the archive takes what belongs to a job only once it has the job.
        self._answers.insert(0, lambda archive, now: record.record_jobs(archive, [job], now))
        return FoundJob(job, self._list([job]).rows[0])

    async def events(self, id: str) -> EventLog:
        found = oldest_first(await self._events(id))
        if self.failure is None:  # the archive takes whole logs only
            self._answers.append(lambda archive, now: record.record_events(archive, id, found))
        return EventLog(found, complete=self.failure is None)

    async def _events(self, id: str) -> list[Event]:
        pages = self._until_failure(self._client.each_event_page(id, warn=self.warnings.append))
        return [event async for page in pages for event in page.items]

    async def checkpoints(self, id: str) -> list[Checkpoint]:
        found = await self._checkpoints(id)
        found.sort(key=lambda item: (item.step_number or 0, item.created_at or 0.0))
        self._answers.append(lambda archive, now: archive.jobs.save_checkpoints(id, found))
        return found

    async def _checkpoints(self, id: str) -> list[Checkpoint]:
        pages = self._until_failure(self._client.each_checkpoint_page(id, warn=self.warnings.append))
        return [item async for page in pages for item in page.items]

    async def samples(self, id: str) -> list[StepSamples]:
        pages = self._until_failure(self._client.each_samples_page(id, warn=self.warnings.append))
        found = [item async for page in pages for item in page.items]
        self._answers.append(lambda archive, now: archive.samples.save(id, found))
        return found

    async def metrics(self, id: str, checkpoints: Sequence[Checkpoint] | None = None) -> JobMetrics:
        job = (await self.job(id)).job
        results: list[bytes] = []
        for file in job.result_files:
            with suppress(ApiError):  # a deleted file is no failure: the events have most of it
                results.append(await self._client.file_content(file))
        events = (await self.events(id)).events
        if checkpoints is None:
            with suppress(ApiError):
                checkpoints = await self.checkpoints(id)
        # Joined with the archive, which may have what the provider no longer has.
        archive = Archive(archive_file(), self._key)
        try:
            points = archived_points(archive, id, events=events, results=results, checkpoints=checkpoints or ())
            known = archive.events.state(id).progress.total_steps
        finally:
            await archive.close()
        total = next((event.total_steps for event in reversed(events) if event.total_steps), known)
        return JobMetrics(job, points, total or job.total_steps)

    async def files(self, *, purpose: str | None = None, limit: int | None = None) -> FileList:
        found: list[File] = []
        unread = False
        async for page in self._until_failure(self._client.each_file_page(purpose=purpose, warn=self.warnings.append)):
            found += page.items
            if limit is not None and len(found) >= limit:
                unread = page.cursor is not None
                break
        unread = unread or self.failure is not None
        rows = [(file.id, encode(file.raw)) for file in found]
        self._answers.append(lambda archive, now: archive.files.save(rows, now))
        return _newest(found, limit, unread=unread)

    async def file(self, id: str) -> File:
        """Return one file."""
        found = await self._client.get_file(id)
        self._answers.append(lambda archive, now: archive.files.save([(id, encode(found.raw))], now))
        return found

    async def result_file(self, id: str) -> bytes:
        """Return the content of a result file."""
        content = await self._client.file_content(id)
        self._answers.append(lambda archive, now: archive.files.save_content(id, content, now))
        return content

    async def models(self) -> list[Model]:
        found = (await self._client.list_models()).items
        rows = [(model.id, encode(model.raw)) for model in found]
        self._answers.append(lambda archive, now: archive.files.save_models(rows, now))
        return list(found)

    async def _until_failure(self, pages: AsyncIterator[Page[T]]) -> AsyncIterator[Page[T]]:
        """Yield pages. A failure after the first page ends them and is kept, so that what was read is not lost."""
        is_first = True
        try:
            async for page in pages:
                is_first = False
                yield page
        except ApiError as error:
            if is_first:
                raise
            self.failure = error

    async def record(self) -> list[str]:
        """Write what was read since the last call into the archive, and return the archive's notices."""
        if not self._answers:
            return self._notices
        answers, self._answers = self._answers, []
        archive = Archive(archive_file(), self._key)
        try:
            if not archive.path:
                return self._notices
            for write in answers:
                await write(archive, self._clock.now())
            return list(dict.fromkeys((*self._notices, *archive.notices)))
        finally:
            await archive.close()


class ArchiveReader:
    """Reader of the archive. An unknown job raises `NotArchived`."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self.connection: Connection | None = None
        self.failure: ApiError | None = None
        self._archive = archive
        self._clock = clock

    async def jobs(self, options: ListOptions) -> JobList:
        rows, left_out = self._rows(options)
        shown = rows[: options.limit]
        listed = self._list(shown, more=len(rows) - len(shown))
        return listed._replace(unknown=options.unknown(rows), left_out=left_out)

    async def job_parts(self, options: ListOptions) -> AsyncIterator[JobList]:
        rows, left_out = self._rows(options)
        for start in range(0, max(1, len(rows)), PAGE):
            part = rows[start : start + PAGE]
            yield self._list(part)._replace(unknown=options.unknown(part), left_out=0 if start else left_out)

    def _rows(self, options: ListOptions) -> tuple[list[JobRow], int]:
        """Return the matching rows in order, and the number of those left out for want of a loss."""
        unread = self._archive.jobs.unread_ends()
        rows = [row.without_numbers() if row.id in unread else row for row in self._archive.jobs.rows()]
        now = self._clock.now()
        by_clock = ClockAlarms(self._archive)
        rows = by_clock.added_to(rows, now)
        found = query.select(rows, options.filter, options.sort, now=now, known=options.known)
        return found, options.left_out(rows, now)

    def _list(self, rows: list[JobRow], *, more: int = 0) -> JobList:
        jobs = [Job.read(decode(self._archive.jobs.body(row.id), id=row.id)) for row in rows]
        return JobList(jobs, more, complete=True, rows=rows)

    async def job(self, id: str) -> FoundJob:
        body, row = self._archive.jobs.body(id), self._archive.jobs.row(id)
        if body is None or row is None:
            raise NotArchived(id)
        row = row.without_numbers() if id in self._archive.jobs.unread_ends() else row
        return FoundJob(Job.read(decode(body, id=id)), row)

    async def events(self, id: str) -> EventLog:
        await self.job(id)
        state = self._archive.events.state(id)
        events = [Event.read(decode(text)) for text in self._archive.events.raw(id)]
        return EventLog(events, complete=state.cursor is None and state.visited)

    async def checkpoints(self, id: str) -> list[Checkpoint]:
        await self.job(id)
        return [Checkpoint.read(decode(text)) for text in self._archive.jobs.checkpoints(id)]

    async def samples(self, id: str) -> list[StepSamples]:
        await self.job(id)
        return [StepSamples.read(decode(text)) for text in self._archive.samples.all(id)]

    async def metrics(self, id: str, checkpoints: Sequence[Checkpoint] | None = None) -> JobMetrics:
        job, total = (await self.job(id)).job, self._archive.events.state(id).progress.total_steps
        return JobMetrics(job, archived_points(self._archive, id), total or job.total_steps)

    async def files(self, *, purpose: str | None = None, limit: int | None = None) -> FileList:
        found = [File.read(decode(text)) for text in self._archive.files.all()]
        return _newest([file for file in found if purpose in (None, file.purpose)], limit)

    async def models(self) -> list[Model]:
        return [Model.read(decode(text)) for text in self._archive.files.models()]


def archive_key(options: Options) -> str:
    """Return the name under which the archive keeps the chosen service, also that of a removed profile.

    Blocks; not for use in an event loop.

    Raises:
        ConfigError: neither the configuration nor the archive knows the profile, or the configuration is wrong.
    """
    load.load()
    try:
        return choose(profile=options.profile, base_url=options.base_url).key
    except ConfigError:
        if options.profile is None or options.profile not in archived_profiles():
            raise
        return options.profile


def archived_profiles() -> list[str]:
    """Return the keys of the profiles that have jobs in the archive. Blocks; not for use in an event loop."""
    import asyncio

    async def read() -> list[str]:
        archive = Archive(archive_file(), LOCAL)
        try:
            return archive.profiles()
        finally:
            await archive.close()

    return asyncio.run(read()) if os.path.exists(archive_file()) else []


def oldest_first(events: Sequence[Event]) -> list[Event]:
    """Sort events by time. Events of the same second keep the order of the service, which may run either way.

    An event without a time keeps its place after the event before it.
    """
    times = [event.created_at for event in events if event.created_at is not None]
    newest_first = times[0] >= times[-1] if times else True
    ordered = events[::-1] if newest_first else events
    last = 0.0
    placed: list[tuple[float, Event]] = []
    for event in ordered:
        last = last if event.created_at is None else event.created_at
        placed.append((last, event))
    return [event for _, event in sorted(placed, key=lambda pair: pair[0])]


def _row_of(job: Job, known: JobRow | None) -> JobRow:
    """Return a job as a row. The service lists neither steps nor losses; both come from the archive.

    What the archive knows of a running job is not the end of one that has ended meanwhile.
    """
    if known is None or (job.status.is_final and known.status.is_live):
        return job.row()
    row = job.row(step=known.step, total=known.total_steps, loss=known.loss)
    return row._replace(summary=known.summary, alarms=known.alarms)


def _newest(files: list[File], limit: int | None, *, unread: bool = False) -> FileList:
    files = sorted(files, key=lambda file: -(file.created_at or 0.0))
    shown = files[:limit]
    return FileList(shown, unread or len(files) > len(shown))
