"""What the form knows before `enter`: whether the data is right, and what the job will cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from fttui.config.files import data_dir, make_dir, plans_file, prices_file
from fttui.models.row import JobRow
from fttui.models.spec import JobSpec
from fttui.ui.status import Place

if TYPE_CHECKING:
    from fttui.data.prices import Price
    from fttui.data.report import Report
    from fttui.models.job import Job


class Precheck:
    """Checks the files that lie on this disk, in a thread, one check at a time; the newest wins."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._running = 0

    async def run(
        self,
        spec: JobSpec,
        training: str | None,
        validation: str | None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Report | None:
        """What is found in the files of these paths, and what the job would be; None when there is no file to check,
        or a newer check has been started.

        Raises:
            OSError: a file cannot be read.
            BadPrices: the person's own price file is not as it should be.
        """
        self._running += 1
        mine = self._running
        if training is None and validation is None:
            return None

        def check() -> Report:
            from fttui.data.before import check_job

            return check_job(
                spec,
                training,
                validation,
                place=trainer_of(self._place),
                own_prices=prices_file(),
                progress=progress,
                stopped=lambda: mine != self._running,
            )

        report = await asyncio.to_thread(check)
        return report if mine == self._running else None

    def stop(self) -> None:
        """Break off a check that runs."""
        self._running += 1


def trainer_of(place: Place) -> str:
    """Who trains there, as the price list has it."""
    from fttui.data.prices import place_of

    return place_of(None if place.is_local else f"https://{place.host}/v1", is_local=place.is_local)


def remember(place: Place, job: str, report: Report) -> None:
    """Keep what was told of a job's price with it; a disk that is full does not undo the job."""
    from fttui.data import kept

    if report.plan is None:
        return
    try:
        make_dir(data_dir())
        kept.keep(plans_file(), place.key, job, report.plan)
    except OSError:
        return


def cost_lines(place: Place, job: Job) -> list[tuple[str, str]]:
    """What a job has cost and what it was expected to, as fields for a person; what is unknown is left out."""
    from fttui.data.kept import cost_of, recall
    from fttui.data.prices import BadPrices, price_of

    try:
        price: Price = price_of(job.model, own_file=prices_file(), place=trainer_of(place))
    except (BadPrices, OSError):
        return []
    cost = cost_of(job.trained_tokens, price, method=job.method)
    expected = recall(plans_file(), place.key).get(job.id)
    told = "" if expected is None or expected.cost is None or cost == "free" else expected.words
    return [(name, words) for name, words in (("cost", cost), ("expected cost", told)) if words]


def row_costs(place: Place) -> Callable[[JobRow], str]:
    """What the jobs of a list have cost, in words; empty where that is unknown. Each model's price is read once."""
    prices: dict[str, Price | None] = {}

    def cost(row: JobRow) -> str:
        from fttui.data.kept import cost_of
        from fttui.data.prices import BadPrices, price_of

        if row.model not in prices:
            try:
                prices[row.model] = price_of(row.model, own_file=prices_file(), place=trainer_of(place))
            except (BadPrices, OSError):
                prices[row.model] = None
        price = prices[row.model]
        return "" if price is None else cost_of(row.trained_tokens, price, method=row.method)

    return cost
