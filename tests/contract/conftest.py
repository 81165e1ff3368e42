"""The service with its runner at work, a trainer that takes no time, and the official SDK in front of it."""

import os
from collections.abc import AsyncIterator, Iterator

import httpx2
import openai
import pytest

from fttui.server.api.access import api_key
from fttui.server.api.app import create_app
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.service import Service, open_service
from tests.server.conftest import FAKE, home

__all__ = ["home"]

KEY = "sk-right"


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "AZURE_", "FTTUI_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def service(home: str) -> Iterator[Service]:
    service = open_service(home, catalog=Catalog([FAKE]))
    service.runner.start()
    yield service
    service.runner.close(save=True)
    service.database.close()


@pytest.fixture
async def sdk(service: Service) -> AsyncIterator[openai.AsyncOpenAI]:
    transport = httpx2.ASGITransport(create_app(service, api_key([KEY])))  # type: ignore[arg-type]
    client = openai.DefaultAsyncHttpxClient(transport=transport)
    async with openai.AsyncOpenAI(api_key=KEY, base_url="http://service/v1", http_client=client, max_retries=0) as sdk:
        yield sdk
