"""What the service remembers, as rows of its database. Times are whole Unix seconds."""

from typing import Any, NamedTuple

LIVE = ("validating_files", "queued", "running")
"""States in which a job goes on by itself."""
FINAL = ("succeeded", "failed", "cancelled")


class FileRecord(NamedTuple):
    """A file at the service; its content lies under its id."""

    seq: int
    id: str
    filename: str
    purpose: str
    bytes: int
    """The size to show; a result file's is that of the decoded CSV."""
    created_at: int
    expires_at: int | None = None


class UploadRecord(NamedTuple):
    """A file that comes in parts."""

    seq: int
    id: str
    filename: str
    purpose: str
    bytes: int
    """What its parts are to come to."""
    mime_type: str
    created_at: int
    expires_at: int
    """When it can no longer be completed."""
    file_expires_after: int | None
    """Seconds that the file is to be kept from its completion on."""
    status: str = "pending"
    """`pending`, `completed`, `cancelled` or `expired`."""
    file: str | None = None
    """The id of the file it became."""


class PartRecord(NamedTuple):
    """One part of a pending upload; its content lies under its id."""

    seq: int
    id: str
    upload: int
    """The `seq` of its upload."""
    bytes: int
    created_at: int


class JobRecord(NamedTuple):
    """A job. `seq` rises with every job made, so it is the order of lists."""

    seq: int
    id: str
    status: str
    created_at: int
    finished_at: int | None
    model: str
    """The model to start from: a base model, or one that a job made."""
    base: str
    """The base model that it is, or descends from."""
    suffix: str | None
    seed: int
    method: str
    hyperparameters: dict[str, Any]
    """As asked for, with `auto`, until the training file was read; then as used."""
    training_file: str
    validation_file: str | None
    metadata: dict[str, str] | None
    fine_tuned_model: str | None = None
    result_files: tuple[str, ...] = ()
    trained_tokens: int | None = None
    estimated_finish: int | None = None
    error: dict[str, Any] | None = None
    step: int = 0
    """The highest step told of."""
    total_steps: int | None = None
    offset: int = 0
    """How many bytes of the trainer's progress are events already."""
    result: dict[str, Any] | None = None
    """The trainer's result line, once it was told."""
    failure: dict[str, Any] | None = None
    """The trainer's error line, once it was told."""
    restarts: int = 0
    """How often the trainer was started again since `restart_step`."""
    restart_step: int = 0
    restart_offset: int = 0
    """What `offset` was when the trainer was last started again."""
    garbage: int = 0
    """How many lines of its trainer's progress could not be read."""
    tidied: bool = False
    """Whether the job has ended and its directory holds only what is worth keeping."""


class NewJob(NamedTuple):
    """A request for a job that has passed every check."""

    model: str
    base: str
    training_file: str
    validation_file: str | None
    suffix: str | None
    seed: int
    method: str
    hyperparameters: dict[str, Any]
    metadata: dict[str, str] | None


class EventRecord(NamedTuple):
    """One event; `seq` rises with every event of every job."""

    seq: int
    id: str
    created_at: int
    level: str
    type: str
    message: str
    data: dict[str, Any]


class CheckpointRecord(NamedTuple):
    """One checkpoint of a job, and the model it is."""

    seq: int
    id: str
    job: str
    step: int
    created_at: int
    model: str
    metrics: dict[str, Any]


class ModelRecord(NamedTuple):
    """A model that a job made."""

    id: str
    created: int
    base: str
    """The base model it descends from."""
    job: str
    path: str
    """Its file or directory, a plain name inside the directory of its job."""
