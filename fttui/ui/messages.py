"""What travels up inside the cockpit."""

from textual.message import Message

from fttui.models.row import JobRow


class SnapshotChanged(Message, bubble=False):
    """The store has published; the app holds what. A burst of these is one repaint."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SnapshotChanged)


class RefreshAsked(Message):
    """The person wants to know now."""


class SequenceAsked(Message):
    """A control sequence of our own is to reach the terminal, such as a copy to its clipboard."""

    def __init__(self, sequence: str) -> None:
        super().__init__()
        self.sequence = sequence


class JobsEnded(Message):
    """Watched jobs have ended: somebody who looks elsewhere may want to know."""

    def __init__(self, rows: list[JobRow]) -> None:
        super().__init__()
        self.rows = rows


class HoldAsked(Message):
    """The automatic refresh is to stop, or to go on."""

    def __init__(self, held: bool) -> None:
        super().__init__()
        self.held = held


class ProfileChosen(Message):
    """The person wants to look at another service."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class IntervalAsked(Message):
    """The person wants other pauses between polls."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class SaveAsked(Message):
    """The person wants to find the list like this the next time."""
