"""A trainer's side of the protocol (README.md): job, lines of progress, exit codes. Standard library only."""

import errno
import json
import os
import signal
from collections.abc import Iterator
from typing import Any, NamedTuple

from fttui.own_files import open_own

PROGRESS = "progress.jsonl"
STOPPED = 128 + signal.SIGTERM
"""Exit code after SIGTERM. The service starts the trainer again when the job continues."""
CANCELLED = "cancelled"
"""Name of a file in the job's directory with which SIGTERM means: stop, do not save."""
NO_ROOM = 74
"""EX_IOERR of sysexits.h: the disk or the quota is full. The service starts the trainer again when there is room."""


class RunSettings(NamedTuple):
    """Settings of the job from `job.json`."""

    method: str
    training_file: str
    validation_file: str | None
    start_model: str | None
    """Path of the model to start from; None for the base model."""
    seed: int
    epochs: int
    batch_size: int
    learning_rate_multiplier: float
    beta: float
    base: str = ""
    """Id of the base model."""
    source: str | None = None
    """Directory of the base model; None for one of the trainer's own, or one to get from the hub."""
    settings: dict[str, str] = {}
    """Texts of the settings that the API has no field for."""
    engine: str | None = None
    """Kind of the engine that runs the job on another machine; None for this machine."""
    nodes: int | None = None
    """Number of nodes that the job asks its engine for; None if it names none."""

    @classmethod
    def read(cls, directory: str) -> "RunSettings":
        """Read `job.json` from the job's directory.

        Raises:
            OSError, ValueError, KeyError: the file cannot be read or is incomplete.
        """
        with open(os.path.join(directory, "job.json"), encoding="utf-8") as file:
            job: dict[str, Any] = json.load(file)

        def path(name: str | None) -> str | None:
            return os.path.join(directory, name) if name else None

        given, model = job["hyperparameters"], job["model"]
        training_file = path(job["training_file"])
        assert training_file is not None
        return cls(
            method=job["method"],
            training_file=training_file,
            validation_file=path(job.get("validation_file")),
            start_model=path(model.get("path")),
            seed=int(job["seed"]),
            epochs=int(given["n_epochs"]),
            batch_size=int(given["batch_size"]),
            learning_rate_multiplier=float(given["learning_rate_multiplier"]),
            beta=float(given.get("beta", 0.1)),
            base=str(model.get("base") or ""),
            source=model.get("source") or None,
            settings={str(name): str(value) for name, value in (job.get("settings") or {}).items()},
            engine=job.get("engine") or None,
            nodes=job.get("nodes") or None,
        )


class Progress:
    """The job's `progress.jsonl`. Lines are only appended."""

    def __init__(self, directory: str) -> None:
        self._file = open_own(os.path.join(directory, PROGRESS), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, type: str, **members: Any) -> None:
        """Append one line in one write: a kill leaves at most one incomplete line, at the end."""
        present = {name: value for name, value in members.items() if value is not None}
        line = json.dumps({"type": type, **present}, allow_nan=False) + "\n"
        data = line.encode()
        if os.write(self._file, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        """Flush the lines to disk. Call this before saving a state that is later than them."""
        os.fsync(self._file)


def examples(path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the examples of a data file, each with the number of its line.

    Raises:
        OSError, ValueError: the file cannot be read.
    """
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, json.loads(line)


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error says that the disk or the quota is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
