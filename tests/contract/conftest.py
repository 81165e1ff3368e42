"""Fixtures: a service with its runner and a fake trainer that needs no time."""

import os
from collections.abc import Iterator

import pytest

from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.service import Service, open_service
from tests.server.conftest import FAKE, SAMPLER, home

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
    service = open_service(home, catalog=Catalog([FAKE._replace(sampler=SAMPLER)]))
    service.runner.start()
    yield service
    service.runner.close(save=True)
    service.database.close()
