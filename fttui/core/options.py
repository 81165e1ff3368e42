"""Options of the command line that decide where jobs come from. Standard library only."""

from fttui.lean_typing import NamedTuple


class Options(NamedTuple):
    """Options of the command line that hold for every command and for the cockpit."""

    profile: str | None = None
    base_url: str | None = None
    interval: float | None = None
    """Seconds between polls; None for the configured interval."""
    read_only: bool = False
    fresh: bool = False
    """Ignore the saved layout, view and filter of the cockpit."""
    offline: bool = False
    """Read the archive only; send no requests."""
