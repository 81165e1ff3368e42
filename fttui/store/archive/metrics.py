"""Metrics of a job by step, from everything that the archive has."""

from collections.abc import Iterable

from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.job import Job
from fttui.models.metric import Point, points_of_checkpoints, points_of_events, points_of_run
from fttui.models.raw_json import decode
from fttui.store.archive.archive import Archive


def archived_points(
    archive: Archive,
    id: str,
    *,
    events: Iterable[Event] = (),
    results: Iterable[bytes] = (),
    checkpoints: Iterable[Checkpoint] = (),
) -> list[Point]:
    """Return a job's metrics by step, from its events, result files and checkpoints.

    Args:
        events: events that were just read, oldest first. The archive need not have them, nor the other parts.
    """
    body = archive.jobs.body(id)
    files = Job.read(decode(body)).result_files if body is not None else ()
    saved = [Checkpoint.read(decode(text)) for text in archive.jobs.checkpoints(id)]
    return points_of_run(
        events=[*archive.events.points(id), *points_of_events(events)],
        results=[*map(archive.files.content, files), *results],
        checkpoints=points_of_checkpoints([*saved, *checkpoints]),
    )
