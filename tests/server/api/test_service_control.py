"""Routes that control the process of the service: who has them, what they take, and what they answer."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from fttui.server.api.app import create_app
from fttui.server.jobs.prune import Pruned
from fttui.server.service import Service
from tests.server.conftest import add_job


class Process:
    """Process that records how it was stopped."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {"pid": 42, "version": "1", "started_at": 1.0, "home": "/home", "url": None}
        self.stops: list[bool] = []

    def stop(self, *, save_trainers: bool) -> None:
        self.stops.append(save_trainers)


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
async def owner(service: Service, process: Process) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(service, control=process))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_state_has_the_process_and_its_jobs(owner: httpx.AsyncClient, service: Service) -> None:
    add_job(service)
    found = (await owner.get("/service")).json()
    assert (found["pid"], found["url"], found["jobs"], found["running_jobs"]) == (42, None, {"validating_files": 1}, [])
    assert (await owner.get("/v1/fine_tuning/jobs")).status_code == 200, "the API is there too"


async def test_state_is_told_although_the_database_fails(
    owner: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError(5, "Input/output error", "service.db")

    with monkeypatch.context() as patch:
        patch.setattr(service.database.jobs, "unfinished", fail)
        found = (await owner.get("/service")).json()
    assert (found["pid"], found["trouble"]) == (42, "Input/output error (service.db)")


@pytest.mark.parametrize(
    ("body", "saves"), [(b"{}", True), (b'{"trainers": "save"}', True), (b'{"trainers": "leave"}', False)]
)
async def test_stop_says_what_happens_to_the_trainers(
    owner: httpx.AsyncClient, process: Process, body: bytes, saves: bool
) -> None:
    answer = await owner.post("/service/stop", content=body)
    assert (answer.status_code, answer.json()["pid"], process.stops) == (200, 42, [saves])


async def test_prune_frees_nothing_unless_told(
    owner: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prune(jobs: list[str] | None, *, dry_run: bool) -> list[Pruned]:
        asked.append((jobs, dry_run))
        return [Pruned("ftjob-1", [])]

    asked: list[tuple[list[str] | None, bool]] = []
    monkeypatch.setattr(service.runner, "prune", prune)
    found = (await owner.post("/service/prune", json={"jobs": ["ftjob-1"]})).json()
    assert (found["pid"], [job["id"] for job in found["pruned"]]) == (42, ["ftjob-1"])
    await owner.post("/service/prune", json={"jobs": None, "dry_run": False})
    assert asked == [(["ftjob-1"], True), (None, False)]


async def test_prune_says_why_the_disk_fails(
    owner: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(service.runner, "prune", fail)
    answer = await owner.post("/service/prune", json={"jobs": None, "dry_run": False})
    assert answer.json() == {"pid": 42, "trouble": "Read-only file system"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/service/stop", b"{"),
        ("/service/stop", b"[]"),
        ("/service/stop", b'{"trainers": "kill"}'),
        ("/service/prune", b"no JSON"),
        ("/service/prune", b"[" * 100_000),
        ("/service/prune", b'{"jobs": "ftjob-1"}'),
        ("/service/prune", b'{"jobs": [1]}'),
        ("/service/prune", b'{"dry_run": "no"}'),
    ],
)
async def test_wrong_bodies_are_refused(owner: httpx.AsyncClient, process: Process, path: str, body: bytes) -> None:
    answer = await owner.post(path, content=body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert process.stops == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/service/stop"), ("POST", "/service"), ("GET", "/service/x")])
async def test_wrong_methods_and_paths_are_not_found(owner: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await owner.request(method, path)).status_code == 404


@pytest.mark.parametrize(("method", "path"), [("GET", "/service"), ("POST", "/service/stop")])
async def test_other_listeners_have_no_such_routes(service: Service, method: str, path: str) -> None:
    transport = httpx.ASGITransport(create_app(service))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.request(method, path, content=b"{}")).status_code == 404
