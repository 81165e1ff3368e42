"""Set of the ids of a long list, in 16 to 32 bytes for each: a set of Python takes 70."""

from array import array

_FIRST_SIZE = 1 << 10
RECENT = 1_000_000
"""Number of ids of a list that are always known. They take up to 32 MB."""


class IdSet:
    """Hashes of ids in an open table. Of a million ids, two share a hash of 64 bits with a chance of 3 in 10^8."""

    def __init__(self) -> None:
        self._slots = _empty(_FIRST_SIZE)
        """Hashes, each at the first free place from its lowest bits on. 0 is a free place."""
        self._count = 0

    def add(self, id: str) -> bool:
        """Add an id. Return whether it is new."""
        name = hash(id) or 1
        at = _place(self._slots, name)
        if self._slots[at]:
            return False
        self._slots[at] = name
        self._count += 1
        if self._count * 2 > len(self._slots):
            self._grow()
        return True

    def __contains__(self, id: str) -> bool:
        return bool(self._slots[_place(self._slots, hash(id) or 1)])

    def __len__(self) -> int:
        return self._count

    def _grow(self) -> None:
        slots = _empty(len(self._slots) * 2)
        for name in filter(None, self._slots):
            slots[_place(slots, name)] = name
        self._slots = slots


class RecentIds:
    """The ids of a list that were seen last. Earlier ids are forgotten, so that the memory has an end."""

    def __init__(self, least: int | None = None) -> None:
        """
        Args:
            least: number of ids that are known at least; `RECENT` if None. At most twice as many are known.
        """
        self._least = RECENT if least is None else least
        self._newer = IdSet()
        self._older: IdSet | None = None

    def add(self, id: str) -> bool:
        """Add an id. Return whether it is new."""
        if (self._older is not None and id in self._older) or not self._newer.add(id):
            return False
        if len(self._newer) == self._least:
            self._older, self._newer = self._newer, IdSet()
        return True


def _empty(size: int) -> "array[int]":
    return array("q", bytes(8 * size))


def _place(slots: "array[int]", name: int) -> int:
    """Return the place of a hash, or the free place where it belongs."""
    last = len(slots) - 1
    at = name & last
    while slots[at] and slots[at] != name:
        at = (at + 1) & last
    return at
