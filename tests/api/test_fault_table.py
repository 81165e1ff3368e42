"""`docs/faults.md`: each row of its table is played by the fault server and compared, word for word."""

import gzip
import json
import re
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from fttui.api.client import Client
from fttui.api.errors import ApiError
from fttui.api.http import DEFAULT, Limits
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
    hang_up,
    raw,
    refuse,
    reset,
    send_json,
    silence,
    steps,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
TIMED = {"silence": Limits(idle=0.05, write=0.05), "a slow drip": Limits(read=0.2, write=0.2)}
"""For what only a deadline ends. The others have all the time that a busy machine may need."""
SLOT = "This fine-tune request has been rate-limited. Your organization has reached the maximum of 3 active requests."


FAULTS: dict[str, Any] = {
    "400": refuse(400, "invalid training_file: file-x"),
    "401": refuse(401, f"Incorrect API key provided: {KEY}", "invalid_api_key"),
    "403": refuse(403, "You may not do this"),
    "403, the provider takes no more jobs": refuse(403, "Not available", "training_not_available"),
    "404": refuse(404, "Could not find fine tune: x", "fine_tune_not_found"),
    "405": refuse(405, "Method Not Allowed"),
    "409": refuse(409, "A job like this exists"),
    "422": refuse(422, "n_epochs must be at most 50"),
    "429, too many requests": refuse(429, "Slow down", "rate_limit_exceeded"),
    "429, Retry-After in seconds": refuse(429, "Slow down", "rate_limit_exceeded", retry_after="7"),
    "429, Retry-After as a date": refuse(429, "Slow down", retry_after="Fri, 15 Jan 2027 08:00:03 GMT"),
    "429, Retry-After of an hour": refuse(429, "Slow down", "rate_limit_exceeded", retry_after="3600"),
    "429, no place for another job": refuse(429, SLOT, "rate_limit_exceeded"),
    "429, the quota is used up": refuse(429, "You exceeded your current quota", "insufficient_quota"),
    "500": refuse(500, "The server had an error", x_request_id="req_1"),
    "501": refuse(501, "Not implemented"),
    "503": refuse(503, "Overloaded"),
    "503, x-should-retry: false": refuse(503, "Overloaded", x_should_retry="false"),
    "502, a gateway's web page": answer(502, "<html><title>Bad gateway</title>", content_type="text/html"),
    "200, a web page": answer(200, "<html><title>Sign in</title>", content_type="text/html"),
    "200, an error inside": send_json({"error": {"message": "upstream failed"}}),
    "200, no JSON": answer(200, "OK"),
    "200, empty": answer(200, ""),
    "200, another length than it says": answer(200, '{"object": "list", "data": []}', content_length="9"),
    "half an answer": cut(),
    "a slow drip": drip(),
    "a packed answer, cut": cut(gzip.compress(b"[]" * 500)[:-9], packed=True),
    "a small packed answer that unpacks to more than memory should hold": answer(
        200, gzip.compress(b" " * 70_000_000), content_encoding="gzip"
    ),
    "packed as nobody asked": answer(200, "x", content_encoding="br"),
    "a reset": reset(),
    "hung up without a word": hang_up(),
    "silence": silence(),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "a redirect to another host": answer(302, "", location="http://other.example/v1/fine_tuning/jobs"),
    "a redirect in a circle": answer(307, "", location="/v1/fine_tuning/jobs"),
}


class Row(NamedTuple):
    fault: str
    seen: str
    """What the person sees; `…` stands for the base URL."""
    read: str
    """How often a read is sent."""
    create: str
    """How often a create is sent, and whether the job is looked for after it."""


async def play(connect: Connect, clock: FakeClock, fault: str) -> Row:
    """What really happens."""
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
    seen = " ".join(filter(None, (str(error), error.hint))).replace(server.url, "…")
    return Row(fault, seen, f"{reads}×", f"{posts}×" + (", then looked for" if looks else ""))


T = TypeVar("T", bound=NamedTuple)


def table(kind: type[T], section: str) -> list[T]:
    """The rows below the heading that has the word `section` in it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    (part,) = (part for part in text.split("\n## ") if section in part.split("\n")[0])
    rows = re.findall(r"^\| (.*) \|$", part, re.M)
    return [kind(*(cell.strip() for cell in row.split(" | "))) for row in rows[1:] if not row.startswith("---")]


@pytest.mark.parametrize("row", table(Row, "happens"), ids=lambda row: row.fault)
async def test_what_is_written_is_what_happens(connect: Connect, clock: FakeClock, row: Row) -> None:
    assert await play(connect, clock, row.fault) == row


def test_every_fault_is_in_the_table() -> None:
    assert [row.fault for row in table(Row, "happens")] == list(FAULTS)


# What is odd, and read all the same

JOB = {"id": "ftjob-1", "object": "fine_tuning.job", "status": "running"}
PAGE = {"object": "list", "data": [JOB], "has_more": False}
MORE = PAGE | {"has_more": True}
TEXT = json.dumps(PAGE)

ODD: dict[str, list[Step]] = {
    "the same page for ever, always with more": [send_json(MORE)],
    "an empty page that has more": [send_json(MORE), send_json(PAGE | {"data": [], "has_more": True})],
    "nothing said about more": [send_json({"object": "list", "data": [JOB]})],
    "a bare array": [send_json([JOB])],
    "the same job twice": [send_json(PAGE | {"data": [JOB, JOB]})],
    "a wrong content type": [answer(200, TEXT, content_type="text/html")],
    "a packed answer": [answer(200, gzip.compress(TEXT.encode()), content_encoding="gzip")],
    "a byte order mark": [answer(200, b"\xef\xbb\xbf" + TEXT.encode())],
    "NaN and infinities": [answer(200, TEXT.replace('"running"', '"running", "loss": NaN, "seed": -Infinity'))],
    "bytes that are no UTF-8": [answer(200, TEXT.encode().replace(b"running", b"running\xff"))],
    "a redirect on the same host": [answer(307, "", location="/v1/elsewhere"), send_json(PAGE)],
    "503 once": [refuse(503), send_json(PAGE)],
    "429 once, Retry-After: 7": [refuse(429, "slow", retry_after="7"), send_json(PAGE)],
    "half an answer once": [cut(), send_json(PAGE)],
    "a reset in each of five tries": [*[reset()] * 5, send_json(PAGE)],
}


class OddRow(NamedTuple):
    fault: str
    sent: str
    waited: str
    """Seconds, all waits together."""


async def play_odd(connect: Connect, clock: FakeClock, fault: str) -> OddRow:
    async with FaultServer(steps(*ODD[fault])) as server:
        pages = connect(server.url).each_job_page()
        found = [job async for page in pages for job in page.items]
    assert [job.id for job in found] == ["ftjob-1"]
    assert found[0].status_text.startswith("running")
    return OddRow(fault, f"{len(server.requests)}×", f"{sum(clock.slept):g} s" if clock.slept else "no")


@pytest.mark.parametrize("row", table(OddRow, "odd, and read"), ids=lambda row: row.fault)
async def test_what_is_odd_is_read(connect: Connect, clock: FakeClock, row: OddRow) -> None:
    assert await play_odd(connect, clock, row.fault) == row


def test_every_oddity_is_in_the_table() -> None:
    assert [row.fault for row in table(OddRow, "odd, and read")] == list(ODD)
