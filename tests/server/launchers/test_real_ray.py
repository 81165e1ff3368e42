"""Jobs on a real Ray cluster: each case ends in the right state, with the losses of an undisturbed local run.

Needs Ray (`make test-ray`). The fake cluster of the other tests is compared with it at the end.
"""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fttui.clock import SystemClock
from fttui.server.launchers import ray as ray_launcher
from fttui.server.launchers import ray_cluster
from fttui.server.launchers.ray_cluster import RayCluster, RayHttp
from tests.server.conftest import FAKE
from tests.server.launchers.bench import Bench, Losses
from tests.support.fake_ray import FakeRay
from tests.support.real_ray import RealRay, is_installed

pytestmark = [
    pytest.mark.ray,
    pytest.mark.xdist_group("ray"),
    pytest.mark.skipif(not is_installed(), reason="no ray"),
]


class RayBench(Bench):
    """Service whose trainers run on the cluster."""

    def __init__(self, ray: RealRay, directory: Path) -> None:
        self.ray = ray
        super().__init__(directory)

    def configure(self, *options: str, **engine: Any) -> None:
        members = {"kind": "ray", "directory": str(self.shared), "address": self.ray.address, **engine}
        super().configure(
            engines={"lab": {**members, "options": [*options]}},
            built_in={"tiny": {"engine": "lab"}},
            trainers={"fake": {"command": list(FAKE.command), "models": ["base-1"], "engine": "lab"}},
        )

    def engine(self) -> dict[str, Any]:
        return {"cluster": lambda engine: RayCluster(RayHttp(engine.address), SystemClock(), interval=0.5)}

    def close(self) -> None:
        for job in self.service.database.jobs.unfinished():
            self.service.runner.cancel(job.id)
        self.until(lambda: not self.service.database.jobs.unfinished())
        super().close()

    def signal_trainer(self, id: str, number: signal.Signals) -> None:
        assert self.ray.signal(f"FTTUI_JOB_DIR={self.directory(id)}", number, "fttui.server.trainers.tiny")


@pytest.fixture(scope="module")
def ray() -> Iterator[RealRay]:
    home = Path(tempfile.mkdtemp(prefix="ray-"))
    cluster = RealRay(home)
    yield cluster
    cluster.close()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def straight() -> Losses:
    """Losses of an undisturbed run on this machine."""
    directory = Path(tempfile.mkdtemp(prefix="ft-"))
    bench = Bench(directory)
    try:
        return bench.finish(bench.add())
    finally:
        bench.close()
        shutil.rmtree(directory)


@pytest.fixture
def bench(ray: RealRay, monkeypatch: pytest.MonkeyPatch) -> Iterator[RayBench]:
    monkeypatch.setattr(ray_launcher, "SETTLE_SECONDS", 8.0)
    directory = Path(tempfile.mkdtemp(prefix="ft-"))
    made = RayBench(ray, directory)
    yield made
    made.close()
    shutil.rmtree(directory)


def test_job_trains_in_the_cluster(bench: RayBench, straight: Losses) -> None:
    id = bench.add()
    assert bench.finish(id) == straight
    assert bench.says(id, "Running on ")


def test_cancel_of_a_running_and_of_a_waiting_job(bench: RayBench) -> None:
    bench.configure("num_cpus=2")
    ids = [bench.add() for _ in range(2)]
    bench.until_step(ids[0], 1)
    bench.until(lambda: bench.says(ids[1], "Waiting in Ray: it may be waiting for resources"))
    for id in ids:
        assert bench.service.runner.cancel(id)
    bench.until(lambda: all(bench.job(id).tidied for id in ids))
    assert [bench.job(id).status for id in ids] == ["cancelled"] * 2
    assert bench.job(ids[1]).step == 0


def test_paused_job_goes_on(bench: RayBench, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    assert bench.service.runner.pause(id)
    assert bench.service.runner.resume(id), "at once, while the trainer still saves"
    assert bench.finish(id) == straight
    assert (bench.directory(id) / "job.json").exists()


def test_trainer_that_ignores_the_stop_is_killed(bench: RayBench) -> None:
    id = bench.add()
    bench.until_step(id, 5)
    bench.signal_trainer(id, signal.SIGSTOP)
    bench.service.runner.cancel(id)
    bench.until(lambda: bench.job(id).tidied)


def test_killed_trainer_is_submitted_again(bench: RayBench, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    bench.signal_trainer(id, signal.SIGKILL)
    assert bench.finish(id) == straight
    assert bench.says(id, "submitting it again")


def test_service_killed_after_the_request_submits_once(
    bench: RayBench, straight: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = RayCluster.submit

    def dies(cluster: RayCluster, body: Any) -> None:
        submit(cluster, body)
        raise KeyboardInterrupt

    id = bench.add()
    with monkeypatch.context() as patch:
        patch.setattr(RayCluster, "submit", dies)
        with pytest.raises(KeyboardInterrupt):
            bench.until(lambda: False)
    bench.reopen()
    assert bench.finish(id) == straight
    assert not bench.says(id, "submitting it again")


def test_job_goes_on_while_the_cluster_does_not_answer(
    bench: RayBench, ray: RealRay, straight: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "SECONDS", 1.0)
    id = bench.add()
    bench.until_step(id, 5)
    with ray.away():
        bench.until(lambda: (bench.job(id).life or {}).get("state") == "unknown")
        assert bench.job(id).status == "running"
    assert bench.finish(id) == straight
    assert bench.says(id, "Ray answers again")


def test_job_that_cannot_start_fails_with_the_words_of_ray(bench: RayBench) -> None:
    bench.configure(runtime_env={"working_dir": "/no/such/directory.zip"})
    id = bench.add()
    bench.until_status(id, "failed")
    assert "runtime_env" in (bench.job(id).error or {})["message"]


def test_job_of_a_lost_node_goes_on_when_there_is_one_again(bench: RayBench, ray: RealRay, straight: Losses) -> None:
    bench.configure("resources.spot=1")
    id = bench.add()
    bench.until_step(id, 20)
    ray.kill("spot")
    bench.until_status(id, "queued")
    assert bench.says(id, "submitting it again")
    ray.start_node()
    assert bench.finish(id) == straight


def test_job_of_a_cluster_that_starts_anew_is_submitted_again(bench: RayBench, ray: RealRay, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    ray.kill("head")
    bench.until(lambda: bench.says(id, "Ray does not answer"))
    assert bench.job(id).status == "running"
    ray.kill("spot")
    ray.start_head()
    ray.start_node()
    assert bench.finish(id) == straight
    assert bench.says(id, "is not known to the cluster any more")


def test_fake_cluster_answers_as_ray_does(ray: RealRay) -> None:
    name = f"fttui-{os.urandom(4).hex()}"
    plain = {"entrypoint": "exec bash /x/ray.sh 1", "submission_id": name, "entrypoint_num_cpus": 500}
    requests: list[tuple[str, str, dict[str, Any] | None]] = [
        ("POST", "/api/jobs/", {**plain, "runtime_env": {"env_vars": {"A": "1"}}}),
        ("POST", "/api/jobs/", plain),
        ("POST", "/api/jobs/", {**plain, "submission_id": "fttui-2", "entrypoint_num_gpus": "1"}),
        ("POST", "/api/jobs/", {**plain, "submission_id": "fttui-3", "num_gpus": 1}),
        ("GET", f"/api/jobs/{name}", None),
        ("GET", "/api/jobs/fttui-none", None),
        ("POST", f"/api/jobs/{name}/stop", None),
        ("POST", "/api/jobs/fttui-none/stop", None),
    ]
    real, fake = RayHttp(ray.address), FakeRay()
    for request in requests:
        (status, content), (expected, made) = real(*request), fake(*request)
        assert status == expected, request
        if status == 200:
            given, copied = json.loads(content), json.loads(made)
            assert given.keys() == copied.keys(), request
            names = given.keys() & {"status", "message", "submission_id", "stopped", "error_type", "runtime_env"}
            assert {each: given[each] for each in names} == {each: copied[each] for each in names}
        else:
            assert ray_cluster._last_words(content.decode()) == ray_cluster._last_words(made.decode())
