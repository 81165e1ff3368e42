"""One job as a list shows it: small, flat, already clean. Standard library only.

The archive keeps these columns beside the raw JSON, so that the first frame is painted from them before
anything that decodes JSON is imported.
"""

from typing import NamedTuple

from fttui.models.status import Status, status_of


class JobRow(NamedTuple):
    """The columns of a job list. Every text has passed `clean_line`; times are Unix seconds."""

    id: str
    status_text: str = ""
    """The provider's own word."""
    model: str = ""
    suffix: str = ""
    method: str = ""
    fine_tuned_model: str = ""
    created_at: float | None = None
    finished_at: float | None = None
    trained_tokens: int | None = None
    step: int | None = None
    total_steps: int | None = None
    loss: float | None = None
    """The newest training loss (or, for reinforcement, None: a reward is no loss)."""
    gone: bool = False
    """The provider no longer lists it; the archive still does."""
    fault: str = ""
    """Why the object could not be read as a job; empty when it could."""
    profile: str = ""
    """Whose job it is, where several profiles are shown as one. Not kept."""

    @property
    def status(self) -> Status:
        return status_of(self.status_text)


class EventRow(NamedTuple):
    """One line of a job's log, as the archive keeps it. Every text is clean; the time is Unix seconds."""

    seq: int
    """Position in the job's log: rises from the oldest event to the newest, never changes, may have gaps."""
    id: str
    created_at: float | None
    level: str
    type: str
    message: str
    data: str
    """The event's `data` as JSON text as sent, empty when it has none. Not clean: `clean` it where shown."""
