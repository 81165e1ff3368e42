"""How well the provider can be reached: what the status row says about the age of what is shown."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    CONNECTING = "connecting"
    """Nothing has been asked yet: what is shown comes from the archive."""
    LIVE = "live"
    STALE = "stale"
    """The last one or two polls failed."""
    OFFLINE = "offline"
    """Three or more polls failed."""
    DENIED = "denied"
    """The key was refused (401, 403): polling stops until somebody acts."""
    LIMITED = "limited"
    """The server asked for patience (429)."""


@dataclass(frozen=True, slots=True)
class Health:
    """Times are Unix seconds of the store's clock."""

    state: State = State.CONNECTING
    since: float = 0.0
    """When this state began; what is offline has been so since the first poll that failed."""
    why: str = ""
    """One clean line: the error of the last poll; empty when live."""
    next_try: float | None = None
    """When the next poll is due, said while something is wrong; None when all is well or none is planned."""
    request_id: str = ""
    failures: int = 0
    """Failed polls in a row."""

    reason: str = ""
    """`why` without the address, which a person knows; empty where `why` names none."""
    unsent: bool = False
    """No connection was made at the last poll."""

    @property
    def brief(self) -> str:
        """Why, in as few words as there are."""
        return self.reason or self.why

    @property
    def unreachable(self) -> str:
        """Why nothing that is sent can arrive; empty while something may. A server that answers with errors is
        reachable: it may still do what it is asked."""
        return self.brief if self.state is State.OFFLINE and self.unsent else ""

    @property
    def is_good(self) -> bool:
        return self.state is State.LIVE
