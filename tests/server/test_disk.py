"""Full and read-only disks: jobs fail with a reason, and the service still answers."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.server import control
from fttui.server.api.app import create_app
from fttui.server.control import ServiceError
from fttui.server.jobs.job_dir import JobDirectory
from fttui.server.jobs.trainer_catalog import TINY, Catalog
from fttui.server.service import Service, open_service
from tests.server.conftest import FAKE, GOOD, add_job, kill_trainers, run_until, status, until

SIZE = 24 << 20


@pytest.fixture
def disk() -> Iterator[str]:
    """Mount point of a small file system. Only root can create it."""
    path = tempfile.mkdtemp(prefix="ft-")
    options = ["-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", path]
    try:
        made = subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        made = False
    if not made:
        os.rmdir(path)
        pytest.skip("no file system can be mounted here")
    yield path
    control.stop(os.path.join(path, "home"))
    kill_trainers(os.path.join(path, "home"))
    subprocess.run(["umount", "-l", path], check=True)
    os.rmdir(path)


@pytest.fixture
def cramped(disk: str) -> Iterator[Service]:
    service = open_service(os.path.join(disk, "home"), catalog=Catalog([FAKE, TINY]))
    yield service
    Path(disk, "ballast").unlink(missing_ok=True)
    service.runner.close(save=True)
    service.database.close()


@pytest.fixture
async def client(cramped: Service) -> Any:
    transport = httpx.ASGITransport(create_app(cramped))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:
        yield client


def fill(disk: str, left: int = 0) -> None:
    with open(os.path.join(disk, "ballast"), "wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            if left:
                ballast.truncate(ballast.tell() - left)


def relieve(disk: str) -> None:
    os.unlink(os.path.join(disk, "ballast"))


def close(path: str) -> None:
    """Mount a directory read-only."""
    subprocess.run(["mount", "--bind", path, path], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", path], check=True)


def reopen(path: str) -> None:
    subprocess.run(["umount", "-l", path], check=True)


async def post_file(client: httpx.AsyncClient, content: bytes = GOOD) -> httpx.Response:
    return await client.post("/files", data={"purpose": "fine-tune"}, files={"file": ("d.jsonl", content)})


def test_a_job_on_a_full_disk_fails_in_the_space_of_the_reserve(cramped: Service, disk: str) -> None:
    id = add_job(cramped, "slow")
    run_until(cramped, id, "running")
    fill(disk)
    run_until(cramped, id, "failed")
    relieve(disk)
    cramped.disk.keep_reserve()
    assert cramped.disk.release_reserve()
    assert not cramped.disk.release_reserve()


def test_an_exhausted_quota_fails_the_job(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:

    def refuse(*args: Any) -> Any:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    id = add_job(service, "slow")
    run_until(service, id, "running")
    monkeypatch.setattr(service.database.jobs, "store_reports", refuse)
    run_until(service, id, "failed")
    job = service.database.jobs.get(id)
    assert job is not None
    assert job.error is not None
    assert job.error["code"] == "disk_full"
    assert not JobDirectory(service.paths.job(id)).process.is_alive()


async def test_requests_on_a_full_disk_get_507_with_the_reason(client: httpx.AsyncClient, disk: str) -> None:
    file = (await post_file(client)).json()["id"]
    upload = {"filename": "d", "purpose": "fine-tune", "bytes": 4, "mime_type": "text/plain"}
    parts = f"/uploads/{(await client.post('/uploads', json=upload)).json()['id']}/parts"
    fill(disk)
    large = b"x" * (1 << 20)
    for answer in (await post_file(client, large), await client.post(parts, files={"data": large})):
        assert answer.status_code == 507
        assert answer.json()["error"]["code"] == "disk_error"
        assert "No space left" in answer.json()["error"]["message"]
    # The log of the database may have free space: each request is then accepted, until one is refused.
    told: list[int] = []
    for _ in range(2000):
        answer = await client.post("/fine_tuning/jobs", json={"model": "base-1", "training_file": file})
        told.append(answer.status_code)
        if answer.status_code != 200:
            break
    assert told[-1] == 507
    assert "full" in answer.json()["error"]["message"]
    listed = (await client.get("/fine_tuning/jobs", params={"limit": 1000})).json()["data"]
    assert len(listed) == min(1000, told.count(200))
    assert (await client.get(f"/files/{file}/content")).content == GOOD
    relieve(disk)
    assert (await post_file(client, large)).status_code == 200
    assert (await client.post(parts, files={"data": b"1234"})).status_code == 200


@pytest.mark.parametrize("left", [0, 64 << 10])
def test_a_full_disk_fails_the_running_job_and_later_jobs_run(cramped: Service, disk: str, left: int) -> None:
    id = add_job(cramped, model="fttui-tiny-1", hyperparameters={"n_epochs": 50})
    run_until(cramped, id, "running")
    until(lambda: cramped.runner.tick() and (cramped.database.jobs.get(id) or pytest.fail("gone")).step > 1)
    fill(disk, left)

    def ended() -> bool:
        cramped.runner.tick()
        assert cramped.database.jobs.page(after=None, limit=1, metadata={})[0], "the service still answers"
        return status(cramped, id) == "failed"

    until(ended)
    job = cramped.database.jobs.get(id)
    assert job is not None
    assert job.error is not None
    assert "disk" in job.error["message"] or "No space left" in job.error["message"]
    relieve(disk)
    other = add_job(cramped)
    run_until(cramped, other, "succeeded", "failed")
    assert status(cramped, other) == "succeeded"


def test_a_start_on_a_full_disk_reports_the_reason(disk: str) -> None:
    fill(disk)
    with pytest.raises(ServiceError, match=r"No space left|full"):
        control.ensure(os.path.join(disk, "home"))
    relieve(disk)
    control.ensure(os.path.join(disk, "home"))


def test_a_start_on_a_read_only_disk_reports_the_reason(disk: str) -> None:
    home = os.path.join(disk, "home")
    control.ensure(home)
    control.stop(home)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    try:
        with pytest.raises(ServiceError, match="Read-only file system"):
            control.ensure(home)
        with pytest.raises(ServiceError, match=r"Cannot create .*: Read-only file system"):
            control.ensure(os.path.join(disk, "another"))
    finally:
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


async def test_directories_that_become_read_only_give_507_and_failed_jobs(
    client: httpx.AsyncClient, cramped: Service
) -> None:
    file = (await post_file(client)).json()["id"]
    closed = [cramped.paths.uploads, cramped.paths.jobs]
    for path in closed:
        close(path)
    try:
        refused = await post_file(client)
        assert (refused.status_code, refused.json()["error"]["code"]) == (507, "disk_error")
        assert "Read-only file system" in refused.json()["error"]["message"]
        id = add_job(cramped, training_file=file)
        run_until(cramped, id, "failed", "succeeded")
        job = (await client.get(f"/fine_tuning/jobs/{id}")).json()
        assert job["status"] == "failed"
        assert "Read-only file system" in job["error"]["message"]
    finally:
        for path in closed:
            reopen(path)
    assert (await post_file(client)).status_code == 200
