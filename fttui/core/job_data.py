"""Data files of a job that is to be created: found on the disk, and checked in a thread."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from fttui.config.errors import ConfigError
from fttui.core.samples import sample_path
from fttui.data.local_files import NotAFile, local_path
from fttui.data.report import Report

if TYPE_CHECKING:
    from fttui.core.pricing import Pricing
    from fttui.data.check import JobLike

FILES = ("training_file", "validation_file")
"""Members of a `JobSpec` that name a data file."""


class LocalFiles(NamedTuple):
    """Data files of a job that are on this disk. Two of them are equal while no file was written in between."""

    paths: dict[str, str] = {}
    """Path by member of `FILES`; a member that names a file at the provider is missing."""
    errors: dict[str, str] = {}
    """Reason by member that names an unreadable path."""
    stamps: tuple[tuple[int, int] | None, ...] = ()
    """Size and time of change of each path."""


def find_files(names: Mapping[str, str | None]) -> LocalFiles:
    """Resolve the data files of a job, each a path or a file id. Reads the disk.

    Args:
        names: text by member of `FILES`; members that are missing or empty are skipped.
    """
    paths: dict[str, str] = {}
    errors: dict[str, str] = {}
    for member in FILES:
        name = names.get(member) or ""
        try:
            path = local_path(name, sample_path)
        except NotAFile as error:
            errors[member] = str(error)
            continue
        if path is None:
            continue
        if os.access(path, os.R_OK):
            paths[member] = path
        else:
            errors[member] = f"{name}: permission denied"
    return LocalFiles(paths, errors, tuple(map(stamp_of, paths.values())))


def stamp_of(path: str) -> tuple[int, int] | None:
    """Return size and time of change of a file; None for a file that cannot be looked at."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


class Checking(NamedTuple):
    """The data is being read. Sizes are bytes; 0 before the first byte."""

    read: int
    total: int


class Subject(NamedTuple):
    """Members of a job that a check of its data depends on. A job that is not complete yet may have them."""

    model: str = ""
    method: str | None = None
    grader: dict[str, Any] | None = None
    hyperparameters: Mapping[str, Any] = {}

    @classmethod
    def of(cls, job: "JobLike") -> "Subject":
        """Return the members of a job."""
        kept = {name: job.hyperparameters[name] for name in ("n_epochs", "batch_size") if name in job.hyperparameters}
        return cls(job.model, job.method, job.grader, kept)


class DataChecker:
    """Checks data files in a thread, one check at a time: a new check ends the one before.

    A second request for the same job and files gets the result of the first.
    """

    def __init__(self, pricing: "Pricing") -> None:
        self._pricing = pricing
        self._newest: tuple[Subject, LocalFiles, asyncio.Task[Report]] | None = None
        self.progress: Callable[[Checking], None] | None = None
        """Called in the event loop while the data is read."""

    async def report(self, job: "JobLike", files: LocalFiles) -> Report | None:
        """Return findings and plan of a job; None when it has no local file, or when a newer check has begun.

        Raises:
            OSError: a file cannot be read.
            ConfigError: the user's own price file is wrong.
        """
        if not files.paths:
            self.stop()
            return None
        subject = Subject.of(job)
        if self._newest is None or self._newest[:2] != (subject, files):
            self._newest = (subject, files, asyncio.create_task(self._check_in_thread(subject, files)))
        task = self._newest[2]
        try:
            # Only `stop` ends the check, not the end of the caller that waits for it.
            report = await asyncio.shield(task)
        except (OSError, ConfigError):
            if self._newest is not None and self._newest[2] is task:
                self._newest = None
            raise
        return report if self._newest is not None and self._newest[2] is task else None

    def stop(self) -> None:
        """End a running check and forget its result."""
        self._newest = None

    async def _check_in_thread(self, subject: Subject, files: LocalFiles) -> Report:
        try:
            return await asyncio.to_thread(self._check, subject, files, asyncio.get_running_loop())
        except asyncio.CancelledError:
            self.stop()  # the end of the event loop waits for the thread
            raise

    def _check(self, subject: Subject, files: LocalFiles, loop: asyncio.AbstractEventLoop) -> Report:
        from fttui.data.check import check_job
        from fttui.data.prices import PriceFileError

        def progress(read: int, total: int) -> None:
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(self._show, Checking(read, total))

        try:
            return check_job(
                subject,
                *(files.paths.get(member) for member in FILES),
                provider=self._pricing.provider,
                form=self._pricing.form,
                own_prices=self._pricing.own_prices,
                per_hour=self._pricing.per_hour,
                place=self._pricing.place,
                progress=progress,
                should_stop=lambda: self._newest is None or self._newest[:2] != (subject, files),
            )
        except PriceFileError as error:
            raise ConfigError(str(error)) from None

    def _show(self, step: Checking) -> None:
        if self.progress is not None:
            self.progress(step)
