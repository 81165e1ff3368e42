"""`docs/faults.md`: each row of its table is played by the fault server and compared, word for word."""

import gzip
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fttui.api.client import Client
from fttui.api.errors import ApiError
from fttui.api.http import Limits
from fttui.models.spec import JobSpec
from fttui.store.create import create_once
from tests.api.conftest import KEY, Connect, FakeClock
from tests.api.faultserver import (
    FaultServer,
    answer,
    cut,
    drip,
    hang_up,
    raw,
    refuse,
    reset,
    send_json,
    silence,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
QUICK = Limits(idle=0.05, write=0.05, read=30.0)
SHORT = QUICK._replace(read=0.2, write=0.2)
"""For what only a deadline ends; waiting has none in these tests."""
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
    limits = SHORT if fault == "a slow drip" else QUICK
    async with FaultServer(lambda _: step) as server:
        client: Client = connect(server.url, limits=limits)
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


def table() -> list[Row]:
    rows = re.findall(r"^\| (.*) \|$", DOCUMENT.read_text(encoding="utf-8"), re.M)
    return [Row(*(cell.strip() for cell in row.split(" | "))) for row in rows[1:] if not row.startswith("---")]


@pytest.mark.parametrize("row", table(), ids=lambda row: row.fault)
async def test_what_is_written_is_what_happens(connect: Connect, clock: FakeClock, row: Row) -> None:
    assert await play(connect, clock, row.fault) == row


def test_every_fault_is_in_the_table() -> None:
    assert [row.fault for row in table()] == list(FAULTS)
