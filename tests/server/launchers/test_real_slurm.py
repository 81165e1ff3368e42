"""Jobs on a real Slurm cluster: each case ends in the right state, with the losses of an undisturbed local run.

Needs Debian's packages (`make test-slurm`). SLOW=1 runs the cases that wait for minutes: Slurm's shortest time limit is
one minute.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fttui.clock import SystemClock
from fttui.server.launchers import slurm as slurm_launcher
from fttui.server.launchers.slurm_queue import Queue
from tests.server.launchers.bench import Bench, Losses
from tests.support.real_slurm import RealSlurm, is_installed, signal_trainer

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(not is_installed(), reason="no slurmctld"),
]
slow = pytest.mark.skipif(not os.environ.get("SLOW"), reason="takes minutes: SLOW=1")
ARITHMETIC = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}
"""Variables of this machine that change the last digits of losses. A trainer here has them, one on a node does not."""


class SlurmBench(Bench):
    """Service whose built-in trainer runs on the cluster."""

    patience = 90.0

    def __init__(self, slurm: RealSlurm, directory: Path, *options: str) -> None:
        self.slurm = slurm
        self.options = ("--cpus-per-task=2", "--mem=1000", "--time=30", *options)
        super().__init__(directory)

    def configure(self, **members: Any) -> None:
        engine = {"kind": "slurm", "directory": str(self.shared), "options": list(self.options)}
        tiny = {"engine": "lab", "env": ARITHMETIC}
        super().configure(engines={"lab": engine}, built_in={"tiny": tiny}, **members)

    def engine(self) -> dict[str, Any]:
        return {"queue": Queue(SystemClock(), interval=0.5)}

    def until_running_again(self, id: str) -> None:
        """Wait until Slurm has started a job again.

        By itself, Slurm holds it for two minutes. A node refuses a job that starts in the second of its requeue.
        """
        self.until(lambda: self.job(id).status == "queued")
        self.slurm.run("scontrol", "update", f"jobid={self.id(id)}", "StartTime=now+2")
        self.until_status(id, "running")

    def id(self, id: str) -> str:
        """Return Slurm's id of a job."""
        return (self.directory(id) / "submission").read_text().split()[1]

    def signal_trainer(self, id: str, number: signal.Signals) -> None:
        signal_trainer(self.directory(id), number)


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
def bench(slurm: RealSlurm, request: pytest.FixtureRequest) -> Iterator[SlurmBench]:
    directory = Path(tempfile.mkdtemp(prefix="ft-"))
    made = SlurmBench(slurm, directory, *getattr(request, "param", ()))
    yield made
    made.close()
    slurm.clear()
    shutil.rmtree(directory)


def test_job_trains_on_a_node(bench: SlurmBench, straight: Losses) -> None:
    id = bench.add()
    assert bench.finish(id) == straight
    assert bench.says(id, "Running on n1") or bench.says(id, "Running on n2")


def test_cancel_of_a_running_and_of_a_waiting_job(bench: SlurmBench, slurm: RealSlurm) -> None:
    ids = [bench.add() for _ in range(3)]  # two nodes: the third job waits
    bench.until(lambda: [bench.job(id).status for id in ids] == ["running", "running", "queued"])
    bench.until(lambda: (bench.job(ids[2]).life or {}).get("reason") in ("Resources", "Priority"))
    known = [bench.id(id) for id in ids]
    for id in ids:
        assert bench.service.runner.cancel(id)
    bench.until(lambda: all(bench.job(id).tidied for id in ids))
    assert [bench.job(id).status for id in ids] == ["cancelled"] * 3
    assert not set(slurm.run("squeue", "-h", "-o", "%i").split()) & set(known)


def test_paused_job_goes_on(bench: SlurmBench, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    assert bench.service.runner.pause(id)
    bench.until(lambda: not bench.service.launchers.trainer(bench.job(id)).is_alive())
    assert (bench.directory(id) / "exit").read_text() == "143\n"
    assert bench.service.runner.resume(id)
    assert bench.finish(id) == straight


def test_requeued_job_goes_on(bench: SlurmBench, slurm: RealSlurm, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    number = bench.id(id)
    slurm.run("scontrol", "requeue", number)
    bench.until_running_again(id)
    assert bench.id(id) == number
    assert bench.finish(id) == straight
    assert bench.says(id, "by preemption or a requeue")


@pytest.mark.parametrize("bench", [("--partition=low", "--nodelist=n1")], indirect=True)
def test_preempted_job_goes_on(bench: SlurmBench, slurm: RealSlurm, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    bench.signal_trainer(id, signal.SIGSTOP)  # Slurm lets it continue when it tells it to save
    slurm.run(*["sbatch", "-p", "high", "-w", "n1", "-c", "2", "-o", "/dev/null", "--wrap"], "sleep 3")
    bench.until_running_again(id)
    assert bench.finish(id) == straight


def test_job_goes_on_while_the_controller_is_away(bench: SlurmBench, slurm: RealSlurm, straight: Losses) -> None:
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


def test_new_service_follows_the_job_of_a_killed_one(bench: SlurmBench, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 10)
    bench.reopen()
    assert bench.finish(id) == straight
    assert (bench.directory(id).parent / id).exists()
    assert not bench.says(id, "submitting it again")


def test_service_killed_after_sbatch_submits_once(
    bench: SlurmBench, slurm: RealSlurm, straight: Losses, monkeypatch: pytest.MonkeyPatch
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


def test_killed_trainer_is_submitted_again(bench: SlurmBench, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    bench.signal_trainer(id, signal.SIGKILL)
    assert bench.finish(id) == straight
    assert bench.says(id, "submitting it again")


@pytest.mark.parametrize("bench", [("--partition=nosuch",)], indirect=True)
def test_unknown_partition_fails_the_job(bench: SlurmBench) -> None:
    id = bench.add()
    bench.until_status(id, "failed")
    assert "invalid partition specified: nosuch" in (bench.job(id).error or {})["message"]


def test_job_of_a_lost_node_goes_on_elsewhere(bench: SlurmBench, slurm: RealSlurm, straight: Losses) -> None:
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


def test_full_shared_disk_pauses_the_job_until_there_is_room(
    slurm: RealSlurm, straight: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_launcher, "SETTLE_SECONDS", 3.0)  # a full disk has no room for the exit code
    directory = Path(tempfile.mkdtemp(prefix="ft-"))
    bench = SlurmBench(slurm, directory)
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
def test_job_goes_on_after_its_time_limit(bench: SlurmBench, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 20)
    bench.signal_trainer(id, signal.SIGSTOP)  # Slurm lets it continue when it tells it to save
    bench.until(lambda: bench.says(id, "submitting it again"), 180)
    assert bench.finish(id) == straight
