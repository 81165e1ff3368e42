"""Jobs on a fake Ray cluster: each ends in the right state, whatever happens to it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fttui.server.launchers.ray_cluster import RayCluster
from fttui.server.storage.disk_space import DiskSpace
from tests.server.conftest import until
from tests.server.launchers.conftest import EngineService
from tests.support.fake_ray import FakeRay, FakeRayJob


class RayService(EngineService):
    """Service whose trainer runs on a fake Ray cluster."""

    def __init__(self, home: str, shared: Path, **engine: Any) -> None:
        self.ray = FakeRay()
        members = {"kind": "ray", "address": "http://head:8265", "options": ["num_gpus=1"], **engine}
        super().__init__(home, shared, members)

    def engine(self) -> dict[str, Any]:
        return {"cluster": lambda _: RayCluster(self.ray, self.clock, start=lambda work: work())}

    def jobs(self, id: str) -> list[FakeRayJob]:
        """Return the submissions of a job, oldest first."""
        return [job for job in self.ray.jobs.values() if id in job.id]

    def running(self, *steps: int) -> tuple[str, FakeRayJob]:
        """Return a job that runs, and has reported these steps."""
        id = self.validated()
        (job,) = self.jobs(id)
        self.ray.run(job)
        self.steps(job, *steps)
        self.look()
        assert self.job(id).status == "running"
        return id, job

    def succeed(self, id: str, job: FakeRayJob, *steps: int) -> None:
        """Let a job report its last steps and end, and check that it succeeds."""
        self.steps(job, *steps)
        self.report_result(job)
        self.ray.end(job, 0)
        self.look()
        assert (self.job(id).status, self.job(id).step) == ("succeeded", 4)


@pytest.fixture
def ray(home: str, tmp_path: Path) -> Iterator[RayService]:
    os.makedirs(os.path.dirname(home), exist_ok=True)
    made = RayService(home, tmp_path / "shared")
    yield made
    made.service.runner.close(save=False)
    made.service.database.close()


def test_job_is_queued_with_the_reason_of_ray_until_it_runs_and_then_succeeds(ray: RayService) -> None:
    id = ray.validated()
    (job,) = ray.jobs(id)
    assert ray.job(id).status == "queued"
    ray.ray.run(job)
    ray.look()
    ray.succeed(id, job, 1, 2, 3, 4)
    assert ray.messages(id)[3:7] == [
        f"Submitted to lab: Ray job fttui-{id}-1",
        "Waiting in Ray: it may be waiting for resources (CPUs, GPUs, memory, custom resources) to become available. "
        "It may be waiting for the runtime environment to be set up",
        "Fine-tuning job started",
        "Running on 10.0.0.1",
    ]
    assert ray.ray.submissions() == 1


def test_cancelled_job_that_waits_does_nothing_when_ray_starts_it(ray: RayService) -> None:
    id = ray.validated()
    (job,) = ray.jobs(id)
    assert ray.service.runner.cancel(id)
    ray.look()
    assert (ray.job(id).status, ray.job(id).tidied, job.is_stopped) == ("cancelled", True, True)
    assert not (job.directory / "submission").exists(), "its script finds no number, and ends"


def test_cancel_of_a_running_job_stops_it_without_saving(ray: RayService) -> None:
    id, job = ray.running(1, 2)
    assert ray.service.runner.cancel(id)
    assert (job.directory / "cancelled").exists()
    ray.look()
    assert (ray.job(id).status, job.status, ray.job(id).tidied) == ("cancelled", "STOPPED", True)
    assert ray.ray.submissions() == 1


def test_trainer_that_ignores_the_stop_is_told_to_die_by_its_script(ray: RayService) -> None:
    id, job = ray.running(1, 2)
    ray.ray.ignores_sigterm = True
    ray.service.runner.cancel(id)
    ray.look(1)
    assert (job.directory / "stop").read_text() == "1 save\n"
    ray.look()
    assert (job.directory / "stop").read_text() == "1 kill\n"
    ray.ray.end(job, None)
    ray.look(9)
    assert ray.job(id).tidied


def test_paused_job_is_submitted_again_when_it_is_resumed(ray: RayService) -> None:
    id, job = ray.running(1, 2)
    assert ray.service.runner.pause(id)
    ray.look()
    assert (ray.job(id).status, job.status) == ("paused", "STOPPED")
    assert ray.service.runner.resume(id)
    ray.look()
    again = ray.jobs(id)[1]
    assert (ray.job(id).status, again.id) == ("queued", f"fttui-{id}-2")
    ray.ray.run(again, "10.0.0.2")
    ray.succeed(id, again, 3, 4)
    assert "Running on 10.0.0.2, attempt 2" in ray.messages(id)


def test_job_that_is_resumed_while_its_trainer_still_saves_waits_for_its_end(ray: RayService) -> None:
    id, job = ray.running(1, 2)
    ray.ray.ignores_sigterm = True
    ray.service.runner.pause(id)
    ray.look(1)
    ray.service.runner.resume(id)
    ray.look()
    assert (ray.job(id).status, ray.ray.submissions()) == ("queued", 1)
    ray.ray.end(job, 143, "STOPPED")
    ray.look()
    assert (ray.job(id).status, ray.ray.submissions()) == ("queued", 2)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (lambda ray, job: ray.end(job, 137), "was interrupted after step 2"),
        (lambda ray, job: ray.end(job, None), "was interrupted after step 2"),
        (lambda ray, job: ray.fail(job, "JOB_SUPERVISOR_ACTOR_DIED", "died"), "lost its node after step 2"),
        (lambda ray, job: ray.jobs.clear(), "is not known to the cluster any more after step 2"),
    ],
    ids=["trainer killed", "script killed", "node lost", "cluster restarted"],
)
def test_interrupted_job_is_submitted_again(ray: RayService, end: Any, words: str) -> None:
    id, job = ray.running(1, 2)
    end(ray.ray, job)
    ray.look(9)
    expected = f"Ray job fttui-{id}-1 {words}; submitting it again, from its last saved state"
    assert (ray.job(id).status, expected in ray.messages(id)) == ("queued", True), ray.messages(id)
    again = ray.ray.jobs[f"fttui-{id}-2"]
    ray.ray.run(again)
    ray.succeed(id, again, 2, 3, 4)
    steps = [message for message in ray.messages(id) if message.startswith("Step")]
    assert len(steps) == 4, "a repeated step is dropped"


def test_job_that_the_cluster_forgot_lives_as_long_as_its_script_gives_signs(ray: RayService) -> None:
    id, job = ray.running(1, 2)
    ray.ray.jobs.clear()
    for number in range(20):
        (job.directory / "beat").write_text(f"{number}\n")
        ray.look(1)
    assert (ray.job(id).status, ray.ray.submissions()) == ("running", 1)
    ray.look(9)
    assert (ray.job(id).status, ray.ray.submissions()) == ("queued", 2)


def test_ended_jobs_are_not_remembered(ray: RayService) -> None:
    id, _ = ray.running(1, 2)
    ray.ray.jobs.clear()
    ray.look(9)
    assert ray.job(id).status == "queued"
    (again,) = ray.jobs(id)
    ray.ray.run(again)
    assert ray.remembered(id)
    ray.succeed(id, again, 3, 4)
    until(lambda: (ray.look(1), ray.job(id).tidied)[1])
    assert not ray.remembered(id)


def test_cluster_that_is_away_changes_nothing(ray: RayService) -> None:
    id, job = ray.running(1)
    ray.ray.is_away = True
    waiting = ray.add()
    ray.steps(job, 2)
    ray.look(9, seconds=60)
    life = ray.job(id).life
    assert life is not None
    assert (ray.job(id).status, ray.job(id).step, life["state"], life["host"]) == ("running", 2, "unknown", "10.0.0.1")
    assert ray.jobs(waiting) == []
    ray.ray.is_away = False
    until(lambda: (ray.look(1), ray.jobs(waiting))[1])
    ray.succeed(id, job, 3, 4)
    away = "Ray does not answer; the job stays as it is (no connection: Connection refused)"
    assert [ray.messages(id).count(text) for text in (away, "Ray answers again")] == [1, 1]


@pytest.mark.parametrize("fault", ["dies_after_submission", "loses_answer"])
def test_job_is_submitted_once_when_the_answer_does_not_arrive(ray: RayService, fault: str) -> None:
    id = ray.add()
    setattr(ray.ray, fault, True)
    try:
        until(lambda: (ray.look(1), ray.jobs(id))[1])
    except KeyboardInterrupt:
        ray.reopen()
    ray.look()
    (job,) = ray.jobs(id)
    assert (job.directory / "submission").read_text() == f"1 fttui-{id}-1\n"
    ray.ray.run(job)
    ray.look()
    assert (ray.job(id).status, len(ray.ray.jobs)) == ("running", 1)


def test_new_service_goes_on_with_the_jobs_of_a_killed_one(ray: RayService) -> None:
    id, job = ray.running(1)
    ray.reopen()
    ray.steps(job, 2)
    ray.look()
    assert (ray.job(id).status, ray.job(id).step) == ("running", 2)
    ray.succeed(id, job, 3, 4)
    assert ray.ray.submissions() == 1


@pytest.mark.parametrize(
    ("error", "message", "code", "words"),
    [
        (
            "RUNTIME_ENV_SETUP_FAILURE",
            "runtime_env setup failed: Failed to set up runtime environment.\nTraceback\n  File\n  File\n"
            "ERROR: No matching distribution found for trl==9\x1b[2J\n",
            None,
            "runtime_env setup failed: Failed to set up runtime environment. … ",
        ),
        ("JOB_ENTRYPOINT_COMMAND_ERROR", "Job entrypoint command failed with exit code 127", 127, "exit code 127"),
    ],
)
def test_job_that_cannot_start_fails_with_the_words_of_ray(
    ray: RayService, error: str, message: str, code: int | None, words: str
) -> None:
    id = ray.validated()
    ray.ray.fail(ray.jobs(id)[0], error, message, code)
    ray.look()
    found = ray.job(id).error
    assert (ray.job(id).status, found is not None) == ("failed", True)
    assert found is not None
    assert words in found["message"]
    assert found["message"].isprintable()


def test_job_that_waits_longer_than_ray_allows_is_submitted_again_and_again(ray: RayService) -> None:
    id = ray.validated()
    for _ in range(30):
        ray.ray.fail(ray.jobs(id)[-1], "JOB_SUPERVISOR_ACTOR_START_TIMEOUT", "failed to start within 900.0 seconds")
        ray.look(2, seconds=900)
    assert (ray.job(id).status, ray.ray.submissions(), ray.job(id).restarts) == ("queued", 31, 0)


def test_job_that_somebody_stopped_in_ray_is_paused(ray: RayService) -> None:
    id, job = ray.running(1)
    ray.ray.end(job, 143, "STOPPED")
    ray.look()
    assert (ray.job(id).status, ray.ray.submissions()) == ("paused", 1)
    assert "was cancelled outside fttui. The job is paused" in ray.messages(id)[-1]


def test_refusal_fails_the_job_and_names_the_option(ray: RayService) -> None:
    engines = json.loads(ray.settings.read_text())["engines"]
    engines["lab"]["options"] = ["num_gpu=1"]
    ray.configure(engines=engines)
    id = ray.validated()
    found = ray.job(id).error
    assert found is not None
    assert found["message"].startswith("Ray refused the job: the option 'num_gpu' is not among num_cpus, num_gpus")


def test_changed_address_does_not_lose_a_running_job(ray: RayService) -> None:
    id, job = ray.running(1)
    engines = json.loads(ray.settings.read_text())["engines"]
    engines["lab"]["address"] = "http://other:8265"
    ray.configure(engines=engines)
    ray.steps(job, 2)
    ray.look()
    stored = ray.job(id).engine
    assert (ray.job(id).step, stored and stored["address"]) == (2, "http://head:8265")


def test_full_shared_disk_pauses_the_job_until_there_is_room(ray: RayService, monkeypatch: pytest.MonkeyPatch) -> None:
    id, job = ray.running(1)
    free = DiskSpace.free
    monkeypatch.setattr(DiskSpace, "free", lambda disk: 0 if "shared" in disk._home else free(disk))
    ray.ray.end(job, None)
    ray.look(9)
    assert (ray.job(id).status, ray.job(id).waits_for_room) == ("paused", True)
    monkeypatch.setattr(DiskSpace, "free", free)
    ray.look()
    assert (ray.job(id).status, ray.ray.submissions()) == ("queued", 2)


def test_request_has_resources_environment_and_only_the_secrets_that_the_trainer_names(
    ray: RayService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HF_TOKEN", "LAB_KEY", "OPENAI_API_KEY", "RAY_TOKEN"):
        monkeypatch.setenv(name, f"s3cr3t-{name}")
    engines = json.loads(ray.settings.read_text())["engines"]
    engines["lab"] |= {"token_env": "RAY_TOKEN", "runtime_env": {"pip": ["trl"], "env_vars": {"A": "1"}}}
    env = {"WORDS": "it's plain", "MY_KEY": {"env": "LAB_KEY"}}
    ray.configure(engines=engines, trainer={"env": env, "options": ["num_cpus=4"]})
    id = ray.validated(metadata={"fttui.ray.num_gpus": "0.5", "fttui.ray.resources.TPU": "2"})
    (job,) = ray.jobs(id)
    assert job.body == {
        "submission_id": f"fttui-{id}-1",
        "entrypoint": f"exec bash {job.directory}/ray.sh 1",
        "runtime_env": {
            "pip": ["trl"],
            "env_vars": {"A": "1", "MY_KEY": "s3cr3t-LAB_KEY", "RAY_JOB_STOP_WAIT_TIME_S": "10"},
        },
        "entrypoint_num_gpus": 0.5,
        "entrypoint_num_cpus": 4,
        "entrypoint_resources": {"TPU": 2},
    }
    on_disk = "".join(path.read_text() for path in (tmp_path / "shared").rglob("*") if path.is_file())
    assert "WORDS='it'\"'\"'s plain'" in on_disk
    assert "s3cr3t" not in on_disk
