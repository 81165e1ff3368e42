"""Summary of a run in a few numbers, as the archive stores it. Standard library only."""

from fttui.lean_typing import NamedTuple

TRAIN, VALID, WHOLE = "train_loss", "valid_loss", "full_valid_loss"
"""Training loss of a step, validation loss of a step, validation loss over the whole file."""
VALIDATION = (VALID, WHOLE)
EQUAL_WITHIN = 2.0
"""Standard deviations within which two losses are equal: 95 of 100 chance differences are smaller."""


class Summary(NamedTuple):
    """Numbers by which a run is judged. A missing number is None."""

    metric: str = ""
    """Wire name of the loss of `last` and `best`; empty without any loss."""
    last: float | None = None
    """Newest loss. None while the newest is not finite: see `is_lost`."""
    last_step: int | None = None
    """Step of the newest loss that is finite."""
    best: float | None = None
    """Lowest loss. The last loss may be equal to it within noise: see `is_last_best`."""
    best_step: int | None = None
    train: float | None = None
    """Smoothed training loss. None while the newest is not finite: see `is_train_lost`."""
    train_last: float | None = None
    """Newest training loss that is finite."""
    noise: float = 0.0
    """Standard deviation of `last` and `best` without learning."""
    not_finite: int = 0
    """Number of losses that are not finite."""
    base: float | None = None
    """Loss of the base model over the whole validation file, measured before the first step."""

    @property
    def is_validation(self) -> bool:
        """The losses come from validation data."""
        return self.metric in VALIDATION

    @property
    def is_lost(self) -> bool:
        """The newest loss by which the run is judged is not a number."""
        return self.last is None and bool(self.metric or self.not_finite)

    @property
    def is_train_lost(self) -> bool:
        """The newest training loss is not a number."""
        return self.train is None and (self.train_last is not None or (not self.metric and self.not_finite > 0))

    @property
    def gap(self) -> float | None:
        """Validation loss minus training loss."""
        if self.last is None or self.train is None or not self.is_validation:
            return None
        return self.last - self.train

    @property
    def gain(self) -> float | None:
        """Loss of the base model minus the best loss, both over the whole validation file."""
        return None if self.base is None or self.best is None or self.metric != WHOLE else self.base - self.best

    @property
    def has_gained(self) -> bool:
        """The best loss is below that of the base model by more than noise."""
        return self.gain is not None and self.gain > EQUAL_WITHIN * self.noise

    @property
    def has_lost(self) -> bool:
        """The best loss is above that of the base model by more than noise."""
        return self.gain is not None and self.gain < -EQUAL_WITHIN * self.noise

    @property
    def is_last_best(self) -> bool:
        """The last loss is the best, or equal to it within noise."""
        return self.last is not None and self.best is not None and are_equal(self.last, self.best, self.noise)


def are_equal(first: float, second: float, noise: float) -> bool:
    """Tell whether two losses are equal within noise."""
    return abs(first - second) <= EQUAL_WITHIN * noise
