"""Kinds of the losses in a list of jobs. Standard library only."""

from collections.abc import Iterable
from operator import attrgetter

from fttui.lean_typing import NamedTuple
from fttui.models.row import JobRow
from fttui.models.summary import VALIDATION


def loss_kind(row: JobRow) -> tuple[str, bool]:
    """Return what `LossKinds` needs of a job: the metric by which it is judged, and whether it has a training loss."""
    return row.summary.metric, row.loss is not None


class LossKinds(NamedTuple):
    """Kinds of losses that the jobs of a list have."""

    has_validation: bool = False
    """A job has a validation loss."""
    has_training: bool = False
    """A job with a loss has no validation loss."""

    @classmethod
    def of(cls, rows: Iterable[JobRow]) -> "LossKinds":
        """Return the kinds in these rows."""
        rows = list(rows)
        metrics = set(map(attrgetter("summary.metric"), rows))
        has_training = bool(metrics.difference(VALIDATION, ("",)))
        if not has_training and "" in metrics:
            # Before a log is judged, only its training loss is known.
            has_training = any(row.loss is not None and not row.summary.metric for row in rows)
        return cls(not metrics.isdisjoint(VALIDATION), has_training)

    def joined(self, other: "LossKinds") -> "LossKinds":
        """Return the kinds in two lists."""
        return LossKinds(self.has_validation or other.has_validation, self.has_training or other.has_training)

    @property
    def title(self) -> str:
        """Heading of the losses: VALID, TRAIN, or LOSS for both kinds."""
        return "VALID" if not self.has_training else "LOSS" if self.has_validation else "TRAIN"

    @property
    def is_mixed(self) -> bool:
        """Both kinds occur."""
        return self.has_validation and self.has_training
