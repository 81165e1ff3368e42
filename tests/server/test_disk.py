"""Full and read-only disks: jobs pause or fail with a reason, and the service still answers."""

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
from fttui.server.jobs.trainer_catalog import TINY, Catalog
from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.service import Service, open_service
from fttui.server.storage.records import JobRecord
from tests.server.conftest import FAKE, GOOD, add_job, kill_trainers, messages, run_until, status, until
from tests.server.processes import assert_each_once
from tests.support.clock import FakeClock

SIZE = 72 << 20


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
    with open(os.path.join(disk, "ballast"), "ab", buffering=0) as ballast:
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


def job_of(service: Service, id: str) -> JobRecord:
    job = service.database.jobs.get(id)
    assert job is not None
    return job


def steps(service: Service, id: str) -> list[int]:
    return [data["step"] for data in service.database.events.metrics(job_of(service, id))]


def run_until_step(service: Service, id: str, step: int) -> None:
    until(lambda: service.runner.tick() is not None and job_of(service, id).step >= step)


def assert_waits_for_room(service: Service, id: str) -> None:
    """Check that a job is paused with a sentence, and stays so while there is no room."""
    for _ in range(3):
        service.runner.tick()
    job = job_of(service, id)
    assert job.waits_for_room
    assert job.error is not None
    assert job.error["message"] in messages(service, id)
    assert "continues by itself when" in job.error["message"]
    assert "are free now" in job.error["message"]


@pytest.mark.parametrize("left", [0, 64 << 10])
@pytest.mark.parametrize("model", ["base-1", "fttui-tiny-1"])
def test_running_job_on_a_full_disk_pauses_and_continues_with_room(
    cramped: Service, disk: str, model: str, left: int
) -> None:
    epochs = {"base-1": 2, "fttui-tiny-1": 50}[model]
    id = add_job(cramped, "slow", model=model, hyperparameters={"n_epochs": epochs})
    run_until_step(cramped, id, 2)
    fill(disk, left)

    def waits() -> bool:
        cramped.runner.tick()
        assert cramped.database.jobs.page(after=None, limit=1, metadata={})[0], "the service still answers"
        return status(cramped, id) == "paused"

    until(waits)
    assert_waits_for_room(cramped, id)
    seen = len(steps(cramped, id))
    relieve(disk)
    run_until(cramped, id, "running")
    assert job_of(cramped, id).error is None
    run_until_step(cramped, id, seen + 2)
    assert_each_once(steps(cramped, id))
    assert cramped.runner.cancel(id)
    cramped.disk.keep_reserve()
    assert cramped.disk.release_reserve()
    assert not cramped.disk.release_reserve()


def test_result_on_a_full_disk_is_stored_when_there_is_room(cramped: Service, disk: str) -> None:
    id = add_job(cramped)
    run_until(cramped, id, "running")
    until(lambda: not TrainerProcess(cramped.paths.job(id)).is_alive())
    fill(disk)
    run_until(cramped, id, "paused")
    assert_waits_for_room(cramped, id)
    relieve(disk)
    run_until(cramped, id, "succeeded", "failed")
    assert status(cramped, id) == "succeeded"
    assert_each_once(steps(cramped, id))


def test_queued_job_with_too_little_room_waits_before_it_starts(cramped: Service, disk: str) -> None:
    id = add_job(cramped, model="fttui-tiny-1")
    fill(disk, 30 << 20)
    run_until(cramped, id, "paused")
    assert_waits_for_room(cramped, id)
    assert not os.path.exists(cramped.paths.job(id)), "no trainer was started"
    assert "before it starts, and continues by itself when 52.4 MB are free; 31" in messages(cramped, id)[-1]
    relieve(disk)
    run_until(cramped, id, "running")


def test_exhausted_quota_leaves_the_living_trainer_alone(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> Any:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    id = add_job(service, "slow")
    run_until_step(service, id, 2)
    with monkeypatch.context() as patch:
        patch.setattr(service.database.jobs, "store_reports", refuse)
        for _ in range(3):
            service.runner.tick()
        assert status(service, id) == "running"
        assert TrainerProcess(service.paths.job(id)).is_alive()
    run_until_step(service, id, 5)
    assert_each_once(steps(service, id))


def test_exhausted_quota_pauses_a_job_until_it_is_raised(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> Any:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    id = add_job(service)
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", refuse)
        run_until(service, id, "paused")
        assert_waits_for_room(service, id)
    run_until(service, id, "succeeded", "failed")
    assert status(service, id) == "succeeded"


def test_trainer_that_reports_a_full_disk_is_started_again(service: Service) -> None:
    id = add_job(service, "noroom")
    run_until(service, id, "paused")
    assert job_of(service, id).failure is None
    run_until(service, id, "succeeded", "failed")
    assert status(service, id) == "succeeded"
    assert not [text for text in messages(service, id) if "Errno" in text]


def test_trainer_that_never_has_room_waits_for_more_instead_of_failing(home: str) -> None:
    clock = FakeClock()
    service = open_service(home, catalog=Catalog([FAKE]), clock=clock)
    try:
        id = add_job(service, "ioerr")

        def waits_for_more() -> bool:
            clock.advance(10)
            service.runner.tick()
            assert status(service, id) in ("validating_files", "queued", "running", "paused")
            return len([text for text in messages(service, id) if "no room" in text]) > 3

        until(waits_for_more)
        asked = len(messages(service, id))
        for _ in range(20):
            clock.advance(10)
            service.runner.tick()
        assert status(service, id) == "paused"
        assert len(messages(service, id)) <= asked + 2
        assert service.runner.resume(id)
        run_until(service, id, "running")
    finally:
        service.runner.close(save=True)
        service.database.close()


def test_room_of_the_built_in_trainer_holds_two_states_and_four_models() -> None:
    from fttui.server.trainers.tiny.network import STANDARD

    state, model = 3 * 4 * STANDARD.size(), 2 * STANDARD.size()
    assert 2 * state + 4 * model < TINY.room


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


def test_service_starts_on_a_full_disk_and_says_so(disk: str) -> None:
    home = os.path.join(disk, "home")
    control.ensure(home)
    control.stop(home)
    for _ in range(3):
        fill(disk)  # also what the last service left free
        control.ensure(home)
        state = control.status(home)
        assert state is not None
        assert state["trouble"].startswith("The disk is full")
        assert control.notices(home) == (state["trouble"],)
        control.stop(home)
    os.unlink(os.path.join(home, "reserve"))
    fill(disk)
    with pytest.raises(ServiceError, match="did not start: the disk is full: free some space"):
        control.ensure(home)
    relieve(disk)
    control.ensure(home)
    state = control.status(home)
    assert state is not None
    assert "trouble" not in state
    assert control.notices(home) == ()


def test_a_first_start_on_a_full_disk_reports_the_reason(disk: str) -> None:
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


def test_first_start_without_any_room_says_what_to_do(disk: str) -> None:
    fill(disk)
    home = os.path.join(disk, "home")
    with pytest.raises(ServiceError, match="No space left on device") as caught:
        control.ensure(home, settings={"max_running": 2})
    assert home in str(caught.value)
    assert "Free some space, or set FTTUI_DATA_DIR" in str(caught.value)
    relieve(disk)
    assert control.ensure(home, settings={"max_running": 2})
