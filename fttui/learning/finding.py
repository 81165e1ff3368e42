"""Input and output of the rules that raise alarms. Standard library only."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from fttui.learning.run import Run
from fttui.models.status import Status


class Finding(NamedTuple):
    """A condition that a rule has found."""

    message: str
    """One or two sentences with the numbers."""
    short: str
    """A phrase for the status row: `overfitting since step 360 · best 1.74, now 1.89`."""
    since: float | None = None
    """Unix seconds of the moment when the condition began."""
    numbers: Mapping[str, float] = MappingProxyType({})
    """The numbers of the message by name."""


class Skipped(NamedTuple):
    """Result of a rule that cannot be applied. An empty reason means that the rule does not concern the job."""

    reason: str = ""


class JobState(NamedTuple):
    """Facts about one job at one moment. Times are Unix seconds."""

    run: Run = Run()
    """Points of the job. Rules read them and never change them, so that all states may share the empty run."""
    status: Status = Status.RUNNING
    now: float = 0.0
    created_at: float | None = None
    last_event_at: float | None = None
    """Time of the newest event of any type."""
    learning_rate: str = ""
    """Learning rate or its multiplier, as sent: `× 300`."""
    waits: tuple[float, ...] = ()
    """Seconds that the newest other jobs waited in the queue of the same profile."""
    file_expires_at: float | None = None
    """Time when the provider deletes the training file."""
    model_shuts_down_at: float | None = None
    """Time when the provider shuts the base model down."""
    log_read_at: float | None = math.inf
    """Time when the log was last read, if that is before `now`. None when it was not read."""
    is_reachable: bool = True
    """The provider answers, so that missing events mean something."""
    has_validation_file: bool | None = None
    """None when unknown."""
