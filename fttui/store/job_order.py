"""Order of jobs that were created in the same second: the order of the provider's list.

A place is a number, higher for a job that is newer in that order. It is compared only between jobs of the same second,
and changes only when the provider's order contradicts it.
"""

from bisect import bisect_left, insort_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise

from fttui.models.row import JobRow


class JobOrder:
    """Places of a profile's jobs. A new job gets a place above all others, a job of an older page one below."""

    def __init__(self, known: Mapping[str, int], ends: tuple[int, int] | None = None) -> None:
        """
        Args:
            known: places by id.
            ends: lowest and highest place in use. None: take them from `known`.
        """
        self._known = dict(known)
        self._bottom, self._top = ends or (min(known.values(), default=0), max(known.values(), default=0))

    def place(self, id: str) -> int:
        """Return the place of a job, or 0 for a job without a place."""
        return self._known.get(id, 0)

    def forget(self, id: str) -> None:
        """Remove a job."""
        self._known.pop(id, None)

    def update(self, listed: Sequence[tuple[str, float | None]], *, older: bool = False) -> dict[str, int]:
        """Take over the order of a page of the list. Return the places that are new or changed.

        Args:
            listed: id and time of creation, newest first.
            older: the page is below the pages seen before.
        """
        changed: dict[str, int] = {}
        fresh = [id for id, _ in listed if id not in self._known]
        for id in fresh if older else reversed(fresh):
            changed[id] = self._known[id] = self._next(older)
        for _, group in groupby(listed, key=lambda pair: pair[1]):
            ids = [id for id, _ in group]
            places = [self._known[id] for id in ids]
            if all(upper > lower for upper, lower in pairwise(places)):
                continue
            # Give the same places in the provider's order, or new places if two jobs share one.
            if len(set(places)) < len(places):
                places = [self._next(older) for _ in ids]
            for id, place in zip(ids, sorted(places, reverse=True), strict=True):
                if self._known[id] != place:
                    changed[id] = self._known[id] = place
        return changed

    def newest_first(self, rows: Iterable[JobRow]) -> list[JobRow]:
        """Return rows by time of creation, then by place, newest first. Rows without a time come last."""
        return sorted(rows, key=self._key)

    def insert(self, held: Mapping[str, JobRow], rows: Iterable[JobRow]) -> dict[str, JobRow]:
        """Return `held`, which is in order, with new rows at their places: much faster than a sort of 100,000 rows."""
        ordered, new = list(held.values()), self.newest_first(rows)
        start, end = (bisect_left(ordered, self._key(row), key=self._key) for row in (new[0], new[-1]))
        fresh = {row.id: row for row in new}
        if start == len(ordered):
            return {**held, **fresh}
        if end == 0:
            return {**fresh, **held}
        if start == end:
            ordered[start:start] = new
        else:
            for row in reversed(new):
                insort_left(ordered, row, key=self._key)
        return {row.id: row for row in ordered}

    def _key(self, row: JobRow) -> tuple[bool, float, int, str]:
        return row.created_at is None, -(row.created_at or 0.0), -self._known.get(row.id, 0), row.id

    def _next(self, older: bool) -> int:
        if older:
            self._bottom -= 1
            return self._bottom
        self._top += 1
        return self._top
