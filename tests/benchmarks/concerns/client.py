"""Client: CPU and time for an account read through all pages, beside the official SDK.

Both read every job into an object with attributes, in one process and in turn: the SDK into its model of a job, fttui
into the row that its list shows. The server is another process, so its work counts for neither.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import openai

from fttui.api.client import Client
from fttui.api.http import Http
from fttui.api.providers import Provider
from fttui.clock import SystemClock
from fttui.config.secrets import Secret
from fttui.models.job import Job
from fttui.models.row import JobRow
from tests.benchmarks.concerns.concern import Concern, Effort, Figures, Row
from tests.benchmarks.support.pages import JOBS, PAGE
from tests.benchmarks.support.processes import serving

try:
    from fttui.models.job_row import row_of

    AHEAD = {"ahead": True}
except ImportError:  # a revision to compare with
    AHEAD = {}

    def row_of(raw: Any) -> JobRow:
        return Job.read(raw).row()


WARM = 2
"""Runs before the first that counts."""

ROWS = (
    Row(
        "P13",
        "client CPU for 1,000 jobs through all pages / official SDK",
        0.15,
        "fttui CPU",
        "openai CPU",
        "httpx takes a third of it, and the rows of the list another",
    ),
    Row("P13", "the same, wall / official SDK", 0.15, "fttui wall", "openai wall", "as for its CPU"),
)


def measure(_: Collection[str], effort: Effort) -> Figures:
    with serving("tests.benchmarks.support.pages") as url:
        return asyncio.run(compare(url, effort.runs))


async def compare(url: str, runs: int) -> Figures:
    """Read the account by both clients in turn, the first of a pair each time another."""
    ours = Client(Http(Provider(name="compatible", base_url=url), Secret("sk-x"), clock=SystemClock()))
    theirs = openai.AsyncOpenAI(api_key="sk-x", base_url=url, max_retries=0)

    async def list_ours() -> int:
        pages = ours.each_job_page(limit=PAGE, **AHEAD)
        return len([row_of(raw).status async for page in pages for raw in page.objects])

    async def list_theirs() -> int:
        return len([job.status async for job in theirs.fine_tuning.jobs.list(limit=PAGE)])

    figures = Figures()
    sides: dict[str, Callable[[], Awaitable[int]]] = {"fttui": list_ours, "openai": list_theirs}
    for turn in range(runs + WARM):
        for name, work in list(sides.items())[:: 1 if turn % 2 else -1]:
            wall, cpu = time.perf_counter(), time.process_time()
            if await work() != JOBS:
                raise RuntimeError(f"{name} did not read every job")
            if turn >= WARM:
                figures.setdefault(f"{name} CPU", []).append(time.process_time() - cpu)
                figures.setdefault(f"{name} wall", []).append(time.perf_counter() - wall)
    await ours.close()
    await theirs.close()
    return figures


CONCERN = Concern("client", ROWS, measure)
