"""A run as a comparison takes it. Standard library only."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from fttui.learning.kinds import Kind
from fttui.models.summary import Summary


class Entry(NamedTuple):
    """A run to compare."""

    id: str
    name: str
    summary: Summary
    settings: Mapping[str, str] = MappingProxyType({})
    """Settings by wire name: model, method, files, hyperparameters, seed, profile."""
    validation_data: str = ""
    """Identity of the validation data: a digest where one is known, else the id of the file. Empty for none."""
    kinds: frozenset[Kind] = frozenset()
    """Kinds of the alarms that its curve raises."""
    checkpoint: int | None = None
    """Step of its best checkpoint."""
    identities: Mapping[str, str] = MappingProxyType({})
    """Values by which settings are compared in place of their text: digests of files, whose ids differ by provider."""

    @property
    def is_lost(self) -> bool:
        """Its newest loss is not a number."""
        return self.summary.is_lost or self.summary.is_train_lost

    @property
    def trouble(self) -> str:
        """Verb for the worst that happened to the run; empty for a healthy one."""
        if self.is_lost:
            return "turned to NaN"
        if Kind.DIVERGING in self.kinds:
            return "diverged"
        return "overfitted" if Kind.OVERFITTING in self.kinds else ""

    @property
    def is_worse_at_the_end(self) -> bool:
        """The last model is worse than the best one by more than noise, or cannot be judged."""
        return self.is_lost or (self.summary.last is not None and not self.summary.is_last_best)
