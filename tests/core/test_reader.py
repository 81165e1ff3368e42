"""Readers of the service and of the archive: same results, recorded answers, unknown jobs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fttui.config.errors import ConfigError
from fttui.config.paths import archive_file
from fttui.core.archive_reader import ArchiveReader
from fttui.core.connect import connect
from fttui.core.job_list import ListOptions
from fttui.core.options import Options
from fttui.core.reader import NotArchived, Reader, archive_key
from fttui.core.service_reader import ServiceReader
from fttui.store import query
from fttui.store.archive.archive import Archive
from tests.support.clock import FakeClock
from tests.support.fault_server import in_thread
from tests.support.service import NOW, Service, job
from tests.support.store_fakes import samples

ALL = ListOptions(query.parse(""), query.NEWEST, None)


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-reader-0123456789")


@asynccontextmanager
async def online(service: Service) -> AsyncIterator[ServiceReader]:
    with in_thread(service.server):
        connection = await connect(Options(base_url=service.server.url), clock=FakeClock())
        try:
            yield ServiceReader(connection, FakeClock())
        finally:
            await connection.close()


@asynccontextmanager
async def offline(key: str) -> AsyncIterator[ArchiveReader]:
    archive = Archive(archive_file(), key)
    try:
        yield ArchiveReader(archive, FakeClock())
    finally:
        await archive.close()


def filled() -> Service:
    service = Service()
    service.jobs = [job(index, "succeeded" if index else "running") for index in (2, 1, 0)]
    service.events["ftjob-001"] = [
        {
            "object": "fine_tuning.job.event",
            "id": f"e{number}",
            "created_at": NOW + number,
            "level": "info",
            "type": "metrics",
            "message": f"Step {number}",
            "data": {"step": number, "train_loss": 1 / number},
        }
        for number in (3, 2, 1)
    ]
    service.checkpoints["ftjob-001"] = [
        {"id": f"ckpt_{step}", "step_number": step, "created_at": NOW, "metrics": {}} for step in (2, 1)
    ]
    service.samples["ftjob-001"] = [samples(0), samples(1)]
    service.files["file-1"] = {"id": "file-1", "object": "file", "bytes": 1, "created_at": NOW, "purpose": "fine-tune"}
    return service


async def read_all(reader: Reader) -> dict[str, Any]:
    listed = await reader.jobs(ALL)
    return {
        "jobs": listed.objects,
        "job": (await reader.job("ftjob-001")).job.raw,
        "events": [event.raw for event in (await reader.events("ftjob-001")).events],
        "checkpoints": [item.raw for item in await reader.checkpoints("ftjob-001")],
        "samples": [item.raw for item in await reader.samples("ftjob-001")],
        "metrics": (await reader.metrics("ftjob-001")).points,
        "files": [file.raw for file in (await reader.files()).files],
        "models": [model.raw for model in await reader.models()],
    }


async def test_archive_returns_what_the_service_returned() -> None:
    async with online(filled()) as reader:
        assert reader.connection is not None
        key = reader.connection.choice.key
        read = await read_all(reader)
        assert await reader.record() == []
    assert [event["id"] for event in read["events"]] == ["e1", "e2", "e3"]
    assert [point.step for point in read["metrics"]] == [1, 2, 3]
    async with offline(key) as archived:
        assert await read_all(archived) == read


async def test_nothing_is_recorded_before_record_is_called() -> None:
    async with online(filled()) as reader:
        await reader.jobs(ALL)
    assert not Path(archive_file()).exists()


async def test_rows_have_the_alarms_of_the_clock_online_and_offline() -> None:
    service = filled()
    service.files["file-1"]["expires_at"] = int(FakeClock().now()) + 86_400
    service.jobs[1]["training_file"] = "file-1"
    alarms = ListOptions(query.parse("alarm:file_expiring"), query.parse_sort("alarm"), None)
    async with online(service) as reader:
        assert reader.connection is not None
        await reader.files()
        await reader.jobs(ALL)
        await reader.record()
        assert [row.alarms for row in (await reader.jobs(ALL)).rows] == ["", "file_expiring", ""]
        assert [row.id for row in (await reader.jobs(alarms)).rows] == ["ftjob-001"]
    async with offline(reader.connection.choice.key) as archived:
        assert [row.id for row in (await archived.jobs(alarms)).rows] == ["ftjob-001"]


async def test_unknown_job_is_not_archived() -> None:
    async with offline("local") as reader:
        for read in (reader.job, reader.events, reader.checkpoints, reader.samples, reader.metrics):
            with pytest.raises(NotArchived, match="ftjob-9 is not in the archive"):
                await read("ftjob-9")


async def test_limit_cuts_the_list_and_counts_the_rest() -> None:
    options = ALL._replace(limit=1)
    async with online(filled()) as reader:
        assert reader.connection is not None
        key = reader.connection.choice.key
        found = await reader.jobs(options)
        await reader.record()
    assert ([row.id for row in found.rows], found.more, found.complete) == (["ftjob-002"], 2, True)
    async with offline(key) as archived:
        assert await archived.jobs(options) == found


@pytest.mark.parametrize("expression", ["", "status:failed", "step:7", "id~ftjob-1"])
@pytest.mark.parametrize(("is_oldest_first", "sort"), [(False, "created"), (True, "created"), (False, "suffix")])
async def test_parts_of_a_list_are_the_whole_list(expression: str, is_oldest_first: bool, sort: str) -> None:
    is_sorted = is_oldest_first or sort != "created"
    service = Service()
    service.jobs = [job(index, "succeeded" if index % 3 else "failed") for index in reversed(range(250))]
    if is_oldest_first:
        service.jobs.reverse()
    options = ALL._replace(filter=query.parse(expression))
    if sort != "created":
        options = options._replace(sort=query.sort_of(sort, reverse=True))
    async with online(service) as reader:
        assert reader.connection is not None
        key = reader.connection.choice.key
        parts = [part async for part in reader.job_parts(options)]
        assert len(parts) == 3 or is_sorted, "a page at a time"
        assert max((len(part.objects) for part in parts), default=0) <= 100
        whole = await reader.jobs(options)
        found = [raw["id"] for part in parts for raw in part.objects]
        assert sorted(found) == sorted(raw["id"] for raw in whole.objects)
        assert is_oldest_first or found == [raw["id"] for raw in whole.objects]
        assert all([row.id for row in part.rows] == [raw["id"] for raw in part.objects] for part in parts)
        await reader.record()
    async with offline(key) as archived:
        parts = [part async for part in archived.job_parts(options)]
        assert max((len(part.objects) for part in parts), default=0) <= 100
        assert [raw["id"] for part in parts for raw in part.objects] == [
            raw["id"] for raw in (await archived.jobs(options)).objects
        ]


def test_archive_key_of_an_unknown_profile_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError):
        archive_key(Options(profile="nobody"))
    assert archive_key(Options(profile="openai")) == "https://api.openai.com/v1"
