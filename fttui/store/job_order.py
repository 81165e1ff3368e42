"""Where jobs of one second stand among each other: as the provider lists them, which no time tells.

A place is a number, higher for what is newer in the provider's order. It means something only between jobs that were
created at the same time, and never changes unless the provider's order contradicts it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise

from fttui.models.row import JobRow


class Places:
    """The places of a profile's jobs. New ones rise above all others, those of older pages fall below."""

    def __init__(self, known: Mapping[str, int], ends: tuple[int, int] | None = None) -> None:
        """
        Args:
            known: places by id.
            ends: the lowest and the highest place in use; None when they are among the known.
        """
        self._known = dict(known)
        self._bottom, self._top = ends or (min(known.values(), default=0), max(known.values(), default=0))

    def of(self, id: str) -> int:
        """A job's place; 0 where it has none yet."""
        return self._known.get(id, 0)

    def forget(self, id: str) -> None:
        self._known.pop(id, None)

    def learn(self, listed: Sequence[tuple[str, float | None]], *, older: bool = False) -> dict[str, int]:
        """See jobs in the provider's order, newest first, as (id, time of creation); the places that are new.

        Args:
            older: they are from further down the list, below what was seen before.
        """
        learned: dict[str, int] = {}
        fresh = [id for id, _ in listed if id not in self._known]
        for id in fresh if older else reversed(fresh):
            learned[id] = self._known[id] = self._next(older)
        for _, group in groupby(listed, key=lambda pair: pair[1]):
            ids = [id for id, _ in group]
            places = [self._known[id] for id in ids]
            if all(upper > lower for upper, lower in pairwise(places)):
                continue
            # The provider knows better: the same places in its order, or others where they are not enough.
            if len(set(places)) < len(places):
                places = [self._next(older) for _ in ids]
            for id, place in zip(ids, sorted(places, reverse=True), strict=True):
                if self._known[id] != place:
                    learned[id] = self._known[id] = place
        return learned

    def newest_first(self, rows: Iterable[JobRow]) -> list[JobRow]:
        """Rows in the order of the list: by time of creation, then by place; those without a time last."""
        known = self._known
        keyed = [(row.created_at is None, -(row.created_at or 0.0), -known.get(row.id, 0), row.id, row) for row in rows]
        # One pass and one key, so that a list which is in order already costs next to nothing.
        keyed.sort()
        return [entry[4] for entry in keyed]

    def _next(self, older: bool) -> int:
        if older:
            self._bottom -= 1
            return self._bottom
        self._top += 1
        return self._top
