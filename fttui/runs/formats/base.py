"""Interface of a format: the files of one logging library, and a reader that follows them.

Standard library only. All texts and paths are as the library wrote them: they are cleaned where models are decoded.
"""

from collections.abc import Mapping, Sequence

from fttui.lean_typing import Any, NamedTuple, Protocol


class Source(NamedTuple):
    """Records of one run in one place."""

    format: str
    """Name of the format: `trainer_state`, `tensorboard`, `wandb`, `mlflow`, `trackio`, `csv`, `jsonl` or `log`."""
    path: str
    """File or directory."""
    key: str = ""
    """Run inside a store of several runs (MLflow, trackio)."""


class FoundPoint(NamedTuple):
    """Metrics of one step."""

    step: int
    time: float | None
    values: dict[str, float]
    """Names as the library wrote them. NaN and infinities are allowed."""


class FoundLine(NamedTuple):
    """A line of the log."""

    time: float | None
    level: str
    """`info`, `warn` or `error`."""
    text: str


class FoundCheckpoint(NamedTuple):
    """A saved state of the model."""

    path: str
    step: int
    size: int
    """Bytes of all files."""
    is_best: bool = False


class FoundSample(NamedTuple):
    """An answer of the model to one prompt, logged during the training."""

    step: int
    time: float | None
    prompt: str
    answer: str
    expected: str = ""


class Found(NamedTuple):
    """Records that are new since the last read of a source."""

    restarted: bool = False
    """Earlier points and lines of this source are void: the file was truncated, rotated or rewritten."""
    points: Sequence[FoundPoint] = ()
    lines: Sequence[FoundLine] = ()
    checkpoints: Sequence[FoundCheckpoint] = ()
    samples: Sequence[FoundSample] = ()
    facts: Mapping[str, Any] = {}
    """Facts about the run, each under one of these names: name, model, method, hyperparameters (dict), created_at,
    ended_at, status (`running`, `succeeded`, `failed` or `cancelled`), error, pid, host, total_steps, epochs,
    trained_tokens, derived_settings (dict): settings that no source names, but that the records show."""
    problems: Sequence[str] = ()
    """One sentence each; never fatal."""
    more: bool = False
    """The source has more records now. A read returns at most some megabytes, so that a huge file does not fill the
    memory."""
    purged: int | None = None
    """Earlier points of this source from this step on are void: the training was resumed before it."""


class Reader(Protocol):
    """Reader of one source. It remembers its place in the file and never reads the same bytes twice."""

    def read(self) -> Found:
        """Return the records that are new since the last call.

        Raises:
            OSError: the source cannot be read now. A later call may succeed.
        """


class Format(Protocol):
    """The files of one logging library."""

    @property
    def name(self) -> str:
        """Name that is used in `Source.format`."""

    def sources(self, directory: str, names: Sequence[str]) -> list[Source]:
        """Return the sources in a directory, from the names of its entries; no file is opened where possible."""

    def watched(self, source: Source) -> Sequence[str]:
        """Return the files whose size or change time changes when the source has new records. They need not exist."""

    def reader(self, source: Source) -> Reader:
        """Return a reader at the start of the source."""
