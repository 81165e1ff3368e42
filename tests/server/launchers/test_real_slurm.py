"""Jobs on a real Slurm cluster: each case ends in the right state, with the losses of an undisturbed local run.

Needs Debian's packages (`make test-slurm`). SLOW=1 runs the cases that wait for minutes: Slurm's shortest time limit is
one minute.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fttui.clock import SystemClock
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.launchers.slurm_queue import Queue
from fttui.server.service import Service, open_service
from fttui.server.storage.records import JobRecord
from tests.server.conftest import add_file, example, jsonl, kill_trainers, messages
from tests.server.launchers.conftest import add_placed_job
from tests.support.real_slurm import RealSlurm, is_installed, signal_trainer

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(not is_installed(), reason="no slurmctld"),
]
slow = pytest.mark.skipif(not os.environ.get("SLOW"), reason="takes minutes: SLOW=1")

EPOCHS = 12
DATA = jsonl([example(f"Good day, number {number}. It is a fine day for a test." * 3) for number in range(12)])


class Bench:
    """Service whose built-in trainer runs on the cluster."""

    def __init__(self, slurm: RealSlurm | None, directory: Path, *options: str, **engine: Any) -> None:
        self.slurm = slurm
        self.home = str(directory / "home")
        self.shared = directory / "shared"
        self.shared.mkdir(parents=True)
        content: dict[str, Any] = {"max_running": 1}
        if slurm is not None:
            options = ("--cpus-per-task=2", "--mem=1000", "--time=30", *options)
            members = {"kind": "slurm", "directory": str(self.shared), "options": list(options), **engine}
            content = {"engines": {"lab": members}, "built_in": {"tiny": {"engine": "lab"}}}
        self.settings = directory / "settings.json"
        self.settings.write_text(json.dumps(content))
        self.open()

    def open(self) -> None:
        queue = Queue(SystemClock(), interval=0.5)
        self.service: Service = open_service(self.home, catalog=Catalog(path=str(self.settings)), queue=queue)

    def reopen(self) -> None:
        """Replace the service, as after `kill -9`."""
        self.service.database.close()
        self.open()

    def close(self) -> None:
        self.service.runner.close(save=True)
        self.service.database.close()
        kill_trainers(self.home)

    def add(self, **members: Any) -> str:
        given = {"model": "fttui-tiny-1", "seed": 7, "hyperparameters": {"n_epochs": EPOCHS, "batch_size": 1}}
        return add_placed_job(self.service, training_file=add_file(self.service, DATA), **{**given, **members})

    def job(self, id: str) -> JobRecord:
        found = self.service.database.jobs.get(id)
        assert found is not None
        return found

    def directory(self, id: str) -> Path:
        return Path(self.service.paths.job(id, self.job(id).root))

    def until(self, condition: Callable[[], Any], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            jobs = self.service.database.jobs.unfinished()
            assert time.monotonic() < deadline, [(job.status, job.life, messages(self.service, job.id)) for job in jobs]
            self.service.runner.tick()
            time.sleep(0.02)

    def until_status(self, id: str, *wanted: str, seconds: float = 90) -> None:
        self.until(lambda: self.job(id).status in wanted, seconds)
        assert self.job(id).status in wanted, self.job(id).error

    def until_step(self, id: str, step: int) -> None:
        self.until(lambda: self.job(id).status in ("failed", "succeeded") or self.job(id).step >= step)
        assert self.job(id).status == "running", self.job(id).error

    def until_running_again(self, id: str) -> None:
        """Wait until Slurm has started a job again. By itself, Slurm holds it for two minutes."""
        self.until(lambda: self.job(id).status == "queued")
        assert self.slurm is not None
        self.slurm.run("scontrol", "update", f"jobid={self.id(id)}", "StartTime=now")
        self.until_status(id, "running")

    def id(self, id: str) -> str:
        """Return Slurm's id of a job."""
        return (self.directory(id) / "submission").read_text().split()[1]

    def signal_trainer(self, id: str, number: signal.Signals) -> None:
        signal_trainer(self.directory(id), number)

    def finish(self, id: str) -> list[tuple[int, float]]:
        self.until_status(id, "succeeded", "failed")
        assert self.job(id).status == "succeeded", (self.job(id).error, messages(self.service, id))
        return [(step["step"], step["train_loss"]) for step in self.service.database.events.metrics(self.job(id))]

    def says(self, id: str, words: str) -> bool:
        return any(words in message for message in messages(self.service, id))


@pytest.fixture(scope="module", autouse=True)
def asked_for(request: pytest.FixtureRequest) -> None:
    """Skip these tests in a run of the whole suite, which they would double."""
    if "slurm" not in request.config.option.markexpr:
        pytest.skip("run by make test-slurm")


@pytest.fixture(scope="module")
def slurm() -> Iterator[RealSlurm]:
    home = Path(tempfile.mkdtemp(prefix="fttui-slurm-"))
    cluster = RealSlurm(home / "slurm")
    yield cluster
    cluster.close()
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def straight() -> list[tuple[int, float]]:
    """Losses of an undisturbed run on this machine."""
    directory = Path(tempfile.mkdtemp(prefix="ft-"))
    bench = Bench(None, directory)
    try:
        return bench.finish(bench.add())
    finally:
        bench.close()
        shutil.rmtree(directory)


@pytest.fixture
def bench(slurm: RealSlurm, request: pytest.FixtureRequest) -> Iterator[Bench]:
    directory = Path(tempfile.mkdtemp(prefix="ft-"))
    made = Bench(slurm, directory, *getattr(request, "param", ()))
    yield made
    made.close()
    slurm.clear()
    shutil.rmtree(directory)


Losses = list[tuple[int, float]]


def test_job_trains_on_a_node(bench: Bench, straight: Losses) -> None:
    id = bench.add()
    assert bench.finish(id) == straight
    assert bench.says(id, "Running on n1") or bench.says(id, "Running on n2")


def test_cancel_of_a_running_and_of_a_waiting_job(bench: Bench, slurm: RealSlurm) -> None:
    ids = [bench.add() for _ in range(3)]  # two nodes: the third job waits
    bench.until(lambda: [bench.job(id).status for id in ids] == ["running", "running", "queued"])
    bench.until(lambda: (bench.job(ids[2]).life or {}).get("reason") in ("Resources", "Priority"))
    known = [bench.id(id) for id in ids]
    for id in ids:
        assert bench.service.runner.cancel(id)
    bench.until(lambda: all(bench.job(id).tidied for id in ids))
    assert [bench.job(id).status for id in ids] == ["cancelled"] * 3
    assert not set(slurm.run("squeue", "-h", "-o", "%i").split()) & set(known)


def test_paused_job_goes_on(bench: Bench, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    assert bench.service.runner.pause(id)
    bench.until(lambda: not bench.service.launchers.trainer(bench.job(id)).is_alive())
    assert (bench.directory(id) / "exit").read_text() == "143\n"
    assert bench.service.runner.resume(id)
    assert bench.finish(id) == straight


def test_requeued_job_goes_on(bench: Bench, slurm: RealSlurm, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    number = bench.id(id)
    slurm.run("scontrol", "requeue", number)
    bench.until_running_again(id)
    assert bench.id(id) == number
    assert bench.finish(id) == straight
    assert bench.says(id, "by preemption or a requeue")


@pytest.mark.parametrize("bench", [("--partition=low", "--nodelist=n1")], indirect=True)
def test_preempted_job_goes_on(bench: Bench, slurm: RealSlurm, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    bench.signal_trainer(id, signal.SIGSTOP)  # Slurm lets it continue when it tells it to save
    slurm.run(*["sbatch", "-p", "high", "-w", "n1", "-c", "2", "-o", "/dev/null", "--wrap"], "sleep 3")
    bench.until_running_again(id)
    assert bench.finish(id) == straight


def test_job_goes_on_while_the_controller_is_away(bench: Bench, slurm: RealSlurm, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 10)
    bench.signal_trainer(id, signal.SIGSTOP)
    slurm.stop("slurmctld")
    bench.until(lambda: (bench.job(id).life or {}).get("state") == "unknown")
    assert bench.job(id).status == "running"
    bench.signal_trainer(id, signal.SIGCONT)
    slurm.start_controller()
    assert bench.finish(id) == straight
    assert bench.says(id, "Slurm answers again")


def test_new_service_follows_the_job_of_a_killed_one(bench: Bench, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 10)
    bench.reopen()
    assert bench.finish(id) == straight
    assert (bench.directory(id).parent / id).exists()
    assert not bench.says(id, "submitting it again")


def test_service_killed_after_sbatch_submits_once(
    bench: Bench, slurm: RealSlurm, straight: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = bench.add()
    run = bench.service.launchers._queue._run

    def dies(words: list[str], *rest: Any) -> Any:
        done = run(words, *rest)
        if words[0] == "sbatch":
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(bench.service.launchers._queue, "_run", dies)
    with pytest.raises(KeyboardInterrupt):
        bench.until(lambda: False)
    bench.reopen()
    assert bench.finish(id) == straight
    assert slurm.run("squeue", "-h", "-t", "all", "-o", "%j").split().count(f"fttui-{id}-1") == 1
    assert f"fttui-{id}-2" not in slurm.run("squeue", "-h", "-t", "all", "-o", "%j")


def test_killed_trainer_is_submitted_again(bench: Bench, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    bench.signal_trainer(id, signal.SIGKILL)
    assert bench.finish(id) == straight
    assert bench.says(id, "submitting it again")


@pytest.mark.parametrize("bench", [("--partition=nosuch",)], indirect=True)
def test_unknown_partition_fails_the_job(bench: Bench) -> None:
    id = bench.add()
    bench.until_status(id, "failed")
    assert "invalid partition specified: nosuch" in (bench.job(id).error or {})["message"]


def test_job_of_a_lost_node_goes_on_elsewhere(bench: Bench, slurm: RealSlurm, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    node = (bench.job(id).life or {})["host"]
    slurm.kill_node(node, bench.directory(id))
    try:
        bench.until_running_again(id)
        assert (bench.job(id).life or {})["host"] != node
    finally:
        slurm.start_node(node)
    assert bench.finish(id) == straight
    slurm.wait_for(lambda: slurm.states() == {"idle"})


def test_full_shared_disk_pauses_the_job_until_there_is_room(slurm: RealSlurm, straight: Losses) -> None:
    directory = Path(tempfile.mkdtemp(prefix="ft-"))
    bench = Bench(slurm, directory)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", str(bench.shared)], check=True)
    try:
        id = bench.add()
        bench.until_step(id, 10)
        filler = bench.shared / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(1 << 16)):
                pass
        bench.until_status(id, "paused")
        assert bench.job(id).waits_for_room
        filler.unlink()
        assert bench.finish(id) == straight
    finally:
        bench.close()
        slurm.clear()
        subprocess.run(["umount", "--lazy", str(bench.shared)], check=True)
        shutil.rmtree(directory)


@slow
@pytest.mark.parametrize("bench", [("--time=1", "--signal=B:TERM@10")], indirect=True)
def test_job_goes_on_after_its_time_limit(bench: Bench, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    bench.signal_trainer(id, signal.SIGSTOP)  # Slurm lets it continue when it tells it to save
    bench.until(lambda: bench.says(id, "submitting it again"), 180)
    assert bench.finish(id) == straight
