"""Embedded service: pages of many stored jobs, answers while it trains, memory of uploads, cost of safe writes."""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from fttui import sqlite
from fttui.server import control
from fttui.server.api.app import create_app
from fttui.server.service import Service, open_service
from fttui.server.storage import checksums
from fttui.server.storage.database import ServiceDatabase
from fttui.server.storage.journal import Journal
from fttui.server.storage.records import FileRecord, NewJob
from fttui.server.storage.reports import StepMetrics
from tests.benchmarks.concerns.concern import Concern, Effort, Figures, Row

EVENTS = 100
"""Events of each stored job."""
LOOK = 0.01
"""Seconds between two lists, and between two looks at a status."""
WAIT = 60.0
"""Longest wait in seconds for a status."""
MB = 1 << 20

ROWS = (
    Row("S1", "service: the slowest kind of page with 10,000 stored jobs / with 100", 1.5, "pages of many / of few"),
    Row("S2", "service: a list while two jobs train / while none does, median", 3.0, "list busy", "list idle"),
    Row(
        "S2",
        "service: the same, the slowest of twenty",
        3.0,
        "slow list busy",
        "slow list idle",
        "the kernel gives two trainers the two cores, at a lower priority, until their next turn",
    ),
    Row("S3", "service: memory for an upload of 512 MB, in MB", 32.0, "memory of an upload"),
    Row("S4", "service: storing a file with journal and checksums / without", 2.0, "safe file", "plain file"),
    Row(
        "S4",
        "service: storing 50 steps with journal and checksums / without",
        2.0,
        "safe steps",
        "plain steps",
        "each row has a checksum, which a function in Python calculates",
    ),
)


def measure(numbers: Collection[str], effort: Effort) -> Figures:
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="ft-bench-") as folder:
        if "S1" in numbers:
            few, many = (
                asyncio.run(pages(os.path.join(folder, str(jobs)), jobs, effort.size(150, 10)))
                for jobs in (100, effort.size(10_000, 1000))
            )
            figures["pages of many / of few"] = [max(many[name] / few[name] for name in few)]
        if "S2" in numbers:
            figures |= lists(os.path.join(folder, "training"), effort.size(400, 20))
        if "S3" in numbers:
            figures["memory of an upload"] = [upload(os.path.join(folder, "upload"), effort.size(512, 16))]
        if "S4" in numbers:
            figures |= transactions(Path(folder, "transactions"), effort.size(200, 10))
    return figures


async def pages(home: str, jobs: int, times: int) -> dict[str, float]:
    """Return the median time in seconds of a page of each kind, with this number of stored jobs."""
    service = _filled(home, jobs)
    middle = f"ftjob-{jobs // 2:024}"
    events = f"/fine_tuning/jobs/{middle}/events"
    transport = httpx.ASGITransport(create_app(service))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:

        async def median(path: str) -> float:
            taken = []
            for number in range(times + 20):
                began = time.perf_counter()
                answer = await client.get(path)
                if number >= 20:
                    taken.append(time.perf_counter() - began)
                if not answer.json()["data"]:
                    raise RuntimeError(f"{path}: an empty page")
            return statistics.median(taken)

        after = (await client.get(events, params={"limit": 50})).json()["data"][-1]["id"]
        kinds = {
            "first jobs": "/fine_tuning/jobs?limit=20",
            "jobs in the middle": f"/fine_tuning/jobs?limit=20&after={middle}",
            "jobs by metadata": "/fine_tuning/jobs?limit=5&metadata[team]=3",
            "one job": f"/fine_tuning/jobs?limit=1&after={middle}",
            "first events": f"{events}?limit=20",
            "events in the middle": f"{events}?limit=20&after={after}",
        }
        found = {name: await median(path) for name, path in kinds.items()}
    service.runner.close(save=True)
    service.database.close()
    return found


def _filled(home: str, jobs: int) -> Service:
    """Open a service with ended jobs, each with events and metadata."""
    service = open_service(home)
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
    # Fifty jobs at a time, so that events of several jobs alternate, as they do when jobs run together.
    data = json.dumps({"step": 1, "total_steps": EVENTS, "train_loss": 1.2345678, "train_mean_token_accuracy": 0.5})
    sql.executemany(
        "INSERT INTO event (job, created_at, level, type, message, data, step)"
        " VALUES (?, ?, 'info', 'metrics', ?, ?, ?)",
        (
            (job, step, f"Step {step}/{EVENTS}: training loss=1.23", data, step)
            for first in range(1, jobs + 1, 50)
            for step in range(1, EVENTS + 1)
            for job in range(first, min(first + 50, jobs + 1))
        ),
    )
    sql.execute("COMMIT")
    return service


@contextmanager
def _served(home: str, **settings: int) -> Iterator[httpx.Client]:
    """Run a service. Yields a client, and ends the service and its jobs."""
    path = control.ensure(home, settings=settings)
    transport = httpx.HTTPTransport(uds=path)
    try:
        with httpx.Client(transport=transport, base_url="http://localhost/v1", timeout=300) as client:
            yield client
            for job in client.get("/fine_tuning/jobs").json()["data"]:
                client.post(f"/fine_tuning/jobs/{job['id']}/cancel")
    finally:
        control.stop(home)


def lists(home: str, times: int) -> Figures:
    """Measure a list of two jobs while both wait, and while both train."""
    messages = [{"role": "user", "content": "Speak"}, {"role": "assistant", "content": "A long answer. " * 60}]
    content = (json.dumps({"messages": messages}) + "\n").encode() * 60
    with _served(home, max_running=2) as client:

        def wait(status: str) -> None:
            end = time.monotonic() + WAIT
            while {job["status"] for job in client.get("/fine_tuning/jobs").json()["data"]} != {status}:
                if time.monotonic() > end:
                    raise RuntimeError(f"the jobs are not {status}")
                time.sleep(LOOK)

        def act(action: str, status: str) -> None:
            for id in ids:
                client.post(f"/fine_tuning/jobs/{id}/{action}")
            wait(status)

        def taken() -> list[float]:
            found = []
            for _ in range(times):
                began = time.perf_counter()
                client.get("/fine_tuning/jobs", params={"limit": 100})
                found.append(time.perf_counter() - began)
                time.sleep(LOOK)
            return sorted(found)

        file = client.post("/files", data={"purpose": "fine-tune"}, files={"file": ("d.jsonl", content)}).json()["id"]
        given = {"model": "fttui-tiny-1", "training_file": file, "hyperparameters": {"n_epochs": 50}}
        ids = [client.post("/fine_tuning/jobs", json=given).json()["id"] for _ in range(2)]
        wait("running")
        act("pause", "paused")
        taken()
        idle = taken()
        act("resume", "running")
        busy = taken()
    return {
        "list idle": [statistics.median(idle)],
        "list busy": [statistics.median(busy)],
        "slow list idle": [idle[times * 95 // 100]],
        "slow list busy": [busy[times * 95 // 100]],
    }


def upload(home: str, megabytes: int) -> float:
    """Return how much an upload, and the download of the same file, raise the peak memory of the service, in MB."""
    block = os.urandom(MB)
    head = b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n'
    head += b'--x\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n'

    def body(blocks: int) -> Iterator[bytes]:
        yield head
        for _ in range(blocks):
            yield block
        yield b"\r\n--x--\r\n"

    with _served(home) as client:

        def send(blocks: int) -> str:
            kind = {"content-type": "multipart/form-data; boundary=x"}
            answer = client.post("/files", content=body(blocks), headers=kind).json()
            if answer["bytes"] != blocks * MB:
                raise RuntimeError("the upload is incomplete")
            return str(answer["id"])

        send(8)
        before = _peak_memory(home)
        with client.stream("GET", f"/files/{send(megabytes)}/content") as content:
            if sum(map(len, content.iter_bytes(MB))) != megabytes * MB:
                raise RuntimeError("the download is incomplete")
        return _peak_memory(home) - before


def _peak_memory(home: str) -> float:
    """Return the largest memory of the running service, in MB."""
    info = control.running(home)
    if info is None:
        raise RuntimeError("no service")
    lines = Path(f"/proc/{info.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def transactions(home: Path, times: int) -> Figures:
    """Measure transactions with journal and checksums, and without, in turn. Both wait for the disk."""
    home.mkdir()
    safe = ServiceDatabase(str(home / "safe.db"), Journal(str(home / "journal")))
    plain = _without_checksums(home / "plain.db")
    new = NewJob("base-1", "base-1", "file-1", None, None, 1, "supervised", {}, None)
    figures = Figures()
    sides = (("safe", safe), ("plain", plain))
    for _, database in sides:
        database.jobs.move(database.jobs.add(new, 1), "running", [], 1)
    for turn in range(times):
        steps = range(turn * 50 + 1, turn * 50 + 51)
        rows = [StepMetrics(step, None, "step", {"step": step, "train_loss": 1.5}) for step in steps]
        for name, database in sides[:: 1 if turn % 2 else -1]:
            (job,) = database.jobs.unfinished()
            began = time.perf_counter()
            database.files.add(FileRecord(0, f"file-{turn}", "a.jsonl", "fine-tune", 1, 1))
            middle = time.perf_counter()
            database.jobs.store_reports(job, rows, job.offset + 1, None, 1)
            figures.setdefault(f"{name} file", []).append(middle - began)
            figures.setdefault(f"{name} steps", []).append(time.perf_counter() - middle)
    safe.close()
    plain.close()
    return figures


def _without_checksums(path: Path) -> ServiceDatabase:
    """Open a database that computes no checksums and has no journal."""
    install = checksums.install
    checksums.install = lambda connection, changed: None
    try:
        return ServiceDatabase(str(path))
    finally:
        checksums.install = install


CONCERN = Concern("service", ROWS, measure)
