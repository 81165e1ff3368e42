"""Reports of a trainer about its job, checked and ready to be stored as rows."""

from typing import Any, NamedTuple


class StepMetrics(NamedTuple):
    """Values measured at one step."""

    step: int
    total_steps: int | None
    message: str
    data: dict[str, Any]


class Message(NamedTuple):
    """Text for the job's events, from the trainer or from the service."""

    message: str
    level: str = "info"
    data: dict[str, Any] = {}


class SavedCheckpoint(NamedTuple):
    """A checkpoint in the job's directory. Its model gets a name when the report is stored for the first time."""

    step: int
    path: str
    metrics: dict[str, Any]


class FinalReport(NamedTuple):
    """Last report of a trainer: the result, or the error when `failed`."""

    body: dict[str, Any]
    failed: bool


Report = StepMetrics | Message | SavedCheckpoint | FinalReport
