"""Contents that changed on the disk: the checksum of their description reveals it, and every message names the file."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.service import Service, open_service
from tests.server.conftest import FAKE, GOOD, run_until, until
from tests.server.storage.test_recovery import remove, reopened


@pytest.fixture
def service(home: str) -> Iterator[Service]:
    """Service that a test may close itself."""
    service = open_service(home, catalog=Catalog([FAKE]))
    yield service
    with suppress(sqlite3.ProgrammingError):  # closed already
        service.runner.close(save=True)
        service.close()


async def upload(client: httpx.AsyncClient, content: bytes = GOOD, name: str = "data.jsonl") -> str:
    answer = await client.post("/files", data={"purpose": "fine-tune"}, files={"file": (name, content)})
    return str(answer.json()["id"])


async def create(client: httpx.AsyncClient, file: str, **members: Any) -> str:
    answer = await client.post("/fine_tuning/jobs", json={"model": "base-1", "training_file": file, **members})
    return str(answer.json()["id"])


def flip_one_bit(path: str) -> None:
    data = bytearray(Path(path).read_bytes())
    data[len(data) // 2] ^= 1
    Path(path).write_bytes(data)


def cut(path: str) -> None:
    os.truncate(path, os.path.getsize(path) - 1)


@pytest.mark.parametrize(
    ("damage", "why"),
    [(flip_one_bit, "its checksum is wrong"), (cut, f"it has {len(GOOD) - 1} bytes instead of {len(GOOD)}")],
)
async def test_damaged_content_is_refused_and_named(
    service: Service, client: httpx.AsyncClient, damage: Callable[[str], None], why: str
) -> None:
    sound, id = await upload(client), await upload(client)
    damage(service.paths.file(id))
    assert (await client.get(f"/files/{sound}/content")).content == GOOD
    answer = await client.get(f"/files/{id}/content")
    assert (answer.status_code, answer.headers["x-should-retry"]) == (500, "false")
    error = answer.json()["error"]
    assert error["code"] == "damaged_file"
    assert error["message"].startswith(f"The content of {id} (data.jsonl) is damaged: {why}. It is at ")


async def test_parts_of_an_upload_become_a_content_that_is_checked(service: Service, client: httpx.AsyncClient) -> None:
    begun = {"filename": "a.bin", "purpose": "batch", "bytes": len(GOOD), "mime_type": "x/y"}
    upload = (await client.post("/uploads", json=begun)).json()["id"]
    part = (await client.post(f"/uploads/{upload}/parts", files={"data": GOOD})).json()["id"]
    done = await client.post(f"/uploads/{upload}/complete", json={"part_ids": [part]})
    id = done.json()["file"]["id"]
    assert (await client.get(f"/files/{id}/content")).content == GOOD
    flip_one_bit(service.paths.file(id))
    assert (await client.get(f"/files/{id}/content")).status_code == 500


async def test_upload_with_a_damaged_part_is_not_completed(service: Service, client: httpx.AsyncClient) -> None:
    begun = {"filename": "a.bin", "purpose": "batch", "bytes": len(GOOD), "mime_type": "x/y"}
    upload = (await client.post("/uploads", json=begun)).json()["id"]
    part = (await client.post(f"/uploads/{upload}/parts", files={"data": GOOD})).json()["id"]
    flip_one_bit(service.paths.part(part))
    done = await client.post(f"/uploads/{upload}/complete", json={"part_ids": [part]})
    assert (done.status_code, done.json()["error"]["code"]) == (500, "damaged_file")
    assert f"{part} (a part of the upload) is damaged" in done.json()["error"]["message"]
    assert (await client.post(f"/uploads/{upload}/cancel")).json()["status"] == "cancelled"
    assert service.paths.descriptions.ids() == []


async def test_damaged_result_file_is_refused(service: Service, client: httpx.AsyncClient) -> None:
    id = await create(client, await upload(client))
    run_until(service, id, "succeeded")
    (result,) = (await client.get(f"/fine_tuning/jobs/{id}")).json()["result_files"]
    assert (await client.get(f"/files/{result}/content")).status_code == 200
    flip_one_bit(service.paths.file(result))
    answer = await client.get(f"/files/{result}/content")
    assert f"{result} (step_metrics.csv) is damaged" in answer.json()["error"]["message"]


@pytest.mark.parametrize("param", ["training_file", "validation_file"])
async def test_job_with_damaged_data_fails_and_names_the_file(
    service: Service, client: httpx.AsyncClient, param: str
) -> None:
    files = {"training_file": await upload(client), "validation_file": await upload(client)}
    Path(service.paths.file(files[param])).write_bytes(GOOD.replace(b"Good", b"Goof", 1))
    id = await create(client, files["training_file"], validation_file=files["validation_file"])
    run_until(service, id, "failed")
    error = (await client.get(f"/fine_tuning/jobs/{id}")).json()["error"]
    assert (error["code"], error["param"]) == ("damaged_file", param)
    assert f"{files[param]} is damaged: its checksum is wrong" in error["message"]


async def test_job_from_a_damaged_model_of_an_own_trainer_fails_and_names_it(
    service: Service, client: httpx.AsyncClient
) -> None:
    file = await upload(client)
    id = await create(client, file)
    run_until(service, id, "succeeded")
    until(lambda: not service.runner.tick())  # the checksums are written in a thread
    model = (await client.get(f"/fine_tuning/jobs/{id}")).json()["fine_tuned_model"]
    sound = await create(client, file, model=model)
    run_until(service, sound, "succeeded")
    found = service.database.models.get(model)
    assert found is not None
    flip_one_bit(service.paths.model(found))
    failed = await create(client, file, model=model)
    run_until(service, failed, "failed")
    error = (await client.get(f"/fine_tuning/jobs/{failed}")).json()["error"]
    assert (error["code"], error["param"]) == ("damaged_model", "model")
    assert error["message"].startswith(f"The model {model} is damaged: its checksum is wrong. It is at ")


async def test_damaged_description_checks_nothing(service: Service, client: httpx.AsyncClient) -> None:
    id = await upload(client)
    for damage in (flip_one_bit, cut, os.unlink):
        damage(service.paths.descriptions.path(id))
        assert (await client.get(f"/files/{id}/content")).content == GOOD


async def test_description_goes_with_its_content(service: Service, client: httpx.AsyncClient) -> None:
    kept, id = await upload(client), await upload(client)
    await client.delete(f"/files/{id}")
    Path(service.paths.descriptions.path("file-gone")).write_bytes(b"")
    Path(service.paths.descriptions.path(f"{id}.7.new")).write_bytes(b"")
    again = reopened(service, lambda path: None)
    assert os.listdir(os.path.dirname(again.paths.descriptions.path(kept))) == [f"{kept}.json"]
    again.close()


async def test_names_of_unused_files_survive_the_loss_of_database_and_copy(
    service: Service, client: httpx.AsyncClient
) -> None:
    first, second = await upload(client, name="first.jsonl"), await upload(client, b"x", name="second.jsonl")
    before = (await client.get("/files")).json()["data"]

    def lose(path: str) -> None:
        remove(path)
        remove(service.paths.copy)
        os.unlink(service.paths.journal)

    again = reopened(service, lose)
    found, _ = again.database.files.page(after=None, limit=9, purpose=None, ascending=False, now=0)
    assert {(file.id, file.filename, file.purpose) for file in found} == {
        (first, "first.jsonl", "fine-tune"),
        (second, "second.jsonl", "fine-tune"),
    }
    assert [file.created_at for file in found] == [file["created_at"] for file in before]
    assert not any("names of" in notice for notice in again.notices)
    again.close()
