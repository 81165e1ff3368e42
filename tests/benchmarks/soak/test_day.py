"""A day of a cockpit in the time of the fake clock: `make soak`, some minutes.

Forty-eight jobs start one after the other, send events and end, while the cockpit polls them and someone moves through
its list. Nothing that the process holds may grow after the first hours.
"""

import asyncio
import gc
import os
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from fttui.api.client import Client
from fttui.api.http import Http
from fttui.api.providers import Provider
from fttui.config.schema import Settings
from fttui.store.polling.poller import Poller
from fttui.store.store import Store
from fttui.ui.app import FttuiApp
from fttui.ui.preferences import Preferences
from fttui.ui.render.glyphs import UNICODE
from fttui.ui.render.status_line import ServiceInfo
from tests.benchmarks.soak.account import Account
from tests.support.clock import START, FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.pilot import QuietPilot

JOBS = 48
HOURS = 24
WARM = 16
"""Hours after which nothing may grow: each cache is full, such as that of 32 runs."""
TURN = 60.0
"""Simulated seconds between two keys."""
KEYS = ("down", "down", "question_mark", "escape", "right_square_bracket", "b", "escape", "s", "1", "0", "end", "home")
MOST_GROWTH = 1.05
"""Most objects and memory of later hours, as a multiple of those of the first `WARM` hours."""


class State(NamedTuple):
    """What the process holds."""

    hour: int
    objects: int
    memory: float
    """Megabytes; 0 without /proc."""
    files: int
    tasks: int
    requests: int


async def test_a_day_leaves_objects_open_files_and_tasks_as_they_were(tmp_path: Path) -> None:
    clock = FakeClock()
    account = Account(JOBS, START, spread=HOURS * 3600.0)
    requests = Counter[str]()

    def respond(request: httpx.Request) -> httpx.Response:
        requests[request.url.path.rpartition("/")[2]] += 1
        return httpx.Response(200, json=account.respond(str(request.url.raw_path, "ascii"), clock.now()))

    provider = Provider(name="day", base_url="https://host.example/v1")
    client = Client(Http(provider, clock=clock, transport=httpx.MockTransport(respond)))
    archive = inline_archive(str(tmp_path / "archive.db"), "day")
    store = Store(archive, clock, client)
    session = _Session(store, Poller(store, clock, chance=lambda: 0.5))

    async def open_session(_: str | None) -> Any:
        return session

    place = ServiceInfo("day", "host.example", False, False, "")
    app = FttuiApp(open_session, place, store.snapshot, UNICODE, clock=clock, preferences=Preferences(Settings()))
    states = []
    async with app.run_test(size=(120, 40)):
        pilot = QuietPilot(app)
        turns = int(3600 / TURN)
        for hour in range(HOURS + 1):
            clock.slept.clear()
            states.append(_state(hour, sum(requests.values())))
            print(states[-1], flush=True)
            for turn in range(turns if hour < HOURS else 0):
                await clock.run(TURN)
                await pilot.press(KEYS[turn % len(KEYS)])
    first, later = states[: WARM + 1], states[WARM:]
    assert requests["events"] > 500 * HOURS
    assert max(state.tasks for state in later) <= max(state.tasks for state in first)
    assert max(state.files for state in later) <= max(state.files for state in first)
    assert max(state.objects for state in later) <= max(state.objects for state in first) * MOST_GROWTH
    assert max(state.memory for state in later) <= max(state.memory for state in first) * MOST_GROWTH


class _Session:
    """Session of the cockpit."""

    def __init__(self, store: Store, poller: Poller) -> None:
        self.store = store
        self.poller = poller

    async def close(self) -> None:
        await self.store.close()
        await self.store.archive.close()


def _state(hour: int, requests: int) -> State:
    gc.collect()
    memory = 0.0
    if os.path.exists("/proc/self/statm"):
        memory = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    files = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    return State(hour, len(gc.get_objects()), memory, files, len(asyncio.all_tasks()), requests)
