"""Order of jobs that were created in the same second: the order of the provider's list.

A place is a number, higher for a job that is newer in that order. It is compared only between jobs of the same second,
and changes only when the provider's order contradicts it.
"""

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
        known = self._known
        keyed = [(row.created_at is None, -(row.created_at or 0.0), -known.get(row.id, 0), row.id, row) for row in rows]
        # One sort with one key: fast for rows that are already in order.
        keyed.sort()
        return [entry[4] for entry in keyed]

    def _next(self, older: bool) -> int:
        if older:
            self._bottom -= 1
            return self._bottom
        self._top += 1
        return self._top
