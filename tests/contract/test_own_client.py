"""The service with the client of fttui, for what the SDK does differently: large files in parts."""

from contextlib import closing
from pathlib import Path

import httpx
import pytest

from fttui import sqlite
from fttui.api import multipart
from fttui.api.client import Client
from fttui.api.http import Http
from fttui.api.providers import local
from fttui.clock import SystemClock
from fttui.server.api.app import create_app
from fttui.server.service import Service
from tests.server.conftest import GOOD, add_job, run_until


async def test_samples_are_read_page_by_page(service: Service) -> None:
    id = add_job(service)
    run_until(service, id, "succeeded")
    transport = httpx.ASGITransport(create_app(service))  # type: ignore[arg-type]
    client = Client(Http(local.provider(), None, clock=SystemClock(), transport=transport))
    found = [item async for page in client.each_samples_page(id, limit=1) for item in page.items]
    assert [(item.step_number, item.samples[0].answer) for item in found] == [(2, "2"), (4, "4")]
    assert found[0].samples[0].prompt == (("user", "How many steps?"),)
    rest = [item async for page in client.each_samples_page(id, after=found[0].id) for item in page.items]
    assert [item.step_number for item in rest] == [4]
    await client.close()


async def test_a_large_file_goes_in_parts(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "IN_PARTS_ABOVE", 100)
    monkeypatch.setattr(multipart, "PART", 333)
    (tmp_path / "d.jsonl").write_bytes(GOOD)
    transport = httpx.ASGITransport(create_app(service))  # type: ignore[arg-type]
    client = Client(Http(local.provider(), None, clock=SystemClock(), transport=transport))
    told: list[int] = []
    file = await client.upload_file(str(tmp_path / "d.jsonl"), progress=lambda done, total: told.append(done))
    assert await client.file_content(file.id) == GOOD
    assert (file.filename, file.bytes) == ("d.jsonl", len(GOOD))
    assert told[-1] == len(GOOD)
    with closing(sqlite.connect(service.paths.database)) as database:
        assert database.execute("SELECT status, file FROM upload").fetchall() == [("completed", file.id)]
    await client.close()
