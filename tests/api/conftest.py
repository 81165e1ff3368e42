"""Clients of tests. Sleeps return at once."""

import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from fttui.api.client import Client
from fttui.api.http import Http
from fttui.api.limits import DEFAULT, Limits
from fttui.api.providers import Provider
from fttui.config.secrets import Secret
from tests.support.clock import FakeClock

KEY = "sk-test-0123456789"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "AZURE_", "FTTUI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(instant=True)


Connect = Callable[..., Client]


@pytest.fixture
async def connect(clock: FakeClock) -> AsyncIterator[Connect]:
    """Return a function that makes clients. They are closed after the test."""
    made: list[Client] = []

    def make(
        url: str = "https://host.example/v1",
        *,
        handler: Callable[[httpx.Request], Any] | None = None,
        limits: Limits = DEFAULT,
        provider: Provider | None = None,
        key: str | None = KEY,
        **more: Any,
    ) -> Client:
        transport = httpx.MockTransport(handler) if handler is not None else None
        http = Http(
            provider or Provider(name="compatible", base_url=url),
            Secret(key) if key else None,
            clock=clock,
            transport=transport,
            limits=limits,
            chance=lambda: 0.0,
            **more,
        )
        made.append(Client(http))
        return made[-1]

    yield make
    for client in made:
        await client.close()
