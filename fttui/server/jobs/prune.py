"""Pruning: removal of what only resuming needs from the checkpoints of ended jobs.

The trainers in the box keep models alone. Other trainers report folders as their framework writes them: a model with
the state of the optimizer beside it, which is often larger than the model. The best and the last checkpoint of a job,
and its final model, stay whole.
"""

import fnmatch
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from fttui.server.storage import model_contents
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.file_operations import remove
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import JobRecord

RESUMING = (
    *("optimizer.pt", "optimizer.bin", "optimizer_*.bin", "scheduler.pt", "scheduler.bin", "scaler.pt"),
    *("rng_state.pth", "rng_state_*.pth", "random_states_*.pkl", "*_optim_states.pt"),
)
"""Names of files of transformers, accelerate and DeepSpeed that no model is loaded from."""


class Prunable(NamedTuple):
    """Files of a checkpoint that only resuming needs."""

    step: int
    paths: list[str]
    bytes: int
    """Bytes that the disk gets back. A file with a second link frees nothing."""


class Pruned(NamedTuple):
    """What can be freed, or was freed, of a job."""

    id: str
    checkpoints: list[Prunable]
    refusal: str = ""
    """Reason why the job is left alone."""

    def as_json(self) -> dict[str, Any]:
        """Return the job as the service sends it."""
        return {
            "id": self.id,
            "bytes": sum(one.bytes for one in self.checkpoints),
            "checkpoints": [
                {"step_number": one.step, "files": len(one.paths), "bytes": one.bytes} for one in self.checkpoints
            ],
            "refusal": self.refusal,
        }


def prunable(database: ServiceDatabase, paths: HomePaths, job: JobRecord) -> list[Prunable]:
    """Return what can be freed of an ended job, by step."""
    found, _ = database.checkpoints.page(job, after=None, limit=999)
    whole = {job.fine_tuned_model}
    if found:
        best = database.checkpoints.best_step(job)
        whole |= {found[0].model, *(one.model for one in found if one.step == best)}
    freed = []
    for one in reversed(found):
        model = database.models.get(one.model)
        if model is None or one.model in whole:
            continue
        names = list(_files(paths.model(model)))
        if names:
            freed.append(Prunable(one.step, names, sum(map(_size, names))))
    return freed


def prune(directory: str, found: list[Prunable]) -> None:
    """Remove the files below a job's directory. After an interruption, the next call removes the rest.

    Raises:
        OSError: the disk fails.
    """
    files = [path for one in found for path in one.paths]
    if files:
        model_contents.forget(directory, files)
    for path in files:
        remove(path)


def _files(model: str) -> Iterator[str]:
    """Return the files below the folder of a model that only resuming needs; none for a model that is a file."""
    if os.path.islink(model):
        return
    for folder, _, names in os.walk(model):
        for name in names:
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in RESUMING):
                yield os.path.join(folder, name)


def _size(path: str) -> int:
    try:
        found = os.lstat(path)
    except OSError:
        return 0
    return found.st_size if found.st_nlink == 1 else 0
