"""Cross-hair of a chart: its position, and the range of the horizontal axis that it selects. Standard library only."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence


class CrossHair:
    """Position on the horizontal axis, in its unit. There is none until the user moves it."""

    def __init__(self) -> None:
        self.at: float | None = None
        self.start: float | None = None
        """Where the range begins that the user is choosing."""
        self.zoom: tuple[float, float] | None = None
        """The range that is shown, None for the whole run."""
        self._follows = False
        """The cross-hair is at the last point, and moves on with new points."""

    def rescale(self, place: Callable[[float], float]) -> None:
        """Move cross-hair and range to another unit of the axis.

        Args:
            place: returns the new position of an old one.
        """
        self.at = None if self.at is None else place(self.at)
        self.start = None if self.start is None else place(self.start)
        if self.zoom is not None:
            low, high = sorted(map(place, self.zoom))
            self.zoom = (low, high) if low < high else None

    def sync(self, positions: Sequence[float]) -> None:
        """Follow new points at the right end; elsewhere the position stays.

        Args:
            positions: the positions of all points, in ascending order.
        """
        if self.at is not None and positions and (self._follows or self.at > positions[-1]):
            self.at = positions[-1]

    def move(self, steps: int, positions: Sequence[float], column: float) -> None:
        """Move by points, or by columns where points are denser. The first move shows the cross-hair at the end.

        Args:
            steps: to the left when negative.
            column: width of a column.
        """
        shown = self._shown(positions)
        if not shown:
            return
        if self.at is None:
            self._put(shown[-1], positions)
            return
        for _ in range(abs(steps)):
            if steps > 0:
                after = bisect_right(shown, self.at)
                place = max(after, bisect_left(shown, self.at + column * (1 - 1e-9)))
            else:
                before = bisect_left(shown, self.at) - 1
                place = min(before, bisect_right(shown, self.at - column * (1 - 1e-9)) - 1)
            self._put(shown[max(0, min(place, len(shown) - 1))], positions)

    def move_by(self, distance: float, positions: Sequence[float]) -> None:
        """Move to the point nearest to a distance from here."""
        shown = self._shown(positions)
        if not shown:
            return
        wanted = (shown[-1] if self.at is None else self.at) + distance
        after = min(bisect_left(shown, wanted), len(shown) - 1)
        before = max(0, after - 1)
        place = before if abs(shown[before] - wanted) < abs(shown[after] - wanted) else after
        self._put(shown[place], positions)

    def move_to_end(self, positions: Sequence[float], *, last: bool) -> None:
        """Move to the first or the last point that is shown."""
        if shown := self._shown(positions):
            self._put(shown[-1 if last else 0], positions)

    def move_to_mark(self, marks: Sequence[float], positions: Sequence[float], *, forward: bool) -> bool:
        """Move to the next or the previous mark. Return False without one."""
        if self.at is None:
            found = list(marks[:1] if forward else marks[-1:])
        elif forward:
            found = [mark for mark in marks if mark > self.at + 1e-9][:1]
        else:
            found = [mark for mark in marks if mark < self.at - 1e-9][-1:]
        if not found:
            return False
        self._put(found[0], positions)
        if self.zoom is not None and not self.zoom[0] <= found[0] <= self.zoom[1]:
            self.zoom = None
        return True

    def toggle_range(self, positions: Sequence[float]) -> bool:
        """Begin a range here, or show the range from its beginning to here. Return True while one is being chosen."""
        if self.at is None:
            self.move_to_end(positions, last=True)
        if self.at is None:
            return False
        if self.start is None:
            self.start = self.at
            return True
        if self.start != self.at:
            self.zoom = (min(self.start, self.at), max(self.start, self.at))
        self.start = None
        return False

    def leave_range(self) -> bool:
        """Give up the range that is being chosen, else show the whole run. Return False when there is no range."""
        if self.start is not None:
            self.start = None
            return True
        had_zoom, self.zoom = self.zoom is not None, None
        return had_zoom

    def _shown(self, positions: Sequence[float]) -> Sequence[float]:
        if self.zoom is None:
            return positions
        low, high = self.zoom
        return positions[bisect_left(positions, low) : bisect_right(positions, high)]

    def _put(self, at: float, positions: Sequence[float]) -> None:
        self.at = at
        self._follows = bool(positions) and at >= positions[-1]
