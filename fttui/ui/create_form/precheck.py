"""What the form knows before `enter`: which files are named, whether the data is right, and what the job will cost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from fttui.config.paths import data_dir, make_dir, plans_file, prices_file
from fttui.data.local_files import NotAFile, SamplePath, local_path
from fttui.models.row import JobRow
from fttui.models.spec import JobSpec
from fttui.ui.create_form.form import FieldErrors, spec_of
from fttui.ui.render.status_line import ServiceInfo

if TYPE_CHECKING:
    from fttui.data.prices import Price
    from fttui.data.report import Report
    from fttui.models.job import Job

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

    def __init__(self, place: ServiceInfo) -> None:
        self._place = place
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
            provider=trainer_of(self._place),
            own_prices=prices_file(),
            progress=lambda read, total: self.progress(read, total) if self.progress is not None else None,
            should_stop=lambda: self._running is None or self._running[0] is not asked,
        )


def trainer_of(place: ServiceInfo) -> str:
    """Who trains there, as the price list has it."""
    from fttui.data.prices import provider_kind

    return provider_kind(None if place.is_local else f"https://{place.host}/v1", is_local=place.is_local)


def remember(place: ServiceInfo, job: str, report: Report) -> None:
    """Keep what was told of a job's price with it; a disk that is full does not undo the job."""
    from fttui.core import pricing

    if report.plan is None:
        return
    try:
        make_dir(data_dir())
        pricing.keep(plans_file(), place.key, job, report.plan)
    except OSError:
        return


def cost_lines(place: ServiceInfo, job: Job) -> list[tuple[str, str]]:
    """What a job has cost and what it was expected to, as fields for a person; what is unknown is left out."""
    from fttui.core.pricing import cost_of, recall
    from fttui.data.prices import PriceFileError, price_of

    try:
        price: Price = price_of(job.model, own_file=prices_file(), provider=trainer_of(place))
    except (PriceFileError, OSError):
        return []
    cost = cost_of(job.trained_tokens, price, method=job.method)
    expected = recall(plans_file(), place.key).get(job.id)
    told = "" if expected is None or expected.cost is None or cost == "free" else expected.words
    return [(name, words) for name, words in (("cost", cost), ("expected cost", told)) if words]


def row_costs(place: ServiceInfo) -> Callable[[JobRow], tuple[float | None, str]]:
    """What the jobs of a list have cost, as a number and in words; None and empty where that is unknown. Each model's
    price is read once."""
    prices: dict[str, Price | None] = {}

    def cost(row: JobRow) -> tuple[float | None, str]:
        from fttui.core.pricing import cost_of, spent_on
        from fttui.data.prices import PriceFileError, price_of

        if row.model not in prices:
            try:
                prices[row.model] = price_of(row.model, own_file=prices_file(), provider=trainer_of(place))
            except (PriceFileError, OSError):
                prices[row.model] = None
        price = prices[row.model]
        if price is None:
            return None, ""
        known = row.trained_tokens, price
        return spent_on(*known, method=row.method), cost_of(*known, method=row.method)

    return cost
