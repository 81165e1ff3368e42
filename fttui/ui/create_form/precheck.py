"""What the form knows before `enter`: which files are named, whether the data is right, and what the job will cost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from fttui.core.pricing import Pricing
from fttui.data.local_files import NotAFile, SamplePath, local_path
from fttui.models.spec import JobSpec
from fttui.ui.create_form.form import FieldErrors, spec_of

if TYPE_CHECKING:
    from fttui.data.report import Report

FILES = ("training_file", "validation_file")
"""Fields that name a file of data."""


class Asked(NamedTuple):
    """What the fields ask for, and the files of this disk as they are now."""

    spec: JobSpec | None
    """None where fields hold what cannot be sent."""
    errors: dict[str, str]
    """What those hold: see `FieldErrors`."""
    paths: dict[str, str | None]
    """Where the data lies on this disk; None for a file at the provider, for none, and for one that is not there."""
    stamps: tuple[tuple[int, int] | None, ...] = ()
    """Size and time of change of each of `paths`: a file that was written again is another one."""


def asked(values: Mapping[str, str], samples: SamplePath) -> Asked:
    """Read the fields; looks at the disk, so it belongs into a thread."""
    spec: JobSpec | None = None
    errors: dict[str, str] = {}
    try:
        spec = spec_of(dict(values), samples)
    except FieldErrors as error:
        errors = error.found
    paths: dict[str, str | None] = {}
    for name in FILES:
        try:
            paths[name] = local_path(values[name], samples)
        except NotAFile:
            paths[name] = None
    return Asked(spec, errors, paths, tuple(map(_stamp, paths.values())))


def _stamp(path: str | None) -> tuple[int, int] | None:
    try:
        found = os.stat(path) if path is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_size, found.st_mtime_ns)


class Precheck:
    """Checks the files that lie on this disk, in a thread, one check at a time; the newest wins. Whoever asks for the
    same again while it runs gets that one's answer."""

    def __init__(self, pricing: Pricing) -> None:
        self._pricing = pricing
        self._running: tuple[Asked, asyncio.Task[Report]] | None = None
        self.progress: Callable[[int, int], None] | None = None
        """Told, in the thread that reads, the bytes read so far and of the file."""

    async def run(self, asked: Asked) -> Report | None:
        """What is found in the files, and what the job would be; None when there is no file to check, or a newer
        check has been started.

        Raises:
            OSError: a file cannot be read.
            PriceFileError: the person's own price file is not as it should be.
        """
        if self._running is None or self._running[0] != asked or self._running[1].done():
            self.stop()
            if asked.spec is None or not any(asked.paths.values()):
                return None
            self._running = (asked, asyncio.create_task(asyncio.to_thread(self._check, asked.spec, asked)))
        task = self._running[1]
        # Whoever waits may be broken off; what reads the file is ended by `stop` alone.
        report = await asyncio.shield(task)
        return report if self._running is not None and self._running[1] is task else None

    def stop(self) -> None:
        """Break off a check that runs."""
        self._running = None

    def _check(self, spec: JobSpec, asked: Asked) -> Report:
        from fttui.data.check import check_job

        return check_job(
            spec,
            *(asked.paths[name] for name in FILES),
            provider=self._pricing.provider,
            own_prices=self._pricing.own_prices,
            progress=lambda read, total: self.progress(read, total) if self.progress is not None else None,
            should_stop=lambda: self._running is None or self._running[0] is not asked,
        )


def remember(pricing: Pricing, job: str, report: Report) -> None:
    """Save the expected cost of a job. A full disk does not undo the job."""
    if report.plan is not None:
        with suppress(OSError):
            pricing.remember(job, report.plan)
