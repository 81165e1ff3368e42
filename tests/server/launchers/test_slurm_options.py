"""Options of a job for its engine, and what squeue prints."""

import httpx
import pytest

from fttui.server.api.access import local_only
from fttui.server.api.app import create_app
from fttui.server.launchers.slurm import node_count, option_fault
from fttui.server.launchers.slurm_queue import run_command, seconds_of
from tests.server.conftest import add_file
from tests.server.launchers.conftest import Cluster


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1-02:03:04", 93784), ("8:00:00", 28800), ("59:30", 3570), ("UNLIMITED", None), ("INVALID", None), ("", None)],
)
def test_durations_of_squeue_are_read(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds


def test_variables_that_leave_out_jobs_do_not_reach_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SQUEUE_PARTITION", "SCANCEL_STATE", "SBATCH_ACCOUNT"):
        monkeypatch.setenv(name, "lab")
    said = run_command(["env"], None, {"MY_KEY": "1"}).stdout
    found = [name for name in ("SQUEUE_PARTITION", "SCANCEL_STATE", "SBATCH_ACCOUNT", "MY_KEY") if f"{name}=" in said]
    assert found == ["SBATCH_ACCOUNT", "MY_KEY"]


@pytest.mark.parametrize("name", ["job-name", "job-n", "output", "export", "wrap", "p", "Time", "time=1 --wrap", ""])
def test_options_that_the_launcher_needs_are_refused(name: str) -> None:
    assert option_fault(name, "1")


@pytest.mark.parametrize("name", ["time", "gres", "nodes", "mem", "partition", "account", "qos", "signal"])
def test_other_options_are_taken(name: str) -> None:
    assert not option_fault(name, "1")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--nodes=2"], 2),
        (["--nodes", "2", "--time=1"], 2),
        (["-N2"], 2),
        (["-N", "2"], 2),
        (["--nodes=2", "--partition=gpu", "-N", "4"], 4),
        (["--nodes=2", "--nodes=2-4"], None),
        (["--nodelist=n1", "--ntasks=2"], None),
        (["--nodes"], None),
        ([], None),
    ],
)
def test_number_of_nodes_is_read_from_options(options: list[str], expected: int | None) -> None:
    assert node_count(options) == expected


async def refusal(cluster: Cluster, option: str, value: str, *, is_owner: bool = True) -> str:
    app = create_app(cluster.service) if is_owner else create_app(cluster.service, local_only)
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    body = {"model": "base-1", "training_file": add_file(cluster.service), "metadata": {f"fttui.{option}": value}}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as client:
        answer = await client.post("/fine_tuning/jobs", json=body)
    return "" if answer.status_code == 200 else str(answer.json()["error"]["message"])


async def test_only_the_owner_sets_options_and_only_those_of_the_jobs_engine(cluster: Cluster) -> None:
    assert not await refusal(cluster, "slurm.time", "2:00:00")
    assert "Only the owner" in await refusal(cluster, "slurm.time", "2:00:00", is_owner=False)
    assert await refusal(cluster, "ray.x", "1") == "'ray.x' is an option of Ray, but the job is run by Slurm."
    assert "is used by fttui itself" in await refusal(cluster, "slurm.output", "/etc/passwd")
    assert "cannot be printed" in await refusal(cluster, "slurm.comment", "a\nb")
    cluster.configure(trainer={"engine": ""})
    assert "runs on this machine, without an engine" in await refusal(cluster, "slurm.time", "1")
    cluster.configure()
    assert "is not configured" in await refusal(cluster, "slurm.time", "1")
