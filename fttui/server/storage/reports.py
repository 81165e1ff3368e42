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


class Samples(NamedTuple):
    """Answers of the model at one step to the fixed prompts of its job."""

    step: int
    samples: list[dict[str, Any]]
    """Each with `prompt` (messages with `role` and `content`), `expected`, `answer` and `finish_reason`, all clean."""


class FinalReport(NamedTuple):
    """Last report of a trainer: the result, or the error when `failed`."""

    body: dict[str, Any]
    failed: bool


class Phase(NamedTuple):
    """Work before the first step, such as a download. State of the job, not an event."""

    body: dict[str, Any]
    """`name`, and `done`, `total` and `unit` as far as the trainer reports them; `finish` in Unix seconds if known."""


class Environment(NamedTuple):
    """Machine and software that a trainer runs on: `host`, `device` and `versions`."""

    body: dict[str, Any]


class StopDecision(NamedTuple):
    """Decision of the service to stop a job by a rule that its user chose."""

    rule: str
    """Kind of the alarm."""
    step: int
    """Step at which the rule applied."""
    checkpoint: int | None
    """Step of the checkpoint to keep as the job's model. None when there is no checkpoint."""
    message: str
    """Text of the event."""


Report = StepMetrics | Message | SavedCheckpoint | Samples | FinalReport | Phase | Environment
