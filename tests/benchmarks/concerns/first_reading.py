"""First full reading of an account of 100,000 jobs, behind a line with 50 ms to the first byte.

Compared with a loop that asks for one page of a hundred after the other and decodes its JSON, and does nothing else.
fttui keeps what it reads: rows in memory, the rest in the archive.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Collection

import httpx

from fttui.api.client import Client
from fttui.api.http import Http
from fttui.api.providers import Provider
from fttui.clock import SystemClock
from fttui.store.archive.archive import Archive
from fttui.store.polling.poller import Poller
from fttui.store.store import Store
from tests.benchmarks.concerns.concern import Concern, Effort, Figures, Row
from tests.benchmarks.support.pages import PAGE
from tests.benchmarks.support.processes import serving

DELAY = 0.05
LARGE = 1000
"""Jobs of the larger pages."""
LOOK = 0.005
"""Seconds between two looks whether the reading has ended."""

ROWS = (
    Row("C4", "first reading of 100,000 jobs, pages of 1,000 / sequential pages of 100", 0.3, "large", "sequential"),
    Row(
        "C4",
        "first reading of 100,000 jobs, pages of 100 / the same",
        1.05,
        "small",
        "sequential",
        "a page is decoded before the next page can be requested by its cursor",
    ),
)


def measure(_: Collection[str], effort: Effort) -> Figures:
    jobs, figures = effort.size(100_000, 5000), Figures()
    for _run in range(max(1, effort.few // 3)):
        for name, largest in (("sequential", PAGE), ("small", PAGE), ("large", LARGE)):
            with serving("tests.benchmarks.support.pages", jobs, "--delay", DELAY, "--largest", largest) as url:
                work = read_pages(url) if name == "sequential" else read_account(url, jobs)
                figures.setdefault(name, []).append(asyncio.run(work))
    return figures


async def read_pages(url: str) -> float:
    """Read all pages, each after the one before. Return the seconds."""
    began, after = time.perf_counter(), ""
    async with httpx.AsyncClient() as client:
        while True:
            query = {"limit": str(PAGE)} | ({"after": after} if after else {})
            page = json.loads((await client.get(f"{url}/fine_tuning/jobs", params=query)).content)
            if not page["has_more"]:
                return time.perf_counter() - began
            after = page["data"][-1]["id"]


async def read_account(url: str, jobs: int) -> float:
    """Let a cockpit's store read an account for the first time. Return the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        clock = SystemClock()
        archive = Archive(os.path.join(folder, "archive.db"), "bench")
        client = Client(Http(Provider(name="bench", base_url=url), clock=clock))
        store = Store(archive, clock, client)
        began = time.perf_counter()
        polling = asyncio.create_task(Poller(store, clock).run())
        while not (store.jobs.list_state.complete and len(store.jobs.rows) == jobs):
            await asyncio.sleep(LOOK)
        seconds = time.perf_counter() - began
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await client.close()
        await archive.close()
    return seconds


CONCERN = Concern("first reading", ROWS, measure)
