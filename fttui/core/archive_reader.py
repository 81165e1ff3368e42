"""Reader of the archive: what was read of the service before, without a request."""

from collections.abc import AsyncIterator, Sequence

from fttui.api.errors import ApiError
from fttui.clock import Clock
from fttui.core.connect import Connection
from fttui.core.job_list import PAGE, JobList, ListOptions
from fttui.core.reader import EventLog, FileList, FoundJob, JobMetrics, NotArchived, newest
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.raw_json import decode
from fttui.models.row import JobRow
from fttui.models.samples import StepSamples
from fttui.store import query
from fttui.store.archive.archive import Archive
from fttui.store.archive.metrics import archived_points
from fttui.store.clock_alarms import ClockAlarms


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
        objects = [decode(self._archive.jobs.body(row.id), id=row.id) for row in rows]
        return JobList(objects, more, complete=True, rows=rows)

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
        return newest([file for file in found if purpose in (None, file.purpose)], limit)

    async def models(self) -> list[Model]:
        return [Model.read(decode(text)) for text in self._archive.files.models()]
