"""1,000 jobs listed through all pages: our client beside the official SDK, on one server, in one run.

Both read every job into objects with attributes. The server is another process, so that its work is nobody's.
Run it with `pytest tests/benchmarks/test_list.py -s -n 0`.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import openai
import pytest

from fttui.api.client import Client
from fttui.api.http import Http
from fttui.api.providers import Provider
from fttui.clock import SystemClock
from fttui.config.secrets import Secret
from tests.benchmarks.pages import JOBS, PAGE

ROUNDS = 15


@pytest.fixture
def url() -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.pages"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
    finally:
        server.communicate()


async def test_our_list_costs_less_than_the_official_sdks(url: str) -> None:
    ours = Client(Http(Provider(name="compatible", base_url=url), Secret("sk-x"), clock=SystemClock()))
    theirs = openai.AsyncOpenAI(api_key="sk-x", base_url=url, max_retries=0)

    async def list_ours() -> int:
        return len([job.status async for page in ours.each_job_page(limit=PAGE) for job in page.items])

    async def list_theirs() -> int:
        return len([job.status async for job in theirs.fine_tuning.jobs.list(limit=PAGE)])

    spent: dict[str, list[tuple[float, float]]] = {"fttui": [], "openai": []}
    sides: dict[str, Callable[[], Awaitable[int]]] = {"fttui": list_ours, "openai": list_theirs}
    for round in range(ROUNDS + 2):
        # In turn, so that whatever else the machine does meets both.
        for name, work in list(sides.items())[:: 1 if round % 2 else -1]:
            wall, cpu = time.perf_counter(), time.process_time()
            assert await work() == JOBS
            if round >= 2:
                spent[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    await ours.close()
    await theirs.close()
    cpu = {name: statistics.median(pair[0] for pair in pairs) * 1000 for name, pairs in spent.items()}
    wall = {name: statistics.median(pair[1] for pair in pairs) * 1000 for name, pairs in spent.items()}
    for what, times in (("CPU", cpu), ("wall", wall)):
        ratio = times["fttui"] / times["openai"]
        print(f"{what} per {JOBS} jobs: fttui {times['fttui']:.1f} ms, openai {times['openai']:.1f} ms, {ratio:.2f}")
    assert cpu["fttui"] / cpu["openai"] < 1
    assert wall["fttui"] / wall["openai"] < 1
