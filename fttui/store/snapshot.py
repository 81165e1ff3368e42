"""What is known now, and what a refresh changed. Standard library only, so a screen can open before the client."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fttui.models.row import JobRow
from fttui.store.health import Health


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The jobs of one profile, newest first, and how true they are."""

    rows: Mapping[str, JobRow] = field(default_factory=dict)
    health: Health = field(default_factory=Health)
    as_of: float | None = None
    """Unix seconds at which the list was last confirmed by the provider; None when never."""
    complete: bool = False
    """Every page of the provider's list has been walked at least once."""
    notices: tuple[str, ...] = ()
    """What the person must be told, each a clean line: an archive set aside, a disk that is full, TLS not verified."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a publication changed; all sets hold job ids. An unchanged poll yields an empty one."""

    added: frozenset[str] = frozenset()
    updated: frozenset[str] = frozenset()
    """The row, or anything else in the job's JSON."""
    removed: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    """Jobs with newly archived events (newer or older ones), a result file, or what a file is called."""
    checkpoints: frozenset[str] = frozenset()
    health: bool = False
    """The health or the notices are others."""

    @classmethod
    def merged(cls, changes: "Sequence[Change]") -> "Change":
        """Several publications as one, for a reader that was busy."""
        return cls(
            added=frozenset().union(*(change.added for change in changes)),
            updated=frozenset().union(*(change.updated for change in changes)),
            removed=frozenset().union(*(change.removed for change in changes)),
            events=frozenset().union(*(change.events for change in changes)),
            checkpoints=frozenset().union(*(change.checkpoints for change in changes)),
            health=any(change.health for change in changes),
        )

    @property
    def rows(self) -> bool:
        """Whether a list of rows must be derived anew."""
        return bool(self.added or self.updated or self.removed)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an intent ended. `message` is one or two clean lines, in words for a person."""

    ok: bool
    message: str = ""
    id: str = ""
    """The job the intent was for, or the one it made."""
    request_id: str = ""
    ambiguous: bool = False
    """It may have happened all the same: the answer was lost."""
