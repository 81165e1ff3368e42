"""Weights of a tuned model at a provider: found by the name of a job, a checkpoint or a model, and downloaded.

A download that ended early is continued from what is on the disk.
"""

import asyncio
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from fttui.api.error_mapping import is_retryable
from fttui.api.errors import ApiError, BadResponse, NotFound, Unreachable
from fttui.api.retries import Retry
from fttui.clock import Clock
from fttui.config.errors import ConfigError
from fttui.core.job_names import JobSearch
from fttui.text import size_words

if TYPE_CHECKING:
    from fttui.api.client import Client
    from fttui.models.export import Weights
    from fttui.models.job import Job

TRIES = 5
"""Connections in succession that may fail without a byte."""
DELAY = 2.0
"""Seconds before the next connection; twice as long after each that brought nothing."""
LONGEST_DELAY = 60.0
"""Seconds above which a wait that the provider asks for ends the download."""
PART = ".part"
"""End of the name of a file that is not complete."""
_CHECKPOINT = re.compile(r"(.+):(\d{1,12})(?::[a-z]+)?")


class Wanted(NamedTuple):
    """A job, and the step of a checkpoint of it."""

    name: str
    step: int | None


def wanted(name: str) -> Wanted:
    """Split the id of a checkpoint, `JOB:STEP` or `JOB:STEP:KIND`. Every other name is that of a job or model."""
    found = _CHECKPOINT.fullmatch(name)
    return Wanted(found[1], int(found[2])) if found else Wanted(name, None)


async def job_of(client: "Client", search: JobSearch, name: str) -> "Job":
    """Return the job with a name, or the job that made the model with this name.

    Raises:
        ApiError: no job has the name, or the provider cannot be asked.
        UnclearName: several jobs have it.
    """
    if (row := search.known(name)) is None:
        try:
            row = (await search.listed(client, name)).row
        except NotFound as error:
            async for page in client.each_job_page():
                for job in page.items:
                    if job.fine_tuned_model == name:
                        return await client.get_job(job.id)
            raise error from None
    return await client.get_job(row.id)


class WeightsDownload:
    """Download of weights to a file of a directory, continued where the last one ended."""

    def __init__(
        self,
        client: "Client",
        weights: "Weights",
        directory: str,
        clock: Clock,
        on_retry: Callable[[Retry], object] = lambda _: None,
    ) -> None:
        """
        Args:
            directory: made if it does not exist.
            on_retry: called before each wait for the next connection.
        """
        self._client = client
        self._weights = weights
        self._clock = clock
        self._directory = directory
        self._on_retry = on_retry
        name = re.sub(r"[^A-Za-z0-9._-]", "_", weights.name).lstrip(".") or "weights"
        self.path = os.path.join(directory, name)
        content = hashlib.sha256(f"{weights.size} {weights.version}".encode()).hexdigest()
        # The part of a file with different content is not continued.
        self._part = f"{self.path}.{content[:8]}{PART}"

    @property
    def is_complete(self) -> bool:
        """The file is on the disk in its whole size."""
        return os.path.isfile(self.path) and os.path.getsize(self.path) == self._weights.size

    async def run(self, progress: Callable[[int, int], object] = lambda done, size: None) -> None:
        """Download what is missing.

        Args:
            progress: called with the bytes on the disk and the size.

        Raises:
            ApiError: the provider refuses, or the connection was lost too often. What arrived is kept.
            ConfigError: the file exists, is being written, or there is no room for it.
            OSError: the disk cannot be written.
        """
        if self.is_complete:
            return
        if os.path.lexists(self.path):
            raise ConfigError(f"{self.path} exists and is another file: use another -o DIR")
        os.makedirs(self._directory, exist_ok=True)
        with _own(self._part) as file:
            done = min(file.seek(0, os.SEEK_END), self._weights.size)
            file.truncate(done)
            self._check_room(self._weights.size - done)
            await self._fill(file, progress)
            file.flush()
            os.fsync(file.fileno())
            os.rename(self._part, self.path)

    def _check_room(self, missing: int) -> None:
        free = shutil.disk_usage(self._directory).free
        if missing > free:
            raise ConfigError(
                f"the weights need {size_words(missing)}, and {size_words(free)} are free in {self._directory}"
            )

    async def _fill(self, file: BinaryIO, progress: Callable[[int, int], object]) -> None:
        fruitless = 0
        while (done := file.seek(0, os.SEEK_END)) < self._weights.size:
            try:
                await self._receive(file, done, progress)
            except ApiError as error:
                fruitless = 0 if file.seek(0, os.SEEK_END) > done else fruitless + 1
                delay = error.retry_after or DELAY * 2**fruitless
                if fruitless >= TRIES or not is_retryable(error) or delay > LONGEST_DELAY:
                    error.hint = error.hint or "What arrived is kept: the same command continues."
                    raise
                self._on_retry(Retry(error, max(fruitless, 1), delay))
                await self._clock.sleep(delay)

    async def _receive(self, file: BinaryIO, start: int, progress: Callable[[int, int], object]) -> None:
        async with self._client.weights_from(self._weights, start) as piece:
            if piece.size not in (None, self._weights.size):
                raise BadResponse("the weights have another size than a moment ago", code="changed")
            if piece.start not in (start, 0):
                raise BadResponse(
                    "the provider sends a different part of the weights than the one asked for", code="range"
                )
            done = file.seek(piece.start)
            file.truncate()  # a server may send the whole file
            async for chunk in piece.chunks:
                if done + len(chunk) > self._weights.size:
                    raise BadResponse("the provider sends more than the size of the weights", code="changed")
                await asyncio.to_thread(file.write, chunk)
                done += len(chunk)
                progress(done, self._weights.size)
        if done < self._weights.size:
            reason = "the weights ended early"
            raise Unreachable(f"lost the connection: {reason}", kind="cut", reason=reason)


@contextmanager
def _own(path: str) -> Iterator[BinaryIO]:
    """Open a file for writing that no other process writes; its content is kept.

    Raises:
        ConfigError: another process writes it.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    with open(handle, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"{path} is being written by another fttui") from None
        yield file
