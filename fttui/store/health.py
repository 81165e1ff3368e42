"""Health of the connection to a provider."""

from fttui.lean_enum import StrEnum
from fttui.lean_typing import NamedTuple


class State(StrEnum):
    """State of the connection, from the last polls."""

    CONNECTING = "connecting"
    """No poll has finished yet. The rows are from the archive."""
    LIVE = "live"
    STALE = "stale"
    """The last one or two polls failed."""
    OFFLINE = "offline"
    """Three or more polls failed."""
    DENIED = "denied"
    """The key was refused (401, 403). Polling stops until the user refreshes."""
    LIMITED = "limited"
    """The provider limits the rate of requests (429)."""


class Health(NamedTuple):
    """Result of the last polls. Times are Unix seconds of the store's clock."""

    state: State = State.CONNECTING
    since: float = 0.0
    """Start of this state. For an offline connection, the time of the first failed poll."""
    why: str = ""
    """Error of the last poll as one clean line. Empty when live."""
    next_try: float | None = None
    """Time of the next poll after a failed poll. None when live, or without a planned poll."""
    request_id: str = ""
    failures: int = 0
    """Consecutive failed polls."""
    reason: str = ""
    """`why` without the address. Empty if `why` has no address."""
    unsent: bool = False
    """The last poll could not connect, so nothing was sent."""

    @property
    def brief(self) -> str:
        """Shortest description of the error."""
        return self.reason or self.why

    @property
    def unreachable(self) -> str:
        """Reason why no request can arrive, or an empty string. A server that responds with errors is reachable."""
        return self.brief if self.state is State.OFFLINE and self.unsent else ""

    @property
    def is_good(self) -> bool:
        """The last poll succeeded."""
        return self.state is State.LIVE
