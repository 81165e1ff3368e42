"""Interface of readers: jobs, events, checkpoints, samples, metrics, files and models. Readers do not print.

`service_reader` asks the service and records its answers in the archive. `archive_reader` serves `--offline` and sends
no request.
"""

import os
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from fttui.api.errors import ApiError
from fttui.config import load
from fttui.config.choose import LOCAL, choose
from fttui.config.errors import ConfigError
from fttui.config.paths import archive_file
from fttui.core.connect import Connection
from fttui.core.job_list import JobList, ListOptions
from fttui.core.options import Options
from fttui.learning.run import Run, run_of
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.metric import Point
from fttui.models.row import JobRow
from fttui.models.samples import StepSamples
from fttui.store.archive.archive import Archive
from fttui.store.runs import number_of


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


def newest(files: list[File], limit: int | None, *, unread: bool = False) -> FileList:
    """Return the newest files.

    Args:
        limit: greatest number of files; None for all.
        unread: the service has more files, which were not read.
    """
    files = sorted(files, key=lambda file: -(file.created_at or 0.0))
    shown = files[:limit]
    return FileList(shown, unread or len(files) > len(shown))
