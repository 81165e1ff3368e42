"""Decoded jobs, checkpoints and samples from the archive, cached for panes that ask repeatedly."""

from collections.abc import Iterable
from typing import Any

from fttui.models.checkpoint import Checkpoint
from fttui.models.job import Job
from fttui.models.raw_json import decode
from fttui.models.samples import StepSamples
from fttui.store.archive.archive import Archive

CACHED = 32
"""Most decoded jobs in the cache."""


class JobDetails:
    """Reader of one profile's jobs in the archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._jobs: dict[str, tuple[str, Job]] = {}

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

    def samples(self, id: str) -> tuple[StepSamples, ...]:
        """Return the samples of a job by step, as far as they were read."""
        return tuple(StepSamples.read(decode(text)) for text in self._archive.samples.all(id))

    def forget(self, ids: Iterable[str]) -> None:
        """Remove jobs from the cache."""
        for id in ids:
            self._jobs.pop(id, None)


def _limit(cache: dict[str, Any]) -> None:
    if len(cache) > CACHED:
        del cache[next(iter(cache))]
