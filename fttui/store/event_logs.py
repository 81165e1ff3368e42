"""Extent of the recorded events of each job."""

from collections.abc import Iterable
from typing import NamedTuple

from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.store.archive.archive import Archive
from fttui.store.archive.events import LogState, Progress


class LogRead(NamedTuple):
    """Last time that the newest events of a job were fetched. Times are Unix seconds."""

    at: float
    newest: float | None = None
    """Time of the newest event."""
    patience: float | None = None
    """Seconds without an event after which the job is stalled; None when that is not known."""

    @property
    def is_silent(self) -> bool:
        """The job had sent no event for too long."""
        return self.newest is not None and self.patience is not None and self.at - self.newest > self.patience


class EventLogs:
    """States of the event logs that were fetched at least once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.states: dict[str, LogState] = archive.events.states()
        self.unread: set[str] = {id for id, log in self.states.items() if log.cursor is not None}
        """Jobs with older events that are not fetched yet."""
        self.reads: dict[str, LogRead] = {}
        """Logs whose newest events were fetched in this session."""

    def __contains__(self, id: object) -> bool:
        return id in self.states

    def lacks(self, row: JobRow) -> bool:
        """Tell whether the log of a job that has started is not read to its beginning."""
        has_started = row.status not in (Status.VALIDATING, Status.QUEUED)
        return has_started and (row.id not in self.states or row.id in self.unread)

    def progress(self, id: str) -> Progress:
        """Return a job's progress, from its events."""
        return self.states[id].progress if id in self.states else Progress()

    def load_ends(self, id: str) -> None:
        """Load the sequence numbers of a log's ends, which `states` of the archive leaves out."""
        if (held := self.states.get(id)) is not None and held.top is None:
            self.states[id] = self._archive.events.state(id)

    def update(self, id: str) -> bool:
        """Load a log's state. Return True if events were added since the last call, by any process."""
        before, state = self.states.get(id, LogState()), self._archive.events.state(id)
        if state.visited:
            self.states[id] = state
        else:
            self.states.pop(id, None)  # its record was damaged
        (self.unread.discard if state.cursor is None else self.unread.add)(id)
        return (state.top, state.bottom) != (before.top, before.bottom)

    def forget(self, ids: Iterable[str]) -> None:
        """Remove logs of jobs that are no longer in the archive."""
        for id in ids:
            self.states.pop(id, None)
            self.reads.pop(id, None)
            self.unread.discard(id)
