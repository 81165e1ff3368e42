"""The service at scale: `pytest tests/benchmarks/test_service.py -s -n 0`. Not part of the suite: these are about time.

Each prints what it measured, and asserts the bound that the service is to keep.
"""

import asyncio
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from fttui import sqlite
from fttui.server import control
from fttui.server.api.app import create_app
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.service import Service, open_service
from fttui.server.storage import checksums
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.journal import Journal
from fttui.server.storage.records import FileRecord, NewJob
from fttui.server.storage.reports import StepMetrics
from tests.server.conftest import FAKE, kill_trainers, until

EVENTS_EACH = 100


@pytest.fixture
def home() -> Iterator[str]:
    parent = tempfile.mkdtemp(prefix="ft-bench-")
    yield os.path.join(parent, "home")
    control.stop(os.path.join(parent, "home"))
    kill_trainers(os.path.join(parent, "home"))
    shutil.rmtree(parent)


def filled(home: str, jobs: int) -> Service:
    """A service with so many ended jobs, each with a hundred events and some metadata."""
    service = open_service(home, catalog=Catalog([FAKE]))
    sql = sqlite.connect(service.paths.database)
    checksums.install(sql, False)
    sql.execute("BEGIN")
    hyperparameters = json.dumps({"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 1.0})
    for number in range(1, jobs + 1):
        sql.execute(
            "INSERT INTO job (id, status, created_at, finished_at, model, base, suffix, seed, method, hyperparameters,"
            " training_file, metadata, tidied)"
            " VALUES (?, 'succeeded', ?, ?, 'base-1', 'base-1', 'x', 1, 'supervised', ?, 'file-1', ?, 1)",
            (f"ftjob-{number:024}", number, number, hyperparameters, json.dumps({"team": str(number % 10)})),
        )
        sql.execute("INSERT INTO job_metadata (key, value, job) VALUES ('team', ?, ?)", (str(number % 10), number))
    # As they come in life: the jobs' events lie between one another.
    data = json.dumps(
        {"step": 1, "total_steps": EVENTS_EACH, "train_loss": 1.2345678, "train_mean_token_accuracy": 0.5}
    )
    sql.executemany(
        "INSERT INTO event (job, created_at, level, type, message, data, step)"
        " VALUES (?, ?, 'info', 'metrics', ?, ?, ?)",
        (
            (job, step, f"Step {step}/{EVENTS_EACH}: training loss=1.23", data, step)
            for first in range(1, jobs + 1, 50)
            for step in range(1, EVENTS_EACH + 1)
            for job in range(first, min(first + 50, jobs + 1))
        ),
    )
    sql.execute("COMMIT")
    return service


async def median_ms(client: httpx.AsyncClient, path: str, times: int = 150) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        answer = await client.get(path)
        taken.append(time.perf_counter() - began)
        assert answer.status_code == 200
        assert answer.json()["data"]
    return statistics.median(taken) * 1000


async def pages(service: Service, jobs: int) -> dict[str, float]:
    transport = httpx.ASGITransport(create_app(service))  # type: ignore[arg-type]
    middle = f"ftjob-{jobs // 2:024}"
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:
        events = f"/fine_tuning/jobs/{middle}/events"
        after = (await client.get(events, params={"limit": 50})).json()["data"][-1]["id"]
        paths = {
            "first page of jobs": "/fine_tuning/jobs?limit=20",
            "page of jobs from the middle": f"/fine_tuning/jobs?limit=20&after={middle}",
            "page of jobs by metadata": "/fine_tuning/jobs?limit=5&metadata[team]=3",
            "one job": f"/fine_tuning/jobs?limit=1&after={middle}",
            "first page of events": f"{events}?limit=20",
            "page of events from the middle": f"{events}?limit=20&after={after}",
        }
        for path in paths.values():
            await median_ms(client, path, 20)
        return {name: await median_ms(client, path) for name, path in paths.items()}


async def test_pages_cost_the_same_with_many_stored(home: str) -> None:
    small = filled(home + "-small", 100)
    large = filled(home, 10_000)
    few, many = await pages(small, 100), await pages(large, 10_000)
    (stored,) = sqlite.connect(large.paths.database).execute("SELECT count(*) FROM event").fetchone()
    print(f"\n10,000 jobs and {stored} events, against 100 jobs and 10,000 events (medians):")
    for name in few:
        print(f"  {name}: {many[name]:.2f} ms against {few[name]:.2f} ms, {many[name] / few[name]:.2f} times")
    for service in (small, large):
        service.runner.close(save=True)
        service.database.close()
    shutil.rmtree(home + "-small")
    assert max(many[name] / few[name] for name in few) <= 1.5


def memory_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        lines = dict(line.split(":", 1) for line in file)
    return int(lines["VmHWM"].split()[0]) / 1024


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="measures memory through /proc")
def test_half_a_gigabyte_streams_to_disk(home: str) -> None:
    path = control.ensure(home)
    info = control.running(home)
    assert info is not None
    block = os.urandom(1 << 20)
    head = b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n'
    head += b'--x\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n'

    def body(megabytes: int) -> Iterator[bytes]:
        yield head
        for _ in range(megabytes):
            yield block
        yield b"\r\n--x--\r\n"

    transport = httpx.HTTPTransport(uds=path)
    with httpx.Client(transport=transport, base_url="http://localhost/v1", timeout=300) as client:
        kind = {"content-type": "multipart/form-data; boundary=x"}
        client.post("/files", content=body(8), headers=kind)
        before = memory_mb(info.pid)
        began = time.perf_counter()
        answer = client.post("/files", content=body(512), headers=kind)
        took = time.perf_counter() - began
        assert answer.json()["bytes"] == 512 << 20
        after = memory_mb(info.pid)
        print(f"\n512 MB in {took:.1f} s; memory at most {after:.1f} MB, after 8 MB it was {before:.1f} MB")
        with client.stream("GET", f"/files/{answer.json()['id']}/content") as content:
            assert sum(len(chunk) for chunk in content.iter_bytes(1 << 20)) == 512 << 20
        print(f"downloaded again: memory at most {memory_mb(info.pid):.1f} MB")
        assert client.post("/files", content=body(513), headers=kind).status_code == 413
    assert memory_mb(info.pid) - before < 32


async def test_fifty_clients_at_once_get_correct_pages(home: str) -> None:
    service = filled(home, 200)
    service.runner.start()
    expected = [f"ftjob-{number:024}" for number in range(200, 0, -1)]
    transport = httpx.ASGITransport(create_app(service))  # type: ignore[arg-type]
    taken: list[float] = []

    async def poll(number: int) -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://test/v1", timeout=60) as client:
            for _ in range(3):
                found: list[str] = []
                query: dict[str, Any] = {}
                while True:
                    began = time.perf_counter()
                    page = (await client.get("/fine_tuning/jobs", params={"limit": 7 + number % 5, **query})).json()
                    taken.append(time.perf_counter() - began)
                    found += [job["id"] for job in page["data"] if "made" not in (job["metadata"] or {})]
                    if not page["has_more"]:
                        break
                    query = {"after": page["data"][-1]["id"]}
                assert found == expected

    async def write() -> None:
        """New jobs come in meanwhile, which pages behind the cursor must not notice."""
        async with httpx.AsyncClient(transport=transport, base_url="http://test/v1", timeout=60) as client:
            made = await client.post("/files", data={"purpose": "fine-tune"}, files={"file": ("x", b"{}\n")})
            for number in range(30):
                given = {"model": "base-1", "training_file": made.json()["id"], "metadata": {"made": str(number)}}
                assert (await client.post("/fine_tuning/jobs", json=given)).status_code == 200

    await asyncio.gather(write(), *(poll(number) for number in range(50)))
    ordered = sorted(taken)
    print(
        f"\n50 clients, {len(taken)} pages: median {statistics.median(taken) * 1000:.1f} ms, worst {ordered[-1]:.2f} s"
    )
    service.runner.close(save=True)
    service.database.close()


def test_a_list_while_both_cores_train(home: str) -> None:
    words = "A long answer that goes on and on. " * 30
    messages = [{"role": "user", "content": "Speak"}, {"role": "assistant", "content": words}]
    content = (json.dumps({"messages": messages}) + "\n").encode() * 60
    path = control.ensure(home, settings={"max_running": 2})
    with httpx.Client(transport=httpx.HTTPTransport(uds=path), base_url="http://localhost/v1", timeout=60) as client:

        def jobs_in(state: str) -> Callable[[], bool]:
            return lambda: [job["status"] for job in client.get("/fine_tuning/jobs").json()["data"]].count(state) == 2

        def measure() -> list[float]:
            taken = []
            for _ in range(400):
                began = time.perf_counter()
                client.get("/fine_tuning/jobs", params={"limit": 100})
                taken.append((time.perf_counter() - began) * 1000)
                time.sleep(0.01)
            return sorted(taken)

        file = client.post("/files", data={"purpose": "fine-tune"}, files={"file": ("d.jsonl", content)}).json()["id"]
        given = {"model": "fttui-tiny-1", "training_file": file, "hyperparameters": {"n_epochs": 50}}
        made = [client.post("/fine_tuning/jobs", json=given).json()["id"] for _ in range(2)]
        until(jobs_in("running"))
        for id in made:
            client.post(f"/fine_tuning/jobs/{id}/pause")
        until(jobs_in("paused"))
        measure()
        idle = measure()
        for id in made:
            client.post(f"/fine_tuning/jobs/{id}/resume")
        until(jobs_in("running"))
        busy = measure()
        for id in made:
            client.post(f"/fine_tuning/jobs/{id}/cancel")
    middle, late = len(idle) // 2, len(idle) * 95 // 100
    print(
        f"\na list of two jobs: idle {idle[middle]:.2f} ms (95 %: {idle[late]:.2f}),"
        f" while both train {busy[middle]:.2f} ms (95 %: {busy[late]:.2f}), {busy[middle] / idle[middle]:.2f} times"
        f" (95 %: {busy[late] / idle[late]:.2f})"
    )
    assert busy[middle] / idle[middle] <= 3
    assert busy[late] / idle[late] <= 3


def test_cost_of_journal_and_checksums(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Transactions with and without them, in turns. A transaction waits for the disk in both cases."""
    os.makedirs(home)
    safe = ServiceDatabase(os.path.join(home, "safe.db"), Journal(os.path.join(home, "journal")))
    monkeypatch.setattr(checksums, "install", lambda connection, changed: None)
    plain = ServiceDatabase(os.path.join(home, "plain.db"))
    new = NewJob("base-1", "base-1", "file-1", None, None, 1, "supervised", {}, None)
    took: dict[str, dict[str, list[float]]] = {}
    for database, kind in ((safe, "safe"), (plain, "plain")):
        job = database.jobs.add(new, 1)
        database.jobs.move(job, "running", [], 1)
        took[kind] = {"one row": [], "50 steps": []}
    for turn in range(200):
        for database, kind in ((safe, "safe"), (plain, "plain"))[:: 1 if turn % 2 else -1]:
            job = database.jobs.unfinished()[0]
            steps = [
                StepMetrics(turn * 50 + n, None, "step", {"step": turn * 50 + n, "train_loss": 1.5})
                for n in range(1, 51)
            ]
            began = time.perf_counter()
            database.files.add(FileRecord(0, f"file-{turn}", "a.jsonl", "fine-tune", 1, 1))
            middle = time.perf_counter()
            database.jobs.store_reports(job, steps, job.offset + 1, None, 1)
            took[kind]["one row"].append(middle - began)
            took[kind]["50 steps"].append(time.perf_counter() - middle)
    print("\nA transaction with journal and checksums, and without (medians):")
    for name in ("one row", "50 steps"):
        with_, without = (statistics.median(took[kind][name]) * 1000 for kind in ("safe", "plain"))
        print(f"  {name}: {with_:.2f} ms against {without:.2f} ms, {with_ / without:.2f} times")
    safe.close()
    plain.close()
