"""Lists of jobs, whole and in parts."""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from fttui.models.job import Job
from fttui.models.raw_json import decode, encode
from fttui.models.row import JobRow
from fttui.store import query

PAGE = 100
"""Number of jobs in a part."""


class ListOptions(NamedTuple):
    """Options of a job list."""

    filter: query.Query
    sort: query.Sort
    limit: int | None
    """Number of jobs; None for all."""


class JobList(NamedTuple):
    """Matching jobs in their order, cut at the limit."""

    jobs: list[Job]
    more: int
    """Number of matching jobs that were read and cut."""
    complete: bool
    """No page was left unread."""
    rows: list[JobRow]
    """The same jobs as rows, with step and loss as far as the archive knows them."""

    @property
    def has_more(self) -> bool:
        return bool(self.more) or not self.complete


class HeldJobs:
    """Jobs that cannot be printed before all are read, because they are sorted. Compressed, for there may be many."""

    def __init__(self) -> None:
        self._rows: list[JobRow] = []
        self._texts: dict[int, bytes] = {}
        """JSON of each job by the identity of its row: objects without an id are not equal."""

    def add(self, part: JobList) -> None:
        """Hold the jobs of a part."""
        self._rows += part.rows
        for row, job in zip(part.rows, part.jobs, strict=True):
            self._texts[id(row)] = zlib.compress(encode(job.raw).encode(), 1)

    def parts(self, sort: query.Sort) -> Iterator[JobList]:
        """Yield the jobs in order, a page at a time."""
        rows = query.select(self._rows, None, sort)
        for start in range(0, len(rows), PAGE):
            part = rows[start : start + PAGE]
            jobs = [Job.read(decode(zlib.decompress(self._texts[id(row)]).decode())) for row in part]
            yield JobList(jobs, 0, complete=True, rows=part)


def only_matching(found: JobList, filter: query.Query, now: float) -> JobList:
    """Return a list without the jobs that a filter hides."""
    if filter.is_empty:
        return found
    pairs = [pair for pair in zip(found.jobs, found.rows, strict=True) if filter.matches(pair[1], now)]
    return found._replace(jobs=[job for job, _ in pairs], rows=[row for _, row in pairs])
