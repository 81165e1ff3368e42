"""Members of a job that a provider takes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from fttui.models.hyperparameters import RANGES, Range
from fttui.models.spec import HYPERPARAMETERS


class Offer(NamedTuple):
    """Members of a job that a provider takes. The defaults are OpenAI's."""

    ranges: Mapping[str, Range] = RANGES
    """Ranges of hyperparameters, by name."""
    hyperparameters: Mapping[str, tuple[str, ...]] = MappingProxyType(HYPERPARAMETERS)
    """Names of hyperparameters, by method."""
    lacks: frozenset[str] = frozenset()
    """Other members that it has no counterpart for: `suffix`, `seed`, `metadata`, …"""

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(self.hyperparameters)
