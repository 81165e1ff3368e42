"""A job on two nodes of a real Slurm cluster, with the trainer for open models: the losses of two processes here.

Needs the extra `hf` besides Slurm (`make test-slurm BIN=.venv-hf/bin`).
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.launchers.bench import Bench, Losses
from tests.server.launchers.test_real_slurm import SlurmBench, asked_for, slow, slurm
from tests.server.trainers.hf.conftest import HAS_TORCH
from tests.server.trainers.hf.models import make_model
from tests.support.real_slurm import RealSlurm, is_installed, processes

__all__ = ["asked_for", "slurm"]
pytestmark = [
    pytest.mark.slurm,
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(not is_installed(), reason="no slurmctld"),
    pytest.mark.skipif(not HAS_TORCH, reason="needs the extra hf"),
]
EPOCHS = 20
ENVIRONMENT = {"HF_HUB_OFFLINE": "1"}


class NodesBench(SlurmBench):
    """Service whose trainer for open models has two nodes."""

    patience = 180.0

    def __init__(self, slurm: RealSlurm, directory: Path, model: Path) -> None:
        self.model = model
        super().__init__(slurm, directory, "--nodes=2")

    def configure(self, **members: Any) -> None:
        engine = {"kind": "slurm", "directory": str(self.shared), "options": list(self.options)}
        hf = {"engine": "lab", "env": ENVIRONMENT}
        Bench.configure(self, engines={"lab": engine}, built_in={"hf": hf}, **members)

    def add(self, **members: Any) -> str:
        return super().add(**job_on(self.model), **members)


class HereBench(Bench):
    """Service whose trainer for open models has two processes of this machine."""

    def __init__(self, directory: Path, model: Path) -> None:
        self.model = model
        super().__init__(directory)

    def configure(self, **members: Any) -> None:
        super().configure(built_in={"hf": {"env": ENVIRONMENT}}, **members)

    def add(self, **members: Any) -> str:
        job = job_on(self.model)
        job["metadata"]["fttui.devices"] = "2"
        return super().add(**job, **members)


def job_on(model: Path) -> dict[str, Any]:
    """Return the members of a job."""
    return {
        "model": str(model),
        "hyperparameters": {"n_epochs": EPOCHS, "batch_size": 2},
        "metadata": {"fttui.save_every": "86400"},
    }


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="ft-"))
    make_model(made / "tiny-llama")
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def straight(folder: Path) -> Losses:
    """Losses of an undisturbed run in two processes of this machine."""
    bench = HereBench(folder / "here", folder / "tiny-llama")
    try:
        return bench.finish(bench.add())
    finally:
        bench.close()


@pytest.fixture
def bench(slurm: RealSlurm, folder: Path) -> Iterator[NodesBench]:
    directory = Path(tempfile.mkdtemp(prefix="ft-"))
    made = NodesBench(slurm, directory, folder / "tiny-llama")
    yield made
    made.close()
    slurm.clear()
    shutil.rmtree(directory)


def test_job_on_two_nodes_goes_on_after_a_kill_and_a_pause(bench: NodesBench, straight: Losses) -> None:
    id = bench.add()
    bench.until_step(id, 5)
    assert bench.says(id, "Running on n[1-2]")
    os.kill(worker_on("n2", bench.directory(id)), signal.SIGKILL)
    bench.until(lambda: bench.says(id, "submitting it again"))
    bench.until_step(id, 20)
    assert bench.service.runner.pause(id)
    bench.until(lambda: not bench.service.launchers.trainer(bench.job(id)).is_alive())
    assert (bench.directory(id) / "exit").read_text() == "143\n"
    bench.until(lambda: (bench.directory(id) / "state" / f"checkpoint-{bench.job(id).step}" / "whole").exists())
    assert bench.service.runner.resume(id)
    assert bench.finish(id) == straight


@slow
def test_job_on_two_nodes_goes_on_after_a_requeue_and_the_loss_of_the_second(
    bench: NodesBench, slurm: RealSlurm, straight: Losses
) -> None:
    id = bench.add()
    bench.until_step(id, 10)
    slurm.run("scontrol", "requeue", bench.id(id))
    bench.until_running_again(id)
    bench.until_step(id, 50)
    slurm.kill_node("n2", bench.directory(id))
    try:
        bench.until(lambda: bench.job(id).status == "queued")
    finally:
        slurm.start_node("n2")
    bench.until_running_again(id)
    assert bench.finish(id) == straight


def worker_on(node: str, directory: Path) -> int:
    """Return the id of the process that trains on a node."""
    marks = {f"FTTUI_JOB_DIR={directory}".encode(), f"SLURMD_NODENAME={node}".encode(), b"LOCAL_RANK=0"}
    found = [process for process, _, variables in processes() if marks <= set(variables.split(b"\0"))]
    assert found, "it has ended"
    return found[0]
