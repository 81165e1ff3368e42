"""Lists of jobs, whole and in parts."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from fttui.models.raw_json import decode, encode
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.store import query
from fttui.store.filter_fields import FROM_LOG, NUMBER_FIELDS
from fttui.store.job_values import NOTHING_KNOWN, Known

PAGE = 100
"""Number of jobs in a part."""


class ListOptions(NamedTuple):
    """Options of a job list."""

    filter: query.Query
    sort: query.Sort
    limit: int | None
    """Number of jobs; None for all."""
    known: Known = NOTHING_KNOWN
    """Facts for the order that the rows lack."""
    shows_numbers: bool = False
    """Losses and alarms are shown. Logs that cost no request are read for them."""

    @property
    def needs_logs(self) -> bool:
        """Filter or order need numbers from the logs of all jobs."""
        return self.filter.needs_logs or self.sort.needs_logs

    def ordered(self, rows: Iterable[JobRow]) -> list[JobRow]:
        """Return rows in order."""
        return query.select(rows, None, self.sort, known=self.known)

    def unknown(self, rows: Iterable[JobRow]) -> int:
        """Return the number of rows without the number from a log by which they are sorted."""
        if self.sort.field not in FROM_LOG & set(NUMBER_FIELDS):
            return 0
        number = self.known.number(self.sort.field)
        return sum(number(row) is None and not row.summary.not_finite for row in rows)

    def left_out(self, rows: Iterable[JobRow], now: float) -> int:
        """Return the number of rows that the filter hides only because it needs a loss that is not known."""
        if not self.filter.needs_logs:
            return 0
        return sum(
            row.judged_loss is None
            and not row.summary.is_lost
            and row.status not in (Status.VALIDATING, Status.QUEUED)
            and not self.filter.matches(row, now)
            and self.filter.matches_apart_from_log(row, now)
            for row in rows
        )


class JobList(NamedTuple):
    """Matching jobs in their order, cut at the limit."""

    objects: list[Any]
    """JSON of the jobs, as it is stored."""
    more: int
    """Number of matching jobs that were read and cut."""
    complete: bool
    """No page was left unread."""
    rows: list[JobRow]
    """The same jobs as rows, with the numbers that the archive knows."""
    unknown: int = 0
    """Matching jobs without the number by which they are sorted: see `ListOptions.unknown`."""
    left_out: int = 0
    """Jobs that the filter hides for want of a loss: see `ListOptions.left_out`."""

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
        for row, raw in zip(part.rows, part.objects, strict=True):
            self._texts[id(row)] = zlib.compress(encode(raw).encode(), 1)

    def parts(self, options: ListOptions) -> Iterator[JobList]:
        """Yield the jobs in order, a page at a time."""
        rows = options.ordered(self._rows)
        for start in range(0, len(rows), PAGE):
            part = rows[start : start + PAGE]
            objects = [decode(zlib.decompress(self._texts[id(row)]).decode()) for row in part]
            yield JobList(objects, 0, complete=True, rows=part, unknown=options.unknown(part))


def only_matching(found: JobList, options: ListOptions, now: float) -> JobList:
    """Return a list without the jobs that a filter hides."""
    filter = options.filter
    if filter.is_empty:
        return found
    pairs = [pair for pair in zip(found.objects, found.rows, strict=True) if filter.matches(pair[1], now)]
    left_out = options.left_out(found.rows, now)
    return found._replace(objects=[raw for raw, _ in pairs], rows=[row for _, row in pairs], left_out=left_out)
