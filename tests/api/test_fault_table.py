"""The tables of `docs/faults.md`, made by playing each fault. FTTUI_DOCS=write makes them again."""

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fttui.api.client import Client
from fttui.api.errors import ApiError
from fttui.api.limits import DEFAULT, Limits
from fttui.cli.exit_codes import exit_code_of
from fttui.models.spec import JobSpec
from fttui.store.create_once import create_once
from tests.api.conftest import KEY, Connect
from tests.support.clock import FakeClock
from tests.support.fault_server import (
    FaultServer,
    Step,
    answer,
    cut,
    drip,
    drip_head,
    flood,
    hang_up,
    raw,
    refuse,
    reset,
    send_json,
    silence,
    steps,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
WRITE = os.environ.get("FTTUI_DOCS") == "write"
TIMED = {
    "no response": Limits(idle=0.25, write=0.25),
    "response too slow": Limits(read=0.5, write=0.5),
    "head of the response too slow": Limits(read=0.5, write=0.5),
}
"""Limits for faults that only a deadline ends. They leave a loaded machine time to receive the request."""
SLOT = "This fine-tune request has been rate-limited. Your organization has reached the maximum of 3 active requests."


FAULTS: dict[str, Any] = {
    "400": refuse(400, "invalid training_file: file-x"),
    "401": refuse(401, f"Incorrect API key provided: {KEY}", "invalid_api_key"),
    "403": refuse(403, "You may not do this"),
    "403, provider closed to new jobs": refuse(403, "Not available", "training_not_available"),
    "404": refuse(404, "Could not find fine tune: x", "fine_tune_not_found"),
    "404, no such route": refuse(404, "Invalid URL (GET /v1/fine_tuning/jobs)"),
    "405": refuse(405, "Method Not Allowed"),
    "409": refuse(409, "A job like this exists"),
    "422": refuse(422, "n_epochs must be at most 50"),
    "429, too many requests": refuse(429, "Slow down", "rate_limit_exceeded"),
    "429, Retry-After in seconds": refuse(429, "Slow down", "rate_limit_exceeded", retry_after="7"),
    "429, Retry-After as a date": refuse(429, "Slow down", retry_after="Fri, 15 Jan 2027 08:00:03 GMT"),
    "429, Retry-After of an hour": refuse(429, "Slow down", "rate_limit_exceeded", retry_after="3600"),
    "429, too many active jobs": refuse(429, SLOT, "rate_limit_exceeded"),
    "429, quota exhausted": refuse(429, "You exceeded your current quota", "insufficient_quota"),
    "500": refuse(500, "The server had an error", x_request_id="req_1"),
    "501": refuse(501, "Not implemented"),
    "503": refuse(503, "Overloaded"),
    "503, a busy embedded service": refuse(503, "Too many connections. Try again in a moment.", retry_after="1"),
    "503, x-should-retry: false": refuse(503, "Overloaded", x_should_retry="false"),
    "502, web page of a gateway": answer(502, "<html><title>Bad gateway</title>", content_type="text/html"),
    "200, web page": answer(200, "<html><title>Sign in</title>", content_type="text/html"),
    "200, error in the body": send_json({"error": {"message": "upstream failed"}}),
    "200, not JSON": answer(200, "OK"),
    "200, empty body": answer(200, ""),
    "200, wrong Content-Length": answer(200, '{"object": "list", "data": []}', content_length="9"),
    "60 MB of `[[[]]]`": flood(b"[[[]]]," * 100_000, 90),
    "300,000 values": answer(200, b"[[" + b"0," * 300_000 + b"0]]"),
    "response cut off": cut(),
    "response too slow": drip(),
    "head of the response too slow": drip_head(),
    "compressed response cut off": cut(gzip.compress(b"[]" * 500)[:-9], packed=True),
    "small compressed response of 70 MB": answer(200, gzip.compress(b" " * 70_000_000), content_encoding="gzip"),
    "unsupported Content-Encoding": answer(200, "x", content_encoding="br"),
    "connection reset": reset(),
    "connection closed without a response": hang_up(),
    "no response": silence(),
    "not HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "redirect to another host": answer(302, "", location="http://other.example/v1/fine_tuning/jobs"),
    "endless redirect": answer(307, "", location="/v1/fine_tuning/jobs"),
}


class Row(NamedTuple):
    fault: str
    message: str
    """Message and advice for the user; `…` is the base URL or the key."""
    reads: str
    """Number of requests of a read."""
    creates: str
    """Number of requests of a create, and whether fttui searches for the job afterwards."""
    exit: str
    """Exit code of a command that reads."""


async def play(connect: Connect, clock: FakeClock, fault: str) -> Row:
    """Read and create against a server with a fault."""
    step = FAULTS[fault]
    async with FaultServer(lambda _: step) as server:
        client: Client = connect(server.url, limits=TIMED.get(fault, DEFAULT))
        with pytest.raises(ApiError) as caught:
            await client.list_jobs()
        error, reads = caught.value, len(server.requests)
        assert KEY not in f"{error} {error.hint}"
        server.requests.clear()

        async def remember(token: str, body: str) -> None:
            pass

        outcome = await create_once(client, JobSpec(model="m", training_file="f"), clock, remember)
        posts = sum(request.method == "POST" for request in server.requests)
        looks = len(server.requests) - posts
        assert not outcome.ok
        assert outcome.ambiguous == bool(looks)
        assert not [request for request in server.requests if request.headers.get("host") == "other.example"]
    message = "<br>".join(filter(None, (str(error), error.hint))).replace(server.url, "…")
    creates = f"{posts}×" + (", then a search" if looks else "")
    return Row(fault, message, f"{reads}×", creates, str(exit_code_of(error)))


def check(section: str, header: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    """Compare a table of the document with rows. With FTTUI_DOCS=write, write the table instead."""
    lines = [header, ["---"] * len(header), *rows]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    text = DOCUMENT.read_text(encoding="utf-8")
    begin, end = f"<!-- {section} -->\n", f"\n<!-- /{section} -->"
    head, _, rest = text.partition(begin)
    found, _, tail = ("\n" + rest).partition(end)
    if WRITE:
        DOCUMENT.write_text(f"{head}{begin}{table}{end}{tail}", encoding="utf-8")
    else:
        assert found.strip().splitlines() == table.splitlines()


async def test_table_of_faults_is_what_happens(connect: Connect, clock: FakeClock) -> None:
    rows = [await play(connect, clock, fault) for fault in FAULTS]
    check("faults", ("fault", "message", "a read is sent", "a create is sent", "exit code"), rows)


# Unusual responses that are read

JOB = {"id": "ftjob-1", "object": "fine_tuning.job", "status": "running"}
PAGE = {"object": "list", "data": [JOB], "has_more": False}
MORE = PAGE | {"has_more": True}
TEXT = json.dumps(PAGE)

ODD: dict[str, list[Step]] = {
    "the same page again and again, has_more true": [send_json(MORE)],
    "empty page, has_more true": [send_json(MORE), send_json(PAGE | {"data": [], "has_more": True})],
    "no has_more": [send_json({"object": "list", "data": [JOB]})],
    "array instead of a list object": [send_json([JOB])],
    "a member nested 1,000 deep": [
        answer(200, TEXT.replace('"running"', f'"running", "x": {"[" * 1000 + "]" * 1000}'))
    ],
    "the same job twice": [send_json(PAGE | {"data": [JOB, JOB]})],
    "wrong Content-Type": [answer(200, TEXT, content_type="text/html")],
    "compressed response": [answer(200, gzip.compress(TEXT.encode()), content_encoding="gzip")],
    "byte order mark": [answer(200, b"\xef\xbb\xbf" + TEXT.encode())],
    "NaN and infinities": [answer(200, TEXT.replace('"running"', '"running", "loss": NaN, "seed": -Infinity'))],
    "invalid UTF-8": [answer(200, TEXT.encode().replace(b"running", b"running\xff"))],
    "redirect on the same host": [answer(307, "", location="/v1/elsewhere"), send_json(PAGE)],
    "503 once": [refuse(503), send_json(PAGE)],
    "429 once, Retry-After: 7": [refuse(429, "slow", retry_after="7"), send_json(PAGE)],
    "response cut off once": [cut(), send_json(PAGE)],
    "connection reset five times": [*[reset()] * 5, send_json(PAGE)],
}


class OddRow(NamedTuple):
    oddity: str
    requests: str
    waits: str
    """Sum of all waits, in seconds."""


async def play_odd(connect: Connect, clock: FakeClock, oddity: str) -> OddRow:
    """List the only job of a server with an unusual response."""
    async with FaultServer(steps(*ODD[oddity])) as server:
        pages = connect(server.url).each_job_page()
        found = [job async for page in pages for job in page.items]
    assert [job.id for job in found] == ["ftjob-1"]
    assert found[0].status_text.startswith("running")
    return OddRow(oddity, f"{len(server.requests)}×", f"{sum(clock.slept):g} s" if clock.slept else "no")


async def test_table_of_unusual_responses_is_what_happens(connect: Connect, clock: FakeClock) -> None:
    rows = []
    for oddity in ODD:
        clock.slept.clear()
        rows.append(await play_odd(connect, clock, oddity))
    check("oddities", ("oddity", "requests", "waits"), rows)
