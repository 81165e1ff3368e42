"""Queue of checks: one thread checks the files of one job after another, and lets its trainer check the job.

The queue is lost with the process.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from fttui.data.line_reader import ShouldStop
from fttui.server.jobs import training_data
from fttui.server.jobs.trainer_questions import Check
from fttui.server.jobs.training_data import BadData
from fttui.server.storage import model_contents
from fttui.server.storage.descriptions import Stopped
from fttui.server.storage.model_table import ModelTable
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import JobRecord


class Checked(NamedTuple):
    """Result of the checks of a job."""

    examples: int
    """Number of examples in the training file."""
    trainer: Check
    """Answer of the trainer."""


class CheckQueue:
    """Checks by job."""

    def __init__(
        self,
        models: ModelTable,
        paths: HomePaths,
        check_trainer: Callable[[JobRecord, int, ShouldStop], Check],
        on_done: Callable[[], None],
    ) -> None:
        """
        Args:
            check_trainer: lets the trainer check a job with this number of examples.
            on_done: called in any thread when a check has ended.
        """
        self._models = models
        self._paths = paths
        self._check_trainer = check_trainer
        self._on_done = on_done
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="data-check")
        self._closed = threading.Event()
        self._checks: dict[str, Future[Checked]] = {}
        self._dropped: set[str] = set()
        """Jobs with a check that runs although no caller waits for it."""

    def result(self, job: JobRecord) -> Checked | None:
        """Return the result of the checks of a job; None while they wait or run.

        Raises:
            BadData: a file cannot be used.
            Refused: the trainer refuses the job.
            OSError: a file cannot be read.
        """
        check = self._checks.get(job.id)
        if check is None:
            check = self._checks[job.id] = self._pool.submit(self._check, job)
            check.add_done_callback(lambda done: self._on_done())
        if not check.done():
            return None
        del self._checks[job.id]
        return check.result()

    def drop(self, id: str) -> None:
        """Remove the check of a job that has ended, so that the next check can start."""
        check = self._checks.pop(id, None)
        if check is not None and not check.cancel():
            self._dropped.add(id)
            check.add_done_callback(lambda done: self._dropped.discard(id))

    def close(self) -> None:
        """End all checks. The next service starts them again."""
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _check_content(self, id: str, param: str) -> None:
        """Compare a content with the checksum from its upload.

        Raises:
            BadData: they differ.
        """
        path = self._paths.file(id)
        if damage := self._paths.descriptions.damage(id, path):
            message = f"The {param.replace('_', ' ')} {id} is damaged: {damage}. It is at {path}; upload it again."
            raise BadData("damaged_file", message, param)

    def _check_model(self, job: JobRecord, should_stop: Callable[[], bool]) -> None:
        """Compare the tuned model that a job starts from with the checksums from the end of its own job.

        Raises:
            BadData: they differ.
        """
        model = self._models.get(job.model)  # None for a base model
        if model is None:
            return
        path = self._paths.model(model)
        try:
            damage = model_contents.damage(path, should_stop)
        except Stopped:
            return  # no caller waits for the result
        if damage:
            message = f"The model {model.id} is damaged: {damage}. It is at {path}; use a different checkpoint."
            raise BadData("damaged_model", message, "model")

    def _check(self, job: JobRecord) -> Checked:
        def should_stop() -> bool:
            return self._closed.is_set() or job.id in self._dropped

        for id, param in ((job.validation_file, "validation_file"), (job.training_file, "training_file")):
            if id is not None:
                self._check_content(id, param)
                count = training_data.check(self._paths.file(id), job.method, param, should_stop)
        self._check_model(job, should_stop)
        if self._closed.is_set():
            raise RuntimeError("the service is closing; the next one repeats the check")
        return Checked(count, self._check_trainer(job, count, should_stop))
