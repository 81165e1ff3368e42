"""Messages from the screens to the application."""

from textual.message import Message

from fttui.models.row import JobRow


class SnapshotChanged(Message, bubble=False):
    """The store published a snapshot, which the app holds. Several of these cause one repaint."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SnapshotChanged)


class RefreshRequested(Message):
    """Request to poll the provider now."""


class RedrawRequested(Message):
    """Request to write every cell of the screen again."""


class EscapeSequenceRequested(Message):
    """Request to write an escape sequence to the terminal, such as a copy to its clipboard."""

    def __init__(self, sequence: str) -> None:
        super().__init__()
        self.sequence = sequence


class JobsEnded(Message):
    """Watched jobs have ended. The app notifies a user whose terminal is not focused."""

    def __init__(self, rows: list[JobRow]) -> None:
        super().__init__()
        self.rows = rows


class AlarmsRaised(Message):
    """Watched jobs have new alarms: each job with a sentence. The app notifies as for ended jobs."""

    def __init__(self, found: list[tuple[JobRow, str]]) -> None:
        super().__init__()
        self.found = found


class HoldRequested(Message):
    """Request to stop or resume the automatic refresh."""

    def __init__(self, held: bool) -> None:
        super().__init__()
        self.held = held


class ProfileChosen(Message):
    """Request to switch to another profile."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class IntervalRequested(Message):
    """Request to change the interval between polls."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class SaveViewRequested(Message):
    """Request to save the view for the next start."""


class WorkFailed(Message):
    """Background work raised an error that nothing handles."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
