"""Rate limits in the headers of responses."""

import httpx
import pytest

from fttui.api import rate_headers
from fttui.api.client import Client
from fttui.api.http import Http
from fttui.api.providers import Provider
from tests.support.clock import START, FakeClock


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "51"}, 0),
        (
            {
                "x-ratelimit-limit-requests": "500",
                "x-ratelimit-remaining-requests": "50",
                "x-ratelimit-reset-requests": "6m0s",
            },
            360,
        ),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "17ms"}, 0.017),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m1.5s"}, 61.5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(START + 30)}, 30),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "12"}, 12),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "999999"}, rate_headers.LONGEST_PAUSE),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "-5"}, 0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "soon"}, 0),
        ({"ratelimit-remaining": "many", "ratelimit-reset": "12"}, 0),
        ({"ratelimit-remaining": "0"}, 0),
    ],
)
def test_pause_by_the_announced_limit(headers: dict[str, str], seconds: float) -> None:
    assert rate_headers.pause(headers, START) == pytest.approx(seconds)


async def test_client_tells_the_pause_until_the_limit_has_room() -> None:
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20s"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"data": []}, headers=headers))
    clock = FakeClock()
    provider = Provider(name="fake", base_url="https://host.example/v1")
    async with Client(Http(provider, clock=clock, transport=transport)) as client:
        assert client.rate_pause == 0
        await client.list_jobs()
        assert client.with_tries(1).rate_pause == 20
        clock.advance(20)
        assert client.rate_pause == 0
