"""States of a job, and their words at many providers. Standard library only."""

from fttui.lean_enum import StrEnum


class Status(StrEnum):
    """State of a job. An unknown word is `UNKNOWN`, which is not final; the word itself is kept as text."""

    VALIDATING = "validating_files"
    QUEUED = "queued"
    RUNNING = "running"
    STALLED = "stalled"
    """Running, but without news for too long: a run that another program started."""
    STOPPING = "stopping"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """The state never changes."""
        return self in _FINAL

    @property
    def is_live(self) -> bool:
        """The state may change, so the job must be fetched again."""
        return self not in _FINAL


_FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})

# Words seen at OpenAI, Azure, Mistral, Together, Fireworks, NeMo, Vertex, Model Studio, Predibase, OpenPipe,
# Databricks, LocalAI and tt-media-server. A stopping job still runs and is still billed, so it is not cancelled.
_WORDS: dict[Status, str] = {
    Status.VALIDATING: "validating_files validating creating_input_dataset",
    Status.QUEUED: "queued pending created notrunning validated creating re_queueing queuing resuming provisioning",
    Status.RUNNING: (
        "running pausing started compressing uploading model_downloading writing_results updating training "
        "transferring_training_data deploying starting loading_model loading_dataset saving in_progress"
    ),
    Status.STALLED: "stalled",
    Status.STOPPING: "stopping canceling cancelling cancel_requested cancellation_requested terminating",
    Status.PAUSED: "paused suspended",
    Status.SUCCEEDED: "succeeded success completed early_stopped partially_succeeded ready deployed",
    Status.FAILED: "failed failed_validation error user_error expired errored",
    Status.CANCELLED: "cancelled canceled stopped",
}
_BY_WORD = {word: status for status, words in _WORDS.items() for word in words.split()}


def status_of(word: str) -> Status:
    """Return the state for a provider's word, or `UNKNOWN`."""
    found = _BY_WORD.get(word)  # most words, in a third of the time
    return found or _BY_WORD.get(word.strip().lower().removeprefix("job_state_"), Status.UNKNOWN)
