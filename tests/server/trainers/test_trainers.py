"""Trainers of the user: configuration, checks of requests, and the end of trainers that misbehave."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.server import control
from fttui.server import home as homedir
from fttui.server.api.app import create_app
from fttui.server.jobs import supervisor
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.jobs.trainer_limits import TrainerLimits
from fttui.server.launchers import trainer_process
from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.service import Service, open_service
from fttui.server.settings import Settings, read_settings, settings_of
from fttui.server.storage.job_dir import JobDirectory
from tests.server.conftest import FAKE, add_job, messages, run_until, status, until
from tests.support.clock import FakeClock

SHELL = {
    "command": ["sh", str(Path(__file__).parents[2] / "support" / "shell_trainer.sh"), "12"],
    "models": ["words-1", "acme/words-2"],
    "methods": ["supervised"],
}


@pytest.fixture
def configured(home: str) -> Any:
    control.write_settings(home, {"max_running": 1, "trainers": {"shell": SHELL}})
    service = open_service(home)
    yield service
    service.runner.close(save=True)
    service.database.close()


def test_configured_trainer_trains_a_job(configured: Service) -> None:
    assert configured.catalog.models == ["fttui-tiny-1", "words-1", "acme/words-2"]
    id = add_job(configured, model="acme/words-2", suffix=None, hyperparameters={"n_epochs": 3, "batch_size": 4})
    run_until(configured, id, "succeeded", "failed")
    job = configured.database.jobs.get(id)
    assert job is not None
    assert job.error is None
    assert [data["step"] for data in configured.database.events.metrics(job)] == list(range(1, 10))
    assert configured.database.events.metrics(job)[1] == {"step": 2, "total_steps": 9, "train_loss": 6}
    assert "Counting words in the shell" in messages(configured, id)
    assert job.trained_tokens == 3 * len(Path(configured.paths.file(job.training_file)).read_bytes().split())
    assert job.fine_tuned_model is not None
    assert job.fine_tuned_model.startswith("ft:acme/words-2:local::")
    model = configured.database.models.get(job.fine_tuned_model)
    assert model is not None
    assert os.listdir(configured.paths.model(model)) == ["words"]
    assert len(configured.database.models.all()) == 3


def test_configured_trainer_survives_pause_and_kill(configured: Service) -> None:
    id = add_job(configured, model="words-1", suffix=None, hyperparameters={"n_epochs": 40})
    run_until(configured, id, "running")

    def steps() -> list[int]:
        configured.runner.tick()
        job = configured.database.jobs.get(id)
        assert job is not None
        return [data["step"] for data in configured.database.events.metrics(job)]

    directory = JobDirectory(configured.paths.job(id))
    until(lambda: len(steps()) > 5)
    assert configured.runner.pause(id)
    until(lambda: configured.runner.tick() is not None and not TrainerProcess(directory.path).is_alive())
    assert directory.exit_code() == 143
    assert configured.runner.resume(id)
    seen = len(steps())
    until(lambda: len(steps()) > seen)
    TrainerProcess(directory.path).signal(signal.SIGKILL)
    run_until(configured, id, "succeeded", "failed")
    assert status(configured, id) == "succeeded"
    assert steps() == list(range(1, 481))


async def test_request_for_unknown_model_or_method_is_refused(configured: Service) -> None:
    transport = httpx.ASGITransport(create_app(configured))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:
        listed = [model["id"] for model in (await client.get("/models")).json()["data"]]
        assert listed == ["fttui-tiny-1", "words-1", "acme/words-2"]
        assert (await client.get("/models/acme%2Fwords-2")).json()["id"] == "acme/words-2"
        given = {"model": "words-1", "training_file": "file-x", "method": {"type": "dpo"}}
        refused = (await client.post("/fine_tuning/jobs", json=given)).json()["error"]
        assert (refused["param"], refused["code"]) == ("method", "unsupported_method")
        assert "words-1" in refused["message"]
        assert "'dpo'" in refused["message"]
        given = {"model": "words-3", "training_file": "file-x"}
        refused = (await client.post("/fine_tuning/jobs", json=given)).json()["error"]
        assert refused["code"] == "model_not_available"


def test_changed_settings_apply_at_once(configured: Service, home: str) -> None:
    more = {**SHELL, "models": ["words-9"], "hang_after": 5}
    control.write_settings(home, {"max_running": 3, "trainers": {"shell": more}})
    assert configured.catalog.models == ["fttui-tiny-1", "words-9"]
    assert configured.catalog.settings.max_running == 3
    trainer = configured.catalog.trainer("words-9")
    assert trainer is not None
    assert trainer.hang_after == 5
    for nonsense in ("", "[]", '{"max_running": 0}', '{"trainers": {"x": {"command": []}}}', '{"trainers": 7}'):
        Path(home, "settings.json").write_text(nonsense)
        assert configured.catalog.models == ["fttui-tiny-1", "words-9"], nonsense
    Path(home, "settings.json").unlink()
    assert configured.catalog.settings.max_running == 3
    assert os.stat(home).st_mode & 0o077 == 0


def test_settings_file_is_written_only_on_a_change(home: str) -> None:
    control.write_settings(home, {"max_running": 2})
    path = Path(homedir.settings_path(home))
    before = path.stat()
    control.write_settings(home, {"max_running": 2})
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert before.st_mode & 0o077 == 0
    assert read_settings(str(path)) == Settings(max_running=2)
    assert os.listdir(home) == ["settings.json"]


async def test_settings_select_the_formats_of_the_hosted_api(configured: Service, home: str) -> None:
    control.write_settings(home, {"plain_results": True, "empty_error": True, "trainers": {"shell": SHELL}})
    id = add_job(configured, model="words-1", suffix=None, hyperparameters={"n_epochs": 1})
    transport = httpx.ASGITransport(create_app(configured))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:
        assert (await client.get(f"/fine_tuning/jobs/{id}")).json()["error"] == {}
        assert (await client.get("/fine_tuning/jobs")).json()["data"][0]["error"] == {}
        run_until(configured, id, "succeeded")
        (result,) = (await client.get(f"/fine_tuning/jobs/{id}")).json()["result_files"]
        content = (await client.get(f"/files/{result}/content")).content
        assert content.startswith(b"step,train_loss,")
        assert (await client.get(f"/files/{result}")).json()["bytes"] == len(content)
        failed = add_job(configured, model="words-1", training_file="file-gone")
        run_until(configured, failed, "failed")
        assert (await client.get(f"/fine_tuning/jobs/{failed}")).json()["error"]["code"] == "deleted_training_file"
        control.write_settings(home, {"trainers": {"shell": SHELL}})
        assert (await client.get(f"/fine_tuning/jobs/{id}")).json()["error"] is None


def test_job_fails_when_no_trainer_offers_its_model_any_more(configured: Service, home: str) -> None:
    id = add_job(configured, model="words-1", suffix=None)
    control.write_settings(home, {"max_running": 1})
    run_until(configured, id, "failed")
    job = configured.database.jobs.get(id)
    assert job is not None
    assert job.error == {
        "code": "model_not_available",
        "message": "No configured trainer can train words-1 any more.",
        "param": "model",
    }


def test_at_most_max_running_jobs_train_at_once(home: str) -> None:
    service = open_service(home, catalog=Catalog([FAKE], max_running=2))
    try:
        jobs = [add_job(service, "slow") for _ in range(4)]
        until(lambda: service.runner.tick() and [status(service, id) for id in jobs][1] == "running")
        for _ in range(20):
            service.runner.tick()
        assert [status(service, id) for id in jobs] == ["running", "running", "queued", "queued"]
        assert service.runner.cancel(jobs[2])
        assert status(service, jobs[2]) == "cancelled"
        assert service.runner.cancel(jobs[0])
        run_until(service, jobs[3], "running")
    finally:
        service.runner.close(save=True)
        service.database.close()


def processes_of(directory: JobDirectory) -> list[int]:
    """Return the running processes of a job, in any process group."""
    mark = f"{trainer_process.JOB_VARIABLE}={directory.path}".encode()
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and mark in Path("/proc", name, "environ").read_bytes():
                found.append(int(name))
        except OSError:
            continue
    return found


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="needs /proc")


@needs_proc
@pytest.mark.parametrize("behaviour", ["family", "strays", "lingers"])
def test_no_process_survives_its_job(service: Service, behaviour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "END_SECONDS", 0.3)
    id = add_job(service, behaviour)
    directory = JobDirectory(service.paths.job(id))
    run_until(service, id, "succeeded", "failed")
    until(lambda: not service.runner.tick())
    assert status(service, id) == "succeeded"
    until(lambda: not processes_of(directory))


@needs_proc
def test_trainer_runs_niced_in_its_own_process_group(service: Service) -> None:
    id = add_job(service, "slow")
    directory = JobDirectory(service.paths.job(id))
    run_until(service, id, "running")
    until(lambda: service.runner.tick() and os.path.exists(os.path.join(directory.path, "progress.jsonl")))
    group = int(Path(directory.path, "pid").read_text())
    found = processes_of(directory)
    assert {os.getpgid(process) for process in found} == {group}
    assert group != os.getpgid(0)
    niceness = max(os.getpriority(os.PRIO_PROCESS, process) for process in found)
    assert niceness == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)
    service.runner.cancel(id)
    until(lambda: not service.runner.tick())
    assert processes_of(directory) == []


def bad(home: str, **limits: Any) -> Service:
    return open_service(home, catalog=Catalog([FAKE._replace(**limits)]))


@pytest.mark.parametrize(
    ("behaviour", "limits", "words"),
    [
        ("hang", {"hang_after": 0.3}, ["reported nothing for 0 seconds", "waiting for a card that never comes"]),
        ("babble", {}, ["unreadable lines to progress.jsonl", "not json[2J"]),
        ("endless", {}, ["unreadable lines to progress.jsonl", "xxxxx"]),
        ("flood", {"largest_log": 1 << 20}, ["wrote too much output", "xxxx"]),
    ],
)
def test_misbehaving_trainer_is_ended(
    home: str, behaviour: str, limits: dict[str, Any], words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "CANCEL_SECONDS", 0.2)
    service = bad(home, **limits)
    try:
        id, other = add_job(service, behaviour), add_job(service)
        run_until(service, id, "failed", "succeeded")
        job = service.database.jobs.get(id)
        assert job is not None
        assert job.error is not None
        assert job.error["code"] == "trainer_failed"
        for word in words:
            assert word in job.error["message"]
        assert len(job.error["message"]) < 1000
        event = service.database.events.page(job, after=None, limit=1)[0][0]
        assert (event.level, event.message) == ("error", job.error["message"])
        directory = JobDirectory(service.paths.job(id))
        until(lambda: service.runner.tick() is not None and not TrainerProcess(directory.path).is_alive())
        run_until(service, other, "succeeded")
    finally:
        service.runner.close(save=True)
        service.database.close()


def test_trainer_may_be_silent_for_ten_minutes_but_not_for_ever(service: Service) -> None:
    job = service.database.jobs.get(add_job(service))
    assert job is not None
    directory = JobDirectory(service.paths.job(job.id))
    (trainer,) = settings_of({"trainers": {"mine": {"command": ["train"], "models": ["m"]}}}).trainers
    for configured in (trainer, None):
        clock = FakeClock()
        limits = TrainerLimits(clock)
        assert limits.violation(job, directory, configured) is None
        clock.advance(600)
        assert limits.violation(job, directory, configured) is None
        clock.advance(3000)
        found = limits.violation(job, directory, configured)
        assert found is not None
        assert found.reason.startswith("reported nothing for")


def test_job_fails_when_the_command_does_not_exist(home: str) -> None:
    service = bad(home, command=("/nowhere/at/all",))
    try:
        id = add_job(service)
        run_until(service, id, "failed")
        job = service.database.jobs.get(id)
        assert job is not None
        assert job.error is not None
        assert "/nowhere/at/all" in job.error["message"]
    finally:
        service.runner.close(save=True)
        service.database.close()


def test_detached_service_receives_the_settings(home: str) -> None:
    path = control.ensure(home, settings={"max_running": 2, "trainers": {"shell": SHELL}})
    with httpx.Client(transport=httpx.HTTPTransport(uds=path), base_url="http://localhost/v1", timeout=20) as client:

        def models() -> list[str]:
            return [model["id"] for model in client.get("/models").json()["data"]]

        assert models() == ["fttui-tiny-1", "words-1", "acme/words-2"]
        assert control.ensure(home, settings={"trainers": {}}) == path
        assert models() == ["fttui-tiny-1"]
        assert control.ensure(home) == path
    assert json.loads(Path(home, "settings.json").read_text()) == {"trainers": {}}
