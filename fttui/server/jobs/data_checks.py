"""The checks of training data that go on beside the runner: one at a time, in a thread, lost with the process."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from fttui.server.jobs import data_check
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import JobRecord


class Checks:
    """Checks by job."""

    def __init__(self, paths: HomePaths, done: Callable[[], None]) -> None:
        """
        Args:
            done: called, in any thread, when a check has come to its end.
        """
        self._paths = paths
        self._done = done
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="data-check")
        self._closed = threading.Event()
        self._running: dict[str, Future[int]] = {}
        self._given_up: set[str] = set()

    def examples(self, job: JobRecord) -> int | None:
        """How many examples the job's training file holds; None while that is being found out.

        Raises:
            BadData: a file cannot be used.
            OSError: a file cannot be read.
        """
        check = self._running.get(job.id)
        if check is None:
            check = self._running[job.id] = self._pool.submit(self._check, job)
            check.add_done_callback(lambda done: self._done())
        if not check.done():
            return None
        del self._running[job.id]
        return check.result()

    def forget(self, id: str) -> None:
        """The job has ended: nobody asks for the answer any more, and the next job's check need not wait for it."""
        check = self._running.pop(id, None)
        if check is not None and not check.cancel():
            self._given_up.add(id)
            check.add_done_callback(lambda done: self._given_up.discard(id))

    def close(self) -> None:
        """End what is going on; the next service checks again."""
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _check(self, job: JobRecord) -> int:
        def stopped() -> bool:
            return self._closed.is_set() or job.id in self._given_up

        for id, param in ((job.validation_file, "validation_file"), (job.training_file, "training_file")):
            if id is not None:
                count = data_check.check(self._paths.file(id), job.method, param, stopped)
        if self._closed.is_set():
            raise RuntimeError("the service ends; the next one checks again")
        return count
