"""Reader of the service, which records in the archive what it reads."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, TypeVar

from fttui.api.errors import ApiError
from fttui.clock import Clock
from fttui.config.paths import archive_file
from fttui.core.connect import Connection
from fttui.core.job_list import PAGE, HeldJobs, JobList, ListOptions, only_matching
from fttui.core.reader import EventLog, FileList, FoundJob, JobMetrics, newest, oldest_first
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job_row import row_of
from fttui.models.page import Page
from fttui.models.raw_json import digest, encode
from fttui.models.row import JobRow
from fttui.models.samples import StepSamples
from fttui.models.wire import Wire
from fttui.store import query, record
from fttui.store.archive.archive import Archive
from fttui.store.archive.first_rows import read_rows
from fttui.store.archive.metrics import archived_points
from fttui.store.clock_alarms import ClockFacts

T = TypeVar("T", bound=Wire)
PART = 1000
"""Number of jobs of a long list that are recorded in the archive together."""
MOST_LOGS = 1000
"""Most logs that are read for one list."""


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
        if self._reads_logs(options):
            needed = ListOptions(query.parse(""), query.NEWEST, MOST_LOGS) if options.needs_logs else options
            await self._read_logs((await self._jobs(needed)).objects[:MOST_LOGS])
        return await self._jobs(options)

    async def _jobs(self, options: ListOptions) -> JobList:
        by_clock = await self._read_clock_facts()
        progress: dict[str, JobRow] = {}
        if not options.filter.is_empty or options.sort != query.NEWEST:
            progress = read_rows(archive_file(), self._key)
        now = self._clock.now()
        found: dict[str, Any] = {}
        matching: list[JobRow] = []
        left_out = 0
        newest_first, last = True, float("inf")
        is_read_whole = options.limit is None or options.sort != query.NEWEST
        pages = self._client.each_job_page(warn=self.warnings.append, ahead=is_read_whole)
        async for page in self._until_failure(pages):
            for raw in page.objects:
                sent = row_of(raw)
                found[sent.id] = raw
                row = by_clock.added_to(_with_known(sent, progress.get(sent.id)), raw)
                matching += [row] if options.filter.matches(row, now) else []
                left_out += options.left_out([row], now)
                newest_first &= (row.created_at or 0.0) <= last
                last = row.created_at or 0.0
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
        read: list[Any] = []
        held = HeldJobs()
        await self._read_clock_facts()
        last, started = float("inf"), self._clock.now()
        must_sort = options.sort != query.NEWEST
        pages = self._client.each_job_page(warn=self.warnings.append, ahead=True)
        async for page in self._until_failure(pages):
            if self._reads_logs(options):
                await self._read_logs(page.objects)
            listed = self._list(page.objects)
            times = [last, *(row.created_at or 0.0 for row in listed.rows)]
            last = times[-1]
            read += page.objects
            if len(read) >= PART:
                read = await self._record_part(read)
            part = only_matching(listed, options, started)
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

    def _list(self, objects: list[Any], *, more: int = 0, complete: bool = True) -> JobList:
        sent = [row_of(raw) for raw in objects]
        known = read_rows(archive_file(), self._key, [row.id for row in sent])
        rows = [
            self._by_clock.added_to(_with_known(row, known.get(row.id)), raw)
            for row, raw in zip(sent, objects, strict=True)
        ]
        return JobList(objects, more, complete, rows)

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

    async def _record_part(self, objects: list[Any]) -> list[Any]:
        """Record jobs now. Return the last of them, which anchor the order of the next part."""
        self._answers.append(lambda archive, now: record.record_jobs(archive, objects, now))
        self._notices += [notice for notice in await self.record() if notice not in self._notices]
        times = [row_of(raw).created_at for raw in objects[-PAGE:]]
        return [raw for raw, time in zip(objects[-PAGE:], times, strict=True) if time == times[-1]]

    def _reads_logs(self, options: ListOptions) -> bool:
        """Tell whether a list needs logs that are files of this machine, so that reading them costs no request."""
        return (options.shows_numbers or options.needs_logs) and self._client.provider.is_watched

    async def _read_logs(self, objects: Sequence[Any]) -> None:
        """Read and record the logs that the archive lacks, or that have grown."""
        sent = [(row_of(raw), digest(raw)) for raw in objects]
        archive = Archive(archive_file(), self._key)
        try:
            held = archive.jobs.held([row.id for row, _ in sent])
            unread = [
                row.id
                for row, hash in sent
                if row.id not in held or held[row.id].digest != hash or not _has_log(archive, row)
            ]
        finally:
            await archive.close()
        self._answers.append(lambda archive, now: record.record_jobs(archive, objects, now))
        for id in unread:
            with suppress(ApiError):  # its numbers stay unknown, and the list says so
                await self.events(id)
        self._notices += [notice for notice in await self.record() if notice not in self._notices]

    async def job(self, id: str) -> FoundJob:
        job = await self._client.get_job(id)
        # First, because the archive takes what belongs to a job only once it has the job.
        self._answers.insert(0, lambda archive, now: record.record_jobs(archive, [job.raw], now))
        return FoundJob(job, self._list([job.raw]).rows[0])

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
        return newest(found, limit, unread=unread)

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


def _has_log(archive: Archive, row: JobRow) -> bool:
    """Tell whether the archive has the whole log of a job that has ended."""
    log = archive.events.state(row.id)
    return row.status.is_final and log.visited and log.cursor is None and log.progress.step == row.step


def _with_known(row: JobRow, known: JobRow | None) -> JobRow:
    """Return the row of a job as sent with what the archive knows: the service lists neither steps nor losses.

    What the archive knows of a running job is not the end of one that has ended meanwhile.
    """
    if known is None or (row.status.is_final and known.status.is_live):
        return row
    return row._replace(
        step=row.step if known.step is None else known.step,
        total_steps=row.total_steps if known.total_steps is None else known.total_steps,
        loss=known.loss,
        summary=known.summary,
        alarms=known.alarms,
    )
