"""Reading of what a run consists of, from the service into the archive."""

from contextlib import suppress

from fttui.api.errors import ApiError
from fttui.core.service_reader import ServiceReader
from fttui.models.job import Job
from fttui.store.archive.archive import Archive


async def read_run(reader: ServiceReader, archive: Archive, id: str) -> None:
    """Read a job, and of its events, checkpoints, result files and names of files what the archive lacks.

    Raises:
        ApiError: the job cannot be read. A missing part is no failure: the others may be enough.
    """
    job = (await reader.job(id)).job
    if not _is_complete(archive, job):
        events = []
        with suppress(ApiError):
            events = (await reader.events(id)).events
        with suppress(ApiError):
            await reader.checkpoints(id)
        if not any(event.metrics for event in events):
            for file in job.result_files:
                with suppress(ApiError):
                    await reader.result_file(file)
    for file in filter(None, (job.training_file, job.validation_file)):
        if archive.files.get(file) is None:
            with suppress(ApiError):
                await reader.file(file)


def _is_complete(archive: Archive, job: Job) -> bool:
    """Tell whether the archive has the events of an ended job to the last one."""
    state = archive.events.state(job.id)
    if not job.status.is_final or not state.visited or state.cursor is not None:
        return False
    newest = archive.events.rows(job.id, limit=1)
    at = newest[-1].created_at if newest else None
    return at is not None and job.finished_at is not None and at >= job.finished_at
