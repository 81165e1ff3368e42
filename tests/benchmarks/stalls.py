"""Benchmark: the longest time for which work on one response blocks the event loop, and with it the keys.

    python -m tests.benchmarks.stalls

Each case sends one request to a provider in memory and lets the store process the response. Bound: 50 ms.
"""

import argparse
import asyncio
import gc
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from fttui.api.client import Client
from fttui.api.errors import ApiError
from fttui.api.http import Http
from fttui.api.limits import MEGABYTE
from fttui.api.providers import Provider
from fttui.clock import SystemClock
from fttui.store.archive.archive import Archive
from fttui.store.polling.fetcher import Fetcher
from fttui.store.store import Store
from tests.benchmarks.support.pages import job

BOUND = 0.05
"""Longest block in seconds."""
BEAT = 0.001
"""Seconds between two beats of the heart."""
ERROR = MEGABYTE // 4
"""Most bytes that are read of the body of an error."""
HELD = 100_000
"""Jobs that the store knows before."""


def page(items: list[dict[str, Any]], *, has_more: bool = True) -> bytes:
    return json.dumps({"object": "list", "data": items, "has_more": has_more}).encode()


def jobs(number: int, first: int = 2 * HELD + 1000, **members: Any) -> bytes:
    return page([job(first - place) | members for place in range(number)])


def events(number: int) -> bytes:
    return page(
        [
            {
                "object": "fine_tuning.job.event",
                "id": f"ftevent-{place:024d}",
                "created_at": 1_760_000_000 + place,
                "level": "info",
                "message": f"Step {place}/{number}: training loss=0.25",
                "type": "metrics",
                "data": {"step": place, "total_steps": number, "train_loss": 0.25, "train_mean_token_accuracy": 0.9},
            }
            for place in range(number, 0, -1)
        ],
        has_more=False,
    )


def files(number: int) -> bytes:
    return page(
        [
            {
                "object": "file",
                "id": f"file-{place:024d}",
                "bytes": 100_000,
                "created_at": 1_760_000_000 + place,
                "filename": f"train-{place}.jsonl",
                "purpose": "fine-tune",
                "status": "processed",
            }
            for place in range(number)
        ],
        has_more=False,
    )


def filled(unit: str, start: str = "", end: str = "") -> bytes:
    """Return a body of the size at which reading ends."""
    room = ERROR - len(start) - len(end)
    return (start + unit * (room // len(unit)) + end).encode()


Work = Callable[[Store, Fetcher], Awaitable[object]]


async def list_jobs(_: Store, fetcher: Fetcher) -> None:
    await fetcher.refresh()


async def list_events(store: Store, fetcher: Fetcher) -> None:
    # The newest events of a job without recorded events.
    await fetcher.fetch_events(next(id for id in store.jobs.rows if id not in store.jobs.logs))


async def list_files(store: Store, _: Fetcher) -> None:
    await store.files()


CASES: dict[str, tuple[int, bytes, Work]] = {
    "100 new jobs": (200, jobs(100), list_jobs),
    "100 jobs below those known": (200, jobs(100, HELD), list_jobs),
    "1,000 new jobs": (200, jobs(1000), list_jobs),
    "100 jobs of 150 kB": (200, jobs(100, metadata={"note": "x" * 150_000}), list_jobs),
    "100 events": (200, events(100), list_events),
    "10,000 events": (200, events(10_000), list_events),
    "10,000 files": (200, files(10_000), list_files),
    "error: nested arrays": (500, filled("["), list_jobs),
    "error: many values": (500, filled("[],", "[", "0]"), list_jobs),
    "error: long message": (500, filled("wrong ", '{"error":{"message":"', '"}}'), list_jobs),
    "error: control characters": (500, filled("\\u0007", '{"error":{"message":"', '"}}'), list_jobs),
    "error: wide characters": (500, filled("\u4e16", '{"error":{"message":"', '"}}')[:ERROR], list_jobs),
    "error: spaces": (404, filled(" ", '{"error":{"message":"', '"}}'), list_jobs),
    "error: a web page without an end": (502, filled("<title>", "<html>"), list_jobs),
    "error: many tags": (502, filled("<", "<html><title>", "</title>"), list_jobs),
    "error: plain text": (500, filled("wrong "), list_jobs),
}
"""Status, body and work by name."""


async def longest_block(work: Awaitable[object]) -> tuple[float, float]:
    """Return the longest pause between two steps of the event loop while `work` runs.

    Returns:
        Its seconds, and the most processor seconds of the thread in a pause, which other processes do not lengthen.
    """
    longest, busiest, done = 0.0, 0.0, False

    async def beat() -> None:
        nonlocal longest, busiest
        last, spent = time.perf_counter(), time.thread_time()
        while not done:
            await asyncio.sleep(BEAT)
            now, used = time.perf_counter(), time.thread_time()
            longest, busiest = max(longest, now - last - BEAT), max(busiest, used - spent)
            last, spent = now, used

    heart = asyncio.create_task(beat())
    await asyncio.sleep(5 * BEAT)
    try:
        await work
    except ApiError:
        pass
    finally:
        await asyncio.sleep(5 * BEAT)
        done = True
        await heart
    return longest, busiest


async def measure(folder: str, status: int, body: bytes, work: Work) -> tuple[float, float]:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=body, headers={"content-type": "application/json"})

    provider = Provider(name="fake", base_url="https://host.example/v1")
    client = Client(Http(provider, clock=SystemClock(), transport=httpx.MockTransport(respond)))
    archive = Archive(os.path.join(folder, "archive.db"), "work")
    store = Store(archive, SystemClock(), client)
    fetcher = Fetcher(store)
    gc.collect()
    gc.freeze()
    try:
        return await longest_block(work(store, fetcher))
    finally:
        await client.close()
        await archive.close()


async def fill(folder: str) -> None:
    archive = Archive(os.path.join(folder, "archive.db"), "work")
    store = Store(archive, SystemClock())
    await store.jobs.merge([job(number) for number in range(2 * HELD, HELD, -1)], store.jobs.turn())
    await archive.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        await fill(folder)
        print(f"longest block of the event loop, {HELD:,} jobs known: ms, and processor ms of its thread")
        for name, (status, body, work) in CASES.items():
            if given.only not in name:
                continue
            longest, busiest = await measure(folder, status, body, work)
            verdict = "MISSED" if min(longest, busiest) > BOUND else ""
            print(f"  {name:34} {longest * 1e3:8.1f} {busiest * 1e3:8.1f}  {verdict}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
