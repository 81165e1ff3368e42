"""Limits of a provider that are known before a request. Standard library only."""

from collections.abc import Set

from fttui.lean_typing import NamedTuple


class Restrictions(NamedTuple):
    """Routes and actions that a provider does not offer."""

    missing: Set[str] = frozenset()
    """Routes that the provider lacks: `events`, `checkpoints`, `samples`, `results`, `create`, `cancel`, …"""
    closed: str = ""
    """Words after the provider's name that say why it takes no new jobs; empty if it takes them."""
    is_watched: bool = False
    """Other programs start the jobs, and fttui only reads their files."""
