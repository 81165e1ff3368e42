"""Snapshots, changes and outcomes, as a store publishes them. Standard library only: the first frame imports it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fttui.lean_typing import NamedTuple
from fttui.models.row import JobRow
from fttui.store.health import Health


class Snapshot(NamedTuple):
    """Jobs of one profile, newest first, with the health of the connection."""

    rows: Mapping[str, JobRow] = MappingProxyType({})
    health: Health = Health()
    as_of: float | None = None
    """Unix seconds of the last successful poll. None before the first."""
    complete: bool = False
    """The provider's list was walked to its end at least once."""
    notices: tuple[str, ...] = ()
    """Messages for the user, each a clean line: archive set aside, disk full, TLS not verified."""
    reading: bool = False
    """The older pages of the list are being read for the first time."""


class Change(NamedTuple):
    """Differences between two snapshots. All sets hold job ids. Empty after a poll without changes."""

    added: frozenset[str] = frozenset()
    updated: frozenset[str] = frozenset()
    """Jobs with a changed row or changed JSON."""
    removed: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    """Jobs with new events (newer or older), a new result file, or a file whose name is now known."""
    checkpoints: frozenset[str] = frozenset()
    health: bool = False
    """The health or the notices have changed."""

    @classmethod
    def merged(cls, changes: "Sequence[Change]") -> "Change":
        """Combine several changes into one."""
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
        """Tell whether any row was added, changed or removed."""
        return bool(self.added or self.updated or self.removed)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of an intent. `message` is one or two clean lines for the user."""

    ok: bool
    message: str = ""
    id: str = ""
    """Job of the intent: the one it was for, or the one it created."""
    request_id: str = ""
    ambiguous: bool = False
    """The response was lost, so the change may have happened."""
