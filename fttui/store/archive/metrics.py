"""Metrics of a job by step, from everything that the archive has."""

from fttui.models.checkpoint import Checkpoint
from fttui.models.job import Job
from fttui.models.metric import Point, points_of_checkpoints, points_of_run
from fttui.models.raw_json import decode
from fttui.store.archive.archive import Archive


def archived_points(archive: Archive, id: str) -> list[Point]:
    """Return a job's metrics by step, from its events, result files and checkpoints."""
    body = archive.jobs.body(id)
    results = Job.read(decode(body)).result_files if body is not None else ()
    checkpoints = (Checkpoint.read(decode(text)) for text in archive.jobs.checkpoints(id))
    return points_of_run(
        events=archive.events.points(id),
        results=map(archive.files.content, results),
        checkpoints=points_of_checkpoints(checkpoints),
    )
