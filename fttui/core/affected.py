"""Effects of a deletion: objects that go too, jobs that need them, files without a copy.

The answers rest on the archive. They are read before the question, so that it can name the effects.
"""

from collections.abc import Iterable, Sequence

from fttui.core.questions import JobLoss
from fttui.lean_typing import TYPE_CHECKING, NamedTuple, Protocol
from fttui.learning.checkpoints import Checkpoints, judged_checkpoints
from fttui.learning.run import Run
from fttui.models.job_key import JobKey
from fttui.models.row import JobRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fttui.models.checkpoint import Checkpoint
    from fttui.models.file import File
    from fttui.models.job import Job

MOST_COUNTED = 20
"""Most jobs whose files are counted: each count reads the JSON of every job."""
RESULTS = "fine-tune-results"


class Known(Protocol):
    """Part of a store that the questions need."""

    def job(self, id: str) -> "Job | None": ...
    def checkpoints(self, id: str) -> "Sequence[Checkpoint]": ...
    def file(self, id: str) -> "File | None": ...
    def has_copy(self, file: str) -> bool: ...
    async def jobs_naming(self, id: str) -> list[JobRow]: ...


class FileUse(NamedTuple):
    """Use of files."""

    users: list[JobRow]
    """Jobs that train or trained with them."""
    results_of: str
    """Name of the job whose results the only file has."""
    without_copy: int
    """Number of files of which no copy is known on this disk."""


def checkpoint_models(store: Known, row: JobRow, *, is_local: bool) -> list[str]:
    """Return the models of a job's checkpoints, by step, except its tuned model.

    Args:
        is_local: the embedded service keeps few checkpoints, while the archive knows all that ever were.
    """
    every = store.checkpoints(row.id)
    kept = kept_checkpoints(every) if is_local else every
    models = dict.fromkeys(one.fine_tuned_model_checkpoint for one in kept)
    return [_key(row, model) for model in models if model and model != row.fine_tuned_model]


def checkpoints_kept(store: Known, row: JobRow, *, is_local: bool) -> int:
    """Return the number of checkpoints that the provider has of a job, as far as known."""
    every = store.checkpoints(row.id)
    return len(kept_checkpoints(every) if is_local else every)


def without_dropped(judged: Checkpoints) -> Checkpoints:
    """Return the checkpoints that the embedded service still has: the newest and the best.

    The archive has those that it has read before the service dropped them, and that depends on the moments of reading.
    """
    from fttui.server.settings import KEPT_CHECKPOINTS  # late: the cockpit's first frame needs no service

    older, newest = judged.rows[:-KEPT_CHECKPOINTS], judged.rows[-KEPT_CHECKPOINTS:]
    return judged._replace(rows=[*(row for row in older if row == judged.best), *newest])


def kept_checkpoints(every: "Sequence[Checkpoint]") -> "list[Checkpoint]":
    """Return those of all checkpoints that ever were that the embedded service still has, by step."""
    from fttui.server.settings import KEPT_CHECKPOINTS

    newest, older = list(every[-KEPT_CHECKPOINTS:]), every[:-KEPT_CHECKPOINTS]
    best = judged_checkpoints(every, Run()).best
    return [one for one in older if best is not None and one.id == best.id] + newest


def heirs_of(rows: "Mapping[str, JobRow]", models: Iterable[str], owners: Iterable[JobRow]) -> list[JobRow]:
    """Return the jobs that start from one of `models`, apart from `owners`."""
    names = set(models)
    own = {row.id for row in owners}
    return [row for row in rows.values() if row.model in names and row.id not in own]


async def loss_of(store: Known, rows: "Mapping[str, JobRow]", jobs: Sequence[JobRow]) -> JobLoss:
    """Return what goes when the embedded service deletes jobs."""
    ids = {row.id for row in jobs}
    models, checkpoints, files = list[str](), 0, dict[str, None]()
    for row in jobs:
        models += [row.fine_tuned_model] if row.fine_tuned_model else []
        checkpointed = checkpoint_models(store, row, is_local=True)
        models += [JobKey.parse(model).id if row.profile else model for model in checkpointed]
        checkpoints += checkpoints_kept(store, row, is_local=True)
        job = store.job(row.id)
        if job is not None:
            named = (job.training_file, job.validation_file, *job.result_files)
            files |= dict.fromkeys(_key(row, id) for id in named if id)
    number: int | None = None
    if len(jobs) <= MOST_COUNTED:
        number = 0
        for file in files:
            number += all(user.id in ids for user in await store.jobs_naming(file))
    tuned = sum(bool(row.fine_tuned_model) for row in jobs)
    return JobLoss(tuned, checkpoints, number, heirs_of(rows, models, jobs))


async def use_of(store: Known, files: Sequence[str]) -> FileUse:
    """Return the use of files. Only the first ones are looked at."""
    users: dict[str, JobRow] = {}
    without_copy = 0
    results_of = ""
    for id in files[:MOST_COUNTED]:
        file = store.file(id) or store.file(JobKey.parse(id).id)
        named = await store.jobs_naming(id)
        if file is not None and file.purpose == RESULTS:
            results_of = next((row.suffix or row.title for row in named), "") if len(files) == 1 else ""
        else:
            users |= {row.id: row for row in named}
        without_copy += not store.has_copy(id)
    return FileUse(list(users.values()), results_of, without_copy)


def _key(row: JobRow, id: str) -> str:
    """Return an id as the store takes it: with the profile in a view of several profiles."""
    return str(JobKey(row.profile, id)) if row.profile else id
