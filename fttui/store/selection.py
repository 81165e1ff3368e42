"""The selected job, which the poller serves first, and the jobs whose numbers the list needs."""

from collections.abc import Callable

from fttui.clock import Clock


class Selection:
    """Id of the selected job and the time of its selection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.id: str | None = None
        self.since = float("-inf")
        """Time of selection (monotonic)."""
        self.needed: tuple[str, ...] | None = ()
        """Jobs whose numbers the list needs, in the order of their importance. None for all jobs, newest first."""
        self.on_change: Callable[[], None] = lambda: None
        """Called after each change of the selection or of the needed jobs."""

    def select(self, id: str | None) -> None:
        """Select a job, or none."""
        if id != self.id:
            self.id, self.since = id, self._clock.monotonic()
            self.on_change()

    def need(self, ids: tuple[str, ...] | None) -> None:
        """Set the jobs whose numbers the list needs; None for all jobs."""
        if ids != self.needed:
            self.needed = ids
            self.on_change()
