"""Pruning: what only resuming needs goes, models stay, the best and the last checkpoint stay whole."""

import os
from pathlib import Path

from fttui.server.service import Service
from fttui.server.storage import model_contents
from tests.server.conftest import add_job, run_until, until

MODEL = {"adapter_model.safetensors": 10, "adapter_config.json": 2}
STATE = {
    "optimizer.pt": 500,
    "scheduler.pt": 3,
    "rng_state_0.pth": 4,
    "global_step9/bf16_zero_pp_rank_0_optim_states.pt": 90,
}


def ended(service: Service, behaviour: str = "plain", epochs: int = 4) -> str:
    id = add_job(service, behaviour, hyperparameters={"n_epochs": epochs})
    run_until(service, id, "succeeded")
    until(lambda: not service.runner.tick() and not service.database.jobs.unfinished())
    return id


def fill(service: Service, id: str) -> dict[int, Path]:
    """Replace the models of a job by folders as transformers and DeepSpeed write them. Return them by step."""
    job = service.database.jobs.get(id)
    assert job is not None
    folders = {}
    for checkpoint in service.database.checkpoints.page(job, after=None, limit=99)[0]:
        model = service.database.models.get(checkpoint.model)
        assert model is not None
        folder = folders[checkpoint.step] = Path(service.paths.model(model))
        folder.unlink()
        for name, size in (MODEL | STATE).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"x" * size)
    model_contents.describe(service.paths.job(id), [folder.name for folder in folders.values()])
    return folders


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_dry_run_says_what_would_be_freed_and_removes_nothing(service: Service) -> None:
    id = ended(service)
    folders = fill(service, id)
    (found,) = service.runner.prune(None, dry_run=True)
    assert found.as_json() == {
        "id": id,
        "bytes": 2 * 597,
        "checkpoints": [{"step_number": step, "files": 4, "bytes": 597} for step in (4, 6)],
        "refusal": "",
    }
    assert all(names(folder) == {*MODEL, *STATE} for folder in folders.values())


def test_other_checkpoints_lose_only_what_resuming_needs(service: Service) -> None:
    id = ended(service)
    folders = fill(service, id)
    assert service.runner.prune([id], dry_run=False)[0].as_json()["bytes"] == 2 * 597
    assert {step: names(folder) for step, folder in folders.items()} == {
        8: {*MODEL, *STATE},
        6: set(MODEL),
        4: set(MODEL),
    }
    assert [model_contents.damage(str(folder)) for folder in folders.values()] == [""] * 3
    (again,) = service.runner.prune([id, id], dry_run=False)
    assert again.checkpoints == []


def test_best_checkpoint_stays_whole(service: Service) -> None:
    id = ended(service, "overfits")
    folders = fill(service, id)
    assert min(folders) == 60
    service.runner.prune([id], dry_run=False)
    whole = [step for step, folder in folders.items() if names(folder) == {*MODEL, *STATE}]
    assert sorted(whole) == [60, max(folders)]


def test_file_with_a_second_link_frees_nothing_and_a_link_out_of_the_job_is_not_followed(service: Service) -> None:
    id = ended(service)
    folders = fill(service, id)
    outside = Path(service.paths.home) / "outside"
    outside.mkdir()
    (outside / "optimizer.pt").write_bytes(b"mine")
    (folders[4] / "linked").symlink_to(outside)
    os.link(folders[4] / "optimizer.pt", outside / "second")
    (found,) = service.runner.prune([id], dry_run=False)
    assert [one.bytes for one in found.checkpoints] == [97, 597]
    assert (outside / "optimizer.pt").read_bytes() == b"mine"


def test_jobs_that_have_not_ended_are_left_alone(service: Service) -> None:
    id = add_job(service, "slow")
    run_until(service, id, "running")
    assert service.runner.prune(None, dry_run=False) == []
    refusals = [found.refusal for found in service.runner.prune([id, "ftjob-x"], dry_run=False)]
    assert refusals == ['it has status "running", and only ended jobs are pruned', "it does not exist"]


def test_finished_job_of_files_has_nothing_to_free(service: Service) -> None:
    ended(service)
    assert [found.as_json()["bytes"] for found in service.runner.prune(None, dry_run=False)] == [0]
