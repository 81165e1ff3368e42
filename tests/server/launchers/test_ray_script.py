"""Script that Ray runs on a node, and the test of a Ray engine, with a shell in the place of the node."""

import subprocess
from pathlib import Path

import pytest

from fttui.server.launchers import ray as ray_launcher
from fttui.server.launchers.base import Launch, LaunchRefused
from fttui.server.launchers.ray import Ray, option_fault, resources
from fttui.server.launchers.ray_cluster import RayCluster
from fttui.server.launchers.trial import RayTrial, Step
from fttui.server.launchers.trial import test_engine as try_engine
from fttui.server.settings import Engine
from fttui.server.storage.job_dir import JobDirectory
from tests.support.clock import FakeClock
from tests.support.fake_ray import FakeRay


def submitted(directory: Path, trainer: str, setup: str = "") -> list[str]:
    """Submit a trainer, which is a shell script, and return the command that Ray runs."""
    ray = FakeRay()
    launcher = Ray(RayCluster(ray, FakeClock(), start=lambda work: work()), FakeClock())
    launch = Launch(("/bin/sh", "-c", trainer), {}, {"WORDS": "it's"}, setup=setup)
    launcher.start(JobDirectory(str(directory)), launch)
    (job,) = ray.jobs.values()
    return ["/bin/sh", "-c", job.body["entrypoint"]]


def test_script_notes_its_start_and_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "progress.jsonl").write_text('{"type": "message"}\n{"type": "met')
    command = submitted(tmp_path, 'echo "$WORDS $LAB" >said; echo log; exit 143', "export LAB=two")
    subprocess.run(command, check=False, stdin=subprocess.DEVNULL)
    names = ("said", "exit", "log", "progress.jsonl")
    found = [(tmp_path / name).read_text() for name in names]
    assert found == ["it's two\n", "143\n", "log\n", '{"type": "message"}\n']
    assert (tmp_path / "runs").read_text().startswith(f"1 fttui-{tmp_path.name}-1 0 ")


@pytest.mark.parametrize(("file", "text"), [("submission", "2 \n"), ("cancelled", "")])
def test_script_of_a_submission_that_was_given_up_does_nothing(tmp_path: Path, file: str, text: str) -> None:
    command = submitted(tmp_path, "echo >trained")
    (tmp_path / file).write_text(text)
    assert subprocess.run(command, check=False).returncode == 0
    assert not (tmp_path / "trained").exists()
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("file", "text"), [("submission", "2 x"), ("stop", "1 kill")])
def test_script_kills_a_trainer_that_must_not_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str
) -> None:
    monkeypatch.setattr(ray_launcher, "BEAT_SECONDS", 0.01)
    command = submitted(tmp_path, f"trap '' TERM; echo '{text}' >{file}; while :; do sleep 0.01; done")
    assert subprocess.run(command, check=False, start_new_session=True, timeout=60).returncode == -9
    assert not (tmp_path / "exit").exists()


@pytest.mark.parametrize(
    ("options", "members"),
    [
        ((), {"entrypoint_num_cpus": 1}),
        (("label_selector.zone=a",), {"entrypoint_num_cpus": 1, "entrypoint_label_selector": {"zone": "a"}}),
        (("num_gpus=1", "num_gpus=2", "memory=8000000000"), {"entrypoint_num_gpus": 2, "entrypoint_memory": 8 * 10**9}),
    ],
)
def test_resources_of_a_request(options: tuple[str, ...], members: dict[str, object]) -> None:
    assert resources(options) == members


def test_wrong_options_are_refused() -> None:
    faults = [("time", "1"), ("num_gpus", "all"), ("num_cpus", "-1"), ("memory", "8G"), ("resources.", "1")]
    assert all(option_fault(name, value) for name, value in faults)
    with pytest.raises(LaunchRefused, match="'num_gpus' is not a number"):
        resources(["num_gpus=nan"])


class ShellRay(FakeRay):
    """Cluster that runs jobs in a shell when it is asked about them."""

    def _submit(self, body: dict[str, object]) -> tuple[int, bytes]:
        answer = super()._submit(body)
        for job in self.jobs.values():
            done = subprocess.run(["/bin/sh", "-c", str(body["entrypoint"])], check=False)
            job.status, job.message = ("SUCCEEDED", "") if done.returncode == 0 else ("FAILED", "exit code 125")
        return answer


def tried(directory: Path, ray: FakeRay, **engine: object) -> list[Step]:
    settings = Engine("lab", "ray", str(directory), address="http://head:8265", **engine)  # type: ignore[arg-type]
    return try_engine(settings, print, RayTrial(settings, RayCluster(ray, FakeClock())))


def test_test_of_an_engine_tells_what_its_node_has(tmp_path: Path) -> None:
    steps = tried(tmp_path, ShellRay())
    assert [(step.name, step.is_good) for step in steps] == [
        (name, True) for name in ("directory", "submit", "run", "python", "devices")
    ]
    assert list(tmp_path.iterdir()) == []


def test_test_of_an_engine_tells_what_is_wrong(tmp_path: Path) -> None:
    away = FakeRay(is_away=True)
    assert tried(tmp_path, away)[-1] == Step("submit", False, "http://head:8265: no connection: Connection refused")
    assert "is not among num_cpus" in tried(tmp_path, FakeRay(), options=("gpu=1",))[-1].text
