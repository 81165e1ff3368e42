"""Rows of the service database. Times are whole Unix seconds."""

from typing import Any, NamedTuple

LIVE = ("validating_files", "queued", "running")
"""Statuses in which a job makes progress without a request of a client."""
FINAL = ("succeeded", "failed", "cancelled")
DISK_FULL = "disk_full"
"""Code of the error of a paused job that waits for room on the disk."""


class FileRecord(NamedTuple):
    """Uploaded file or result file. Its content is a file named by id."""

    seq: int
    id: str
    filename: str
    purpose: str
    bytes: int
    """Size to report. For a result file it is the size of the decoded CSV."""
    created_at: int
    expires_at: int | None = None


class UploadRecord(NamedTuple):
    """Upload of a file in parts."""

    seq: int
    id: str
    filename: str
    purpose: str
    bytes: int
    """Announced size of the whole file."""
    mime_type: str
    created_at: int
    expires_at: int
    """Time after which the upload cannot be completed."""
    file_expires_after: int | None
    """Seconds from completion to the expiry of the file."""
    status: str = "pending"
    """`pending`, `completed`, `cancelled` or `expired`."""
    file: str | None = None
    """Id of the file that the completed upload made."""


class PartRecord(NamedTuple):
    """One part of a pending upload. Its content is a file named by id."""

    seq: int
    id: str
    upload: int
    """`seq` of the upload."""
    bytes: int
    created_at: int


class JobRecord(NamedTuple):
    """Fine-tuning job. `seq` increases with every new job and gives the order of lists."""

    seq: int
    id: str
    status: str
    created_at: int
    finished_at: int | None
    model: str
    """Model to start from: a base model, or a model that a job made."""
    base: str
    """Base model of `model`; the same as `model` for a base model."""
    suffix: str | None
    seed: int
    method: str
    hyperparameters: dict[str, Any]
    """As requested, with `auto`, until the training file is validated; then the values in use."""
    training_file: str
    validation_file: str | None
    metadata: dict[str, str] | None
    fine_tuned_model: str | None = None
    result_files: tuple[str, ...] = ()
    trained_tokens: int | None = None
    estimated_finish: int | None = None
    error: dict[str, Any] | None = None
    step: int = 0
    """Highest reported step."""
    total_steps: int | None = None
    offset: int = 0
    """Bytes of progress.jsonl that are stored already."""
    result: dict[str, Any] | None = None
    """Result line of the trainer."""
    failure: dict[str, Any] | None = None
    """Error line of the trainer."""
    restarts: int = 0
    """Restarts of the trainer since `restart_step`."""
    restart_step: int = 0
    restart_offset: int = 0
    """Value of `offset` at the last restart of the trainer."""
    garbage: int = 0
    """Number of unreadable lines in progress.jsonl."""
    tidied: bool = False
    """True once the directory of the ended job is cleaned up."""
    stop: dict[str, Any] | None = None
    """Decision to stop the job by a rule (`reports.StopDecision`)."""
    phase: dict[str, Any] | None = None
    """Work of the trainer before its next step (`reports.Phase`)."""
    environment: dict[str, Any] | None = None
    """Machine and software of the trainer (`reports.Environment`)."""
    trainer: str | None = None
    """Name of the trainer at the creation of the job. None for jobs of older versions."""
    source: str | None = None
    """Directory of the base model. None for a model that its trainer finds by its id."""
    estimate: dict[str, Any] | None = None
    """Numbers that the trainer expects (`trainer_questions.Check`)."""
    engine: dict[str, Any] | None = None
    """Engine that runs the job (`settings.Engine`), as it was configured at the creation. None for this machine."""
    root: str | None = None
    """Parent of the job's directory. None for the service's own."""
    life: dict[str, Any] | None = None
    """Life of the trainer that the engine has (`jobs/engine_life.py`). None for a job that it does not have."""

    @property
    def waits_for_room(self) -> bool:
        """True for a job that the service paused, and continues by itself when the disk has room."""
        return self.status == "paused" and self.error is not None and self.error.get("code") == DISK_FULL


class NewJob(NamedTuple):
    """Validated request for a job."""

    model: str
    base: str
    training_file: str
    validation_file: str | None
    suffix: str | None
    seed: int
    method: str
    hyperparameters: dict[str, Any]
    metadata: dict[str, str] | None
    trainer: str | None = None
    source: str | None = None
    engine: dict[str, Any] | None = None
    root: str | None = None


class EventRecord(NamedTuple):
    """Event of a job. `seq` increases with every new event of any job."""

    seq: int
    id: str
    created_at: int
    level: str
    type: str
    message: str
    data: dict[str, Any]


class CheckpointRecord(NamedTuple):
    """Checkpoint of a job, and the id of its model."""

    seq: int
    id: str
    job: str
    step: int
    created_at: int
    model: str
    metrics: dict[str, Any]


class SamplesRecord(NamedTuple):
    """Samples of a job at one step."""

    seq: int
    id: str
    step: int
    created_at: int
    samples: list[dict[str, Any]]
    """As in `reports.Samples`."""


class ModelRecord(NamedTuple):
    """Model that a job made."""

    id: str
    created: int
    base: str
    """Base model that the training started from."""
    job: str
    path: str
    """Name of the model's file or directory inside the job's directory."""
    root: str | None = None
    """Parent of the job's directory, as in `JobRecord`."""
