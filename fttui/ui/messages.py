"""What travels up inside the cockpit."""

from textual.message import Message


class SnapshotChanged(Message, bubble=False):
    """The store has published; the app holds what. A burst of these is one repaint."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SnapshotChanged)


class RefreshAsked(Message):
    """The person wants to know now."""
