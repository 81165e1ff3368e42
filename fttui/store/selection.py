"""The selected job, which the poller serves first."""

from collections.abc import Callable

from fttui.clock import Clock


class Selection:
    """Id of the selected job and the time of its selection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.id: str | None = None
        self.since = float("-inf")
        """Time of selection (monotonic)."""
        self.on_change: Callable[[], None] = lambda: None
        """Called after each change of the selection."""

    def select(self, id: str | None) -> None:
        """Select a job, or none."""
        if id != self.id:
            self.id, self.since = id, self._clock.monotonic()
            self.on_change()
