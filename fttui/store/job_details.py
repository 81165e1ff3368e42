"""Decoded jobs, checkpoints and metrics from the archive, cached for panes that ask repeatedly."""

from collections.abc import Iterable
from typing import Any

from fttui.models.checkpoint import Checkpoint
from fttui.models.job import Job
from fttui.models.metric import Point, points_of_checkpoints, points_of_result_files
from fttui.models.raw_json import decode
from fttui.store.archive.archive import Archive
from fttui.store.archive.events import LogState

CACHED = 32
"""Most decoded jobs, and most curves, in the cache."""


class JobDetails:
    """Reader of one profile's jobs in the archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._jobs: dict[str, tuple[str, Job]] = {}
        self._points: dict[str, tuple[LogState, list[Point]]] = {}

    def job(self, id: str) -> Job | None:
        """Return the whole job as last sent, or None for an unknown job."""
        text = self._archive.jobs.body(id)
        if text is None:
            return None
        cached = self._jobs.get(id)
        if cached is None or cached[0] != text:
            cached = self._jobs[id] = (text, Job.read(decode(text, id=id)))
            _limit(self._jobs)
        return cached[1]

    def checkpoints(self, id: str) -> tuple[Checkpoint, ...]:
        """Return every checkpoint of a job ever seen, by step."""
        return tuple(Checkpoint.read(decode(text)) for text in self._archive.jobs.checkpoints(id))

    def points(self, id: str) -> list[Point]:
        """Return the metrics of a job, by step: from its events, else from a result file, else from checkpoints."""
        state, cached = self._archive.events.state(id), self._points.get(id)
        if cached is None or cached[0] != state or not cached[1]:
            points = self._archive.events.points(id) or self._points_of_results(id)
            cached = self._points[id] = (state, points)
            _limit(self._points)
        # Nebius sends metrics in checkpoints only.
        return cached[1] or points_of_checkpoints(self.checkpoints(id))

    def _points_of_results(self, id: str) -> list[Point]:
        job = self.job(id)
        return points_of_result_files(map(self._archive.files.content, job.result_files if job is not None else ()))

    def forget(self, ids: Iterable[str]) -> None:
        """Remove jobs from the cache."""
        for id in ids:
            self._jobs.pop(id, None)
            self._points.pop(id, None)


def _limit(cache: dict[str, Any]) -> None:
    if len(cache) > CACHED:
        del cache[next(iter(cache))]
