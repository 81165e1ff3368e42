"""Create exactly once, with servers that lose the request or the response."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from fttui.api import providers
from fttui.api.limits import Limits
from fttui.models.job import TOKEN_KEY
from fttui.models.spec import JobSpec
from fttui.store.create_once import SEARCHES, Created, create_once, find_by_token
from tests.api.conftest import Connect
from tests.support.clock import FakeClock
from tests.support.fault_server import (
    FaultServer,
    Request,
    Step,
    after,
    answer,
    cut,
    hang_up,
    raw,
    refuse,
    reset,
    send_json,
    silence,
)

SPEC = JobSpec(model="m", training_file="file-1")
QUICK = Limits(idle=0.5, write=0.5)


class Service:
    """Server that creates and lists jobs, with options for its faults."""

    def __init__(
        self,
        created: Callable[["Service"], Step],
        *,
        late: int = 0,
        filters: bool = True,
        keeps: bool = True,
        lists: Step | None = None,
        older: int = 3,
    ) -> None:
        self.created = created
        self.late = late
        """Number of lists without the newest job."""
        self.filters = filters
        self.keeps = keeps
        self.lists = lists
        self.jobs: list[dict[str, Any]] = [{"id": f"old-{n}", "metadata": {TOKEN_KEY: "other"}} for n in range(older)]
        self.order: list[str] = []

    def make(self, request: Request) -> None:
        body = request.json()
        job = {"id": f"ftjob-{len(self.jobs)}", "object": "fine_tuning.job", "status": "queued", **body}
        if not self.keeps:
            job["metadata"] = None
        self.jobs.insert(0, job)

    def __call__(self, request: Request) -> Step:
        if request.method == "POST":
            self.order.append("create")
            return self.created(self)
        self.order.append("list")
        if self.lists is not None:
            return self.lists
        found = self.jobs
        if self.late > 0:
            self.late -= 1
            found = [job for job in found if job["id"].startswith("old")]
        wanted = request.query.get(f"metadata[{TOKEN_KEY}]")
        if wanted and self.filters:
            found = [job for job in found if (job.get("metadata") or {}).get(TOKEN_KEY) == wanted[0]]
        return send_json({"object": "list", "data": found, "has_more": False})

    @property
    def made(self) -> int:
        return sum(not job["id"].startswith("old") for job in self.jobs)


async def run(
    connect: Connect, clock: FakeClock, service: Service, spec: JobSpec = SPEC
) -> tuple[Created, list[tuple[str, str]]]:
    remembered: list[tuple[str, str]] = []

    async def remember(token: str, body: str) -> None:
        assert service.order == [], "the token is saved before anything is sent"
        remembered.append((token, body))

    async with FaultServer(service) as server:
        outcome = await create_once(connect(server.url, limits=QUICK), spec, clock, remember)
    return outcome, remembered


def lost(step: Step) -> Callable[[Service], Step]:
    """Steps that create the job and then lose the response."""
    return lambda service: after(service.make, step)


def well(service: Service) -> Step:
    def step(request: Request, line: Any) -> Any:
        service.make(request)
        return send_json(service.jobs[0])(request, line)

    return step


async def test_token_is_sent_in_metadata_and_recorded(connect: Connect, clock: FakeClock) -> None:
    service = Service(well)
    spec = SPEC.model_copy(update={"metadata": {"team": "a"}})
    outcome, remembered = await run(connect, clock, service, spec)
    assert (outcome.ok, outcome.id, service.made) == (True, "ftjob-3", 1)
    assert service.jobs[0]["metadata"] == {"team": "a", TOKEN_KEY: outcome.token}
    [(token, body)] = remembered
    assert token == outcome.token
    assert json.loads(body)["metadata"][TOKEN_KEY] == token
    assert outcome.job is not None
    assert outcome.job.raw == service.jobs[0]
    assert clock.slept == []


LOST = {
    "closed": hang_up(),
    "reset": reset(),
    "silence": silence(),
    "cut in the head": raw(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "cut in the body": cut(b'{"id": "ftjob-3", "obj'),
    "a web page": answer(200, "<html>"),
    "a bad gateway": answer(502, "<html>"),
    "an error": refuse(500),
    "a timeout": refuse(408),
    "garbage": raw(b"\x00\x01\r\n\r\n"),
    "an object without an id": send_json({"status": "queued"}),
}


@pytest.mark.parametrize("how", LOST)
async def test_job_is_found_by_its_token_after_a_lost_response(connect: Connect, clock: FakeClock, how: str) -> None:
    service = Service(lost(LOST[how]))
    outcome, _ = await run(connect, clock, service)
    assert (outcome.ok, outcome.id, outcome.ambiguous) == (True, "ftjob-3", False)
    assert (service.made, service.order.count("create")) == (1, 1)
    assert clock.slept == [0.5]
    assert "found by its token" in outcome.message


@pytest.mark.parametrize("how", LOST)
async def test_create_is_ambiguous_if_no_job_is_found(connect: Connect, clock: FakeClock, how: str) -> None:
    service = Service(lambda service: LOST[how])
    outcome, _ = await run(connect, clock, service)
    assert (outcome.ok, outcome.ambiguous) == (False, True)
    assert (service.made, service.order.count("create")) == (0, 1)
    assert clock.slept == [0.5, 1.5, 6.0], "0.5, 2 and 8 seconds after the failure"
    assert sum(clock.slept) == SEARCHES[-1]
    assert "may exist" in outcome.message
    assert "fttui jobs list" in outcome.message


async def test_job_that_is_listed_late_is_found(connect: Connect, clock: FakeClock) -> None:
    for late, slept in [(1, [0.5]), (2, [0.5, 1.5]), (4, [0.5, 1.5, 6.0])]:
        clock.slept.clear()
        service = Service(lost(hang_up()), late=late)
        outcome, _ = await run(connect, clock, service)
        assert (outcome.ok, clock.slept) == (True, slept)


async def test_job_is_found_if_the_server_ignores_the_filter(connect: Connect, clock: FakeClock) -> None:
    service = Service(lost(hang_up()), filters=False)
    outcome, _ = await run(connect, clock, service)
    assert (outcome.ok, outcome.id) == (True, "ftjob-3")
    nothing = Service(lambda service: hang_up(), filters=False)
    outcome, _ = await run(connect, clock, nothing)
    assert (outcome.ok, outcome.ambiguous, outcome.id) == (False, True, ""), "not the newest job of somebody else"


async def test_create_is_ambiguous_if_the_server_drops_metadata(connect: Connect, clock: FakeClock) -> None:
    service = Service(lost(hang_up()), keeps=False)
    outcome, _ = await run(connect, clock, service)
    assert (outcome.ok, outcome.ambiguous, service.made) == (False, True, 1)


async def test_without_metadata_similar_jobs_are_named(connect: Connect, clock: FakeClock) -> None:
    """LiteLLM drops metadata on create."""
    service = Service(lost(hang_up()), keeps=False)

    async def remember(token: str, body: str) -> None:
        raise AssertionError("there is nothing to remember")

    now = clock.now()
    service.jobs = [
        {"id": "old-same", "model": "m-2024", "training_file": "file-1", "created_at": now - 3600},
        {"id": "old-other", "model": "m-2024", "training_file": "file-2", "created_at": now},
        {"id": "old-tuned", "model": "x", "training_file": "file-1", "created_at": now},
        {"id": "old-mine", "model": "m", "training_file": "file-1", "created_at": now, "metadata": {TOKEN_KEY: "t"}},
        None,
    ]
    made = service.make

    def make(request: Request) -> None:
        made(request)
        service.jobs[0] |= {"model": "m-2024-07-18", "created_at": now - 5}

    service.make = make  # type: ignore[method-assign]
    async with FaultServer(service) as server:
        provider = providers.provider("litellm", f"{server.origin}/openai/v1")
        outcome = await create_once(connect(provider=provider, limits=QUICK), SPEC, clock, remember)
    assert (outcome.ok, outcome.ambiguous, outcome.token) == (False, True, "")
    assert outcome.message.endswith("Possibly ftjob-5: same model, same file, created just now.")
    assert service.order == ["create", "list"]


@pytest.mark.parametrize("lists", [refuse(500), hang_up(), answer(200, "<html>"), refuse(401)])
async def test_search_ends_after_three_failures_of_the_list(connect: Connect, clock: FakeClock, lists: Step) -> None:
    service = Service(lost(hang_up()), lists=lists)
    outcome, _ = await run(connect, clock, service)
    assert (outcome.ok, outcome.ambiguous) == (False, True)
    assert service.order == ["create", "list", "list", "list"]
    assert clock.slept == [0.5, 1.5, 6.0]


async def test_search_goes_without_a_filter_that_the_server_refuses(connect: Connect, clock: FakeClock) -> None:
    service = Service(lost(hang_up()))
    answer_of = service.__call__

    def script(request: Request) -> Step:
        return refuse(400, "unknown parameter") if "metadata" in request.target else answer_of(request)

    async def remember(token: str, body: str) -> None:
        pass

    async with FaultServer(script) as server:
        outcome = await create_once(connect(server.url), SPEC, clock, remember)
    assert outcome.ok


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 429])
async def test_refused_create_is_not_searched_for(connect: Connect, clock: FakeClock, status: int) -> None:
    service = Service(lambda service: refuse(status, "because", x_request_id="req_7"))
    outcome, _ = await run(connect, clock, service)
    assert (outcome.ok, outcome.ambiguous, outcome.request_id) == (False, False, "req_7")
    assert "because" in outcome.message
    assert service.order == ["create"]
    assert clock.slept == []


async def test_sixteen_metadata_pairs_leave_no_room_for_a_token(connect: Connect, clock: FakeClock) -> None:
    full = SPEC.model_copy(update={"metadata": {f"k{n}": "v" for n in range(16)}})
    service = Service(lost(hang_up()))
    outcome, remembered = await run(connect, clock, service, full)
    assert (outcome.ok, outcome.ambiguous, outcome.token, remembered) == (False, True, "", [])
    assert "no token to search for" in outcome.message
    assert service.jobs[0]["metadata"] == full.metadata
    assert clock.slept == []


async def test_create_is_retried_only_without_a_connection(connect: Connect, clock: FakeClock) -> None:
    tries = 0

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json={"id": "ftjob-9"})

    async def remember(token: str, body: str) -> None:
        pass

    outcome = await create_once(connect(handler=handler), SPEC, clock, remember)
    assert (outcome.ok, tries, clock.slept) == (True, 3, [0.5, 1.0])


async def test_create_goes_without_metadata_that_the_server_refuses(connect: Connect, clock: FakeClock) -> None:
    def created(service: Service) -> Step:
        def step(request: Request, line: Any) -> Any:
            if "metadata" in request.json():
                return refuse(400, "extra fields not permitted: metadata")(request, line)
            return well(service)(request, line)

        return step

    service = Service(created)
    outcome, _ = await run(connect, clock, service)
    assert (outcome.ok, outcome.token, service.made) == (True, "", 1)
    own = SPEC.model_copy(update={"metadata": {"mine": "1"}})
    outcome, _ = await run(connect, clock, Service(created), own)
    assert not outcome.ok, "what the person asked for is not dropped"


async def test_nothing_is_sent_if_recording_fails(connect: Connect, clock: FakeClock) -> None:
    service = Service(well)

    async def full(token: str, body: str) -> None:
        raise OSError(28, "No space left on device")

    async with FaultServer(service) as server:
        with pytest.raises(OSError, match="No space"):
            await create_once(connect(server.url), SPEC, clock, full)
    assert service.order == []


async def test_search_accepts_objects_of_any_shape(connect: Connect) -> None:
    objects = [None, 3, {"id": "a", "metadata": 5}, {"metadata": {TOKEN_KEY: ["t"]}}, {"metadata": {TOKEN_KEY: "t"}}]
    async with FaultServer(lambda request: send_json({"data": objects})) as server:
        found = await find_by_token(connect(server.url), "t")
    assert found is not None
    assert found.raw == objects[-1]
