"""Metrics that belong on one chart: training, validation and whole-file values of one kind. Standard library only."""

from fttui.lean_typing import NamedTuple
from fttui.learning.run import Run

_PREFIXES = (("full_valid_", "whole"), ("full_validation_", "whole"), ("valid_", "valid"), ("validation_", "valid"))
_HIGHER = ("accuracy", "reward", "tokens_per_second", "score")
"""Words in the names of metrics for which more is better."""


class MetricGroup(NamedTuple):
    """Wire names of the metrics on one chart. An empty name is a metric that the run does not have."""

    name: str
    """Name without the words for training and validation: `loss`, `mean_token_accuracy`, `learning_rate`."""
    train: str = ""
    valid: str = ""
    whole: str = ""

    @property
    def is_loss(self) -> bool:
        return self.name == "loss"

    @property
    def higher_is_better(self) -> bool:
        return any(word in self.name for word in _HIGHER)

    @property
    def label(self) -> str:
        """Words for titles: `loss`, `mean token accuracy`."""
        return self.name.replace("_", " ")


LOSS = MetricGroup("loss", "train_loss", "valid_loss", "full_valid_loss")


def groups_of(run: Run) -> list[MetricGroup]:
    """Return the groups of a run, the loss first, then by the order in which metrics came."""
    found: dict[str, dict[str, str]] = {}
    for name in run.series:
        base, part = split_name(name)
        found.setdefault(base, {})[part] = name
    groups = [LOSS if base == "loss" else MetricGroup(base, **parts) for base, parts in found.items()]
    return sorted(groups, key=lambda group: not group.is_loss)


def split_name(name: str) -> tuple[str, str]:
    """Return the name of a metric's group, and its part: `train`, `valid` or `whole`."""
    for prefix, part in _PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix), part
    return name.removeprefix("train_"), "train"
