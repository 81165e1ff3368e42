"""Retries: number of tries and waits."""

from typing import Any

import httpx
import pytest

from fttui.api.client import Client
from fttui.api.errors import ApiError, RateLimited, ServerError, Unreachable
from fttui.api.limits import Limits
from fttui.api.retries import Retry
from fttui.models.spec import JobSpec
from tests.api.conftest import Connect
from tests.support.clock import FakeClock
from tests.support.fault_server import answer, cut, hang_up, refuse, reset, send_json, serving, silence

EMPTY = {"object": "list", "data": [], "has_more": False}
SPEC = JobSpec(model="m", training_file="file-1")
DOUBLING = [0.5, 1.0, 2.0, 4.0, 8.0]

WRITES: dict[str, Any] = {
    "create": lambda client: client.create_job(SPEC),
    "cancel": lambda client: client.cancel_job("ftjob-1"),
    "pause": lambda client: client.pause_job("ftjob-1"),
    "resume": lambda client: client.resume_job("ftjob-1"),
    "delete file": lambda client: client.delete_file("file-1"),
    "delete model": lambda client: client.delete_model("m"),
    "upload": lambda client: client.upload_file(__file__),
}


async def test_read_is_tried_six_times_with_doubling_waits(connect: Connect, clock: FakeClock) -> None:
    for status in (408, 409, 429, 500, 502, 503, 504, 529):
        clock.slept.clear()
        async with serving(refuse(status)) as server:
            with pytest.raises(ApiError) as caught:
                await connect(server.url).list_jobs()
        assert len(server.requests) == 6
        assert clock.slept == DOUBLING
        assert caught.value.status == status


async def test_request_over_a_closed_client_fails_at_once(connect: Connect, clock: FakeClock) -> None:
    async with serving(send_json(EMPTY)) as server:
        client = connect(server.url)
        await client.close()
        for call in (client.list_jobs, lambda: client.cancel_job("ftjob-1")):
            with pytest.raises(Unreachable, match="closed") as caught:
                await call()
            assert caught.value.unsent
    assert (server.requests, clock.slept) == ([], [])


async def test_read_with_a_permanent_error_is_sent_once(connect: Connect, clock: FakeClock) -> None:
    for status in (400, 401, 403, 404, 405, 410, 413, 418, 422, 501, 505):
        async with serving(refuse(status)) as server:
            with pytest.raises(ApiError):
                await connect(server.url).list_jobs()
        assert (len(server.requests), clock.slept) == (1, []), status


async def test_read_succeeds_after_failures(connect: Connect, clock: FakeClock) -> None:
    async with serving(refuse(503), reset(), hang_up(), cut(), send_json(EMPTY)) as server:
        page = await connect(server.url).list_jobs()
    assert page.items == ()
    assert (len(server.requests), clock.slept) == (5, DOUBLING[:4])


async def test_read_is_retried_after_transport_errors(connect: Connect, clock: FakeClock) -> None:
    for step in (silence(), reset(), hang_up(), cut(), cut(b"\x1f\x8b\x08", packed=True)):
        async with serving(step) as server:
            with pytest.raises(Unreachable) as caught:
                await connect(server.url, limits=Limits(idle=0.25, retries=2)).list_jobs()
        assert len(server.requests) == 3, caught.value
        assert not caught.value.unsent
        assert not caught.value.ambiguous, "a read changes nothing"


async def test_read_is_retried_after_a_refused_connection(connect: Connect, clock: FakeClock) -> None:
    async with serving(answer()) as server:
        url = server.url
    with pytest.raises(Unreachable) as caught:
        await connect(url).list_jobs()
    assert (caught.value.kind, caught.value.unsent, clock.slept) == ("refused", True, DOUBLING)


async def test_read_succeeds_if_the_service_comes_back(connect: Connect, clock: FakeClock) -> None:
    server = serving(send_json(EMPTY))
    await server.start()
    await server.stop()

    async def sleep(seconds: float) -> None:
        clock.slept.append(seconds)
        await server.start()

    clock.sleep = sleep  # type: ignore[method-assign]
    try:
        await connect(server.url).list_jobs()
    finally:
        await server.stop()
    assert clock.slept == [0.5]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "3"}, 3.0),
        ({"retry_after": "2.5"}, 2.5),
        ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
        ({"retry_after": "Fri, 15 Jan 2027 08:00:07 GMT"}, 7.0),
        # The clock of the server is an hour ahead.
        ({"retry_after": "Fri, 15 Jan 2027 09:00:04 GMT", "date": "Fri, 15 Jan 2027 09:00:00 GMT"}, 4.0),
        ({"retry_after": "0"}, 0.5),
        ({"retry_after": "-5"}, 0.5),
        ({"retry_after": "soon"}, 0.5),
        ({"retry_after": "nan"}, 0.5),
        ({"retry_after": "Fri, 15 Jan 2020 08:00:00 GMT"}, 0.5),
        ({"retry_after_ms": "x", "retry_after": "2"}, 2.0),
    ],
)
async def test_retry_after_sets_the_wait(
    connect: Connect, clock: FakeClock, headers: dict[str, str], wait: float
) -> None:
    assert clock.now() == 1_800_000_000, "which is Fri, 15 Jan 2027 08:00:00 GMT"
    async with serving(refuse(429, **headers), send_json(EMPTY)) as server:
        await connect(server.url).list_jobs()
    assert clock.slept == [wait]


async def test_retry_after_beyond_the_budget_is_an_error_at_once(connect: Connect, clock: FakeClock) -> None:
    async with serving(refuse(429, retry_after="31")) as server:
        with pytest.raises(RateLimited) as caught:
            await connect(server.url).list_jobs()
    assert (len(server.requests), clock.slept, caught.value.retry_after) == (1, [], 31.0)


async def test_all_tries_take_at_most_thirty_seconds(connect: Connect, clock: FakeClock) -> None:
    started = clock.now()
    async with serving(refuse(503, retry_after="9")) as server:
        with pytest.raises(ServerError):
            await connect(server.url).list_jobs()
    assert clock.slept == [9.0, 9.0, 9.0]
    assert clock.now() - started <= 30


async def test_x_should_retry_decides(connect: Connect, clock: FakeClock) -> None:
    async with serving(refuse(500, x_should_retry="false")) as server:
        with pytest.raises(ServerError):
            await connect(server.url).list_jobs()
    assert len(server.requests) == 1
    async with serving(refuse(400, x_should_retry="true"), send_json(EMPTY)) as server:
        await connect(server.url).list_jobs()
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "step",
    [
        refuse(429, "You exceeded your current quota", "insufficient_quota", retry_after="1", x_should_retry="true"),
        refuse(429, "You have reached the maximum of 3 active requests (2 running, 1 pending) for the model 'x'."),
        refuse(429, "Too many active jobs", "rate_limit_exceeded"),
    ],
)
async def test_429_of_a_quota_or_of_active_jobs_is_not_retried(connect: Connect, clock: FakeClock, step: Any) -> None:
    async with serving(step) as server:
        with pytest.raises(RateLimited) as caught:
            await connect(server.url).list_jobs()
    assert (len(server.requests), clock.slept) == (1, [])
    assert caught.value.hint


@pytest.mark.parametrize("verb", WRITES)
async def test_write_is_sent_once(connect: Connect, clock: FakeClock, verb: str) -> None:
    for step in (refuse(500), refuse(503, x_should_retry="true"), refuse(429), refuse(408), hang_up()):
        async with serving(step) as server:
            with pytest.raises(ApiError) as caught:
                await WRITES[verb](connect(server.url, limits=Limits(retries=0)))
            sent = [request for request in server.requests if request.method != "GET"]
        assert len(sent) == 1, caught.value
        assert caught.value.ambiguous == (caught.value.status != 429)
    assert clock.slept == []


@pytest.mark.parametrize("verb", WRITES)
async def test_write_is_retried_only_without_a_connection(connect: Connect, clock: FakeClock, verb: str) -> None:
    tries = 0

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json={"id": "x", "object": "fine_tuning.job", "status": "queued"})

    await WRITES[verb](connect(handler=handler))
    assert (tries, clock.slept) == (3, [0.5, 1.0])


async def test_write_without_a_connection_is_not_ambiguous(connect: Connect) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("no")

    with pytest.raises(Unreachable) as caught:
        await connect(handler=handler).create_job(SPEC)
    assert (caught.value.unsent, caught.value.ambiguous) == (True, False)


async def test_jitter_shortens_waits_by_up_to_a_quarter(connect: Connect, clock: FakeClock) -> None:
    client = connect(handler=lambda request: httpx.Response(500))
    client._http._retries.chance = lambda: 1.0
    with pytest.raises(ServerError):
        await client.list_jobs()
    assert clock.slept == [wait * 0.75 for wait in DOUBLING]


async def test_with_tries_limits_the_tries(connect: Connect, clock: FakeClock) -> None:
    async with serving(refuse(500)) as server:
        with pytest.raises(ServerError):
            await connect(server.url).with_tries(1).list_jobs()
    assert (len(server.requests), clock.slept) == (1, [])


async def test_on_retry_is_called_for_each_retry(connect: Connect) -> None:
    told: list[Retry] = []
    client = connect(handler=lambda request: httpx.Response(503, headers={"retry-after": "2"}), on_retry=told.append)
    with pytest.raises(ServerError):
        await client.get_job("x")
    assert [(retry.tries, retry.delay) for retry in told] == [(n, 2.0) for n in range(1, 6)]
    assert {type(retry.error) for retry in told} == {ServerError}


async def test_job_is_read_after_a_lost_cancel(connect: Connect) -> None:
    job = {"id": "ftjob-1", "object": "fine_tuning.job", "status": "cancelled"}
    async with serving(hang_up(), send_json(job)) as server:
        assert (await connect(server.url).cancel_job("ftjob-1")).status_text == "cancelled"
    assert [request.method for request in server.requests] == ["POST", "GET"]
    async with serving(hang_up(), send_json({**job, "status": "running"})) as server:
        with pytest.raises(Unreachable) as caught:
            await connect(server.url).cancel_job("ftjob-1")
    assert caught.value.ambiguous


async def test_read_deadline_ends_a_slow_response(connect: Connect, clock: FakeClock) -> None:
    from tests.support.fault_server import drip

    async with serving(drip()) as server:
        client: Client = connect(server.url, limits=Limits(read=0.2, retries=0))
        with pytest.raises(Unreachable) as caught:
            await client.list_jobs()
    assert caught.value.kind == "timeout"
