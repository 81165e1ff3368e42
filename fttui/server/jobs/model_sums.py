"""Checksums of the models of ended jobs, calculated in a thread: a model of many gigabytes takes a while."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from fttui.server.storage import model_contents
from fttui.server.storage.descriptions import Stopped

log = logging.getLogger("fttui.server")


class ModelSums:
    """Checksums by directory of a job. They are lost with the process; the next one calculates them again."""

    def __init__(self, on_done: Callable[[], None]) -> None:
        """
        Args:
            on_done: called in any thread when the checksums of a job were written.
        """
        self._on_done = on_done
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="model-sums")
        self._closed = threading.Event()
        self._running: dict[str, Future[None]] = {}

    def are_written(self, directory: str, models: set[str]) -> bool:
        """Return whether the checksums of a job's models are written. The first call starts the calculation.

        Checksums that cannot be written count as written: the disk is full, or a model cannot be read.
        """
        if not models or model_contents.is_described(directory):
            self._running.pop(directory, None)
            return True
        work = self._running.get(directory)
        if work is None:
            work = self._running[directory] = self._pool.submit(self._write, directory, models)
            work.add_done_callback(lambda done: self._on_done())
        if not work.done():
            return False
        del self._running[directory]
        return not self._closed.is_set()

    def _write(self, directory: str, models: set[str]) -> None:
        try:
            model_contents.describe(directory, models, self._closed.is_set)
        except Stopped:
            return
        except OSError as error:
            log.warning("no checksums for the models in %s: %s", directory, error)

    def close(self) -> None:
        """End all calculations."""
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
