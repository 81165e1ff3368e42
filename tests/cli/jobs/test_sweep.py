"""`fttui jobs create` with several values: the question, requests, output and the wait for all jobs."""

import sys
from pathlib import Path
from typing import Any

import pytest

from fttui.cli import confirm
from fttui.models import labels
from fttui.models.job import TOKEN_KEY
from tests.cli.conftest import Fttui
from tests.cli.jobs.test_create import MADE, POST, TRAIN
from tests.support.fault_server import after, hang_up, refuse, send_json
from tests.support.service import NOW, Service, job

SWEEP = [*MADE, "--suffix", "s", "--n-epochs", "1", "--n-epochs", "3", "--learning-rate-multiplier", "0.5"]
SWEEP += ["--learning-rate-multiplier", "2"]


def bodies(service: Service) -> list[Any]:
    """Return the bodies of the create requests."""
    return [request.json() for request in service.server.requests if request.path == "/v1/fine_tuning/jobs"]


def test_repeated_hyperparameters_create_one_job_for_each_combination(fttui: Fttui, service: Service) -> None:
    result = fttui(*SWEEP, "--yes")
    assert (result.code, result.lines) == (0, [f"ftjob-00{number}" for number in range(4)])
    sent = bodies(service)
    assert [body["suffix"] for body in sent] == ["s-e1-lr0.5", "s-e1-lr2", "s-e3-lr0.5", "s-e3-lr2"]
    assert sent[3]["method"]["supervised"]["hyperparameters"] == {"n_epochs": 3, "learning_rate_multiplier": 2}
    assert len({body["metadata"][labels.SWEEP] for body in sent}) == 1
    assert len({body["metadata"][TOKEN_KEY] for body in sent}) == 4
    assert result.err == "4 jobs: epochs 1, 3 × learning rate 0.5, 2. The price is not known.\n"


def test_without_a_terminal_and_without_yes_nothing_is_sent(fttui: Fttui, service: Service) -> None:
    result = fttui(*SWEEP)
    assert (result.code, result.out, service.lines) == (2, "", [])
    assert "--yes" in result.err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (
            ["--seed", "1", "--hyperparameter", f"seed={','.join(map(str, range(2, 60)))}"],
            "59 jobs; a sweep makes at most 50",
        ),
        (["--n-epochs", "1", "--n-epochs", "1"], "epochs: 1 is there twice"),
        (["--n-epochs", "1", "--n-epochs", "2", "--suffix", "x" * 63], "a suffix has at most 64"),
        (["--hyperparameter", "n_epochs=1,99"], "--n-epochs: 99: must be auto, or 1 to 50"),
        (["--hyperparameter", "lora_r=8,"], "--hyperparameter lora_r: a value is missing beside a comma"),
    ],
)
def test_wrong_values_exit_2_before_a_request(fttui: Fttui, service: Service, flags: list[str], words: str) -> None:
    result = fttui(*MADE, *flags, "--yes")
    assert (result.code, service.lines) == (2, [])
    assert words in result.err


@pytest.mark.parametrize(("answer", "code", "number"), [("y\n", 0, 4), ("n\n", 1, 0)])
def test_terminal_asks_once_below_the_names(
    fttui: Fttui, service: Service, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, number: int
) -> None:
    monkeypatch.setattr(confirm, "_is_terminal", lambda stream: True)
    monkeypatch.setattr(sys.stdin, "readline", lambda: answer)
    result = fttui(*SWEEP)
    assert (result.code, len(result.lines), len(bodies(service))) == (code, number, number)
    assert result.err.startswith(
        "  s-e1-lr0.5\n  s-e1-lr2\n  s-e3-lr0.5\n  s-e3-lr2\n"
        "Create 4 jobs (epochs 1, 3 × learning rate 0.5, 2)? The price is not known. [y/N] "
    )


def test_files_are_uploaded_once(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(TRAIN)
    flags = ["--hyperparameter", "seed=1,2,3", "--yes", "--json"]
    result = fttui("jobs", "create", "--model", "m", "--training-file", "t.jsonl", *flags)
    assert service.lines.count("POST /files") == 1
    assert [body["seed"] for body in bodies(service)] == [1, 2, 3]
    assert result.json["object"] == "list"
    assert [item["id"] for item in result.json["data"]] == ["ftjob-000", "ftjob-001", "ftjob-002"]
    assert result.json["has_more"] is False


def test_first_refusal_ends_the_sweep_and_exits_1(fttui: Fttui, service: Service) -> None:
    created = job(0, "queued")
    service.faults[POST] = [send_json(created), refuse(401, "no")]
    result = fttui(*SWEEP, "--yes")
    assert (result.code, result.lines, len(bodies(service))) == (1, ["ftjob-000"], 2)
    assert "1 of 4 jobs created; the provider refused the rest: " in result.err
    assert "Not created: s-e1-lr2, s-e3-lr0.5, s-e3-lr2" in result.err


def test_refusal_of_the_first_job_has_its_own_exit_code(fttui: Fttui, service: Service) -> None:
    service.faults[POST] = [refuse(401, "no")]
    result = fttui(*SWEEP, "--yes")
    assert (result.code, result.out, len(bodies(service))) == (4, "", 1)


def test_more_pairs_than_fit_exit_2_before_a_request(fttui: Fttui, service: Service) -> None:
    labels_of_user = [part for number in range(15) for part in ("--metadata", f"k{number}=v")]
    result = fttui(*SWEEP, *labels_of_user, "--yes")
    assert (result.code, service.lines) == (2, [])
    assert "16 pairs of metadata and settings; 15 fit beside the create token" in result.err


def test_lost_answer_of_one_job_is_found_and_the_sweep_continues(fttui: Fttui, service: Service) -> None:
    def make(request: Any) -> None:
        service.jobs.insert(0, job(7, "queued", **request.json()))

    service.faults[POST] = [after(make, hang_up())]
    result = fttui(*SWEEP, "--yes")
    assert (result.code, result.lines[0], len(result.lines)) == (0, "ftjob-007", 4)
    assert "found by its token" in result.err
    assert service.lines.count(POST) == 4


def test_lost_answer_of_a_job_that_is_not_found_ends_the_sweep(fttui: Fttui, service: Service) -> None:
    service.faults[POST] = [send_json(job(0, "queued")), hang_up()]
    result = fttui(*SWEEP, "--yes")
    assert (result.code, result.lines, service.lines.count(POST)) == (1, ["ftjob-000"], 2)
    assert "1 of 4 jobs created; the rest was not sent" in result.err
    assert "The job may exist" in result.err


def test_clone_with_several_values_is_a_sweep(fttui: Fttui, service: Service) -> None:
    old = {labels.SWEEP: "old", "team": "x"}
    service.jobs.append(job(0, user_provided_suffix="s", metadata=old, trained_tokens=3000))
    result = fttui("jobs", "clone", "ftjob-000", "--n-epochs", "2", "--n-epochs", "4", "--yes")
    assert (result.code, len(result.lines)) == (0, 2)
    assert [body["suffix"] for body in bodies(service)[-2:]] == ["s-e2", "s-e4"]
    assert all(body["metadata"]["team"] == "x" for body in bodies(service)[-2:])
    assert all(body["metadata"][labels.SWEEP] != "old" for body in bodies(service)[-2:])


def test_setting_without_a_field_is_a_hyperparameter_of_a_hosted_job(fttui: Fttui, service: Service) -> None:
    assert fttui(*MADE, "--hyperparameter", "lora_r=8", "--hyperparameter", "packing=true").code == 0
    [body] = bodies(service)
    assert body["method"]["supervised"]["hyperparameters"] == {"lora_r": 8, "packing": True}


@pytest.mark.parametrize(("ends", "code"), [(("succeeded", "succeeded"), 0), (("succeeded", "failed"), 1)])
def test_wait_ends_with_the_last_job(fttui: Fttui, service: Service, ends: tuple[str, str], code: int) -> None:
    for number, end in enumerate(ends):
        states = ["queued", "running"] + ["running"] * number + [end]
        service.faults[f"GET /fine_tuning/jobs/ftjob-00{number}"] = [
            send_json(job(number, state, user_provided_suffix=f"s-{number}")) for state in states
        ]
        service.events[f"ftjob-00{number}"] = [
            {
                "object": "fine_tuning.job.event",
                "id": f"m{number}",
                "created_at": NOW,
                "level": "info",
                "message": "Step",
                "type": "metrics",
                "data": {"step": 10, "total_steps": 10, "train_loss": 1.5, "full_valid_loss": 1.6 + number},
            }
        ]
    result = fttui(*MADE, "--seed", "1", "--seed", "2", "--yes", "--wait")
    assert (result.code, result.lines) == (code, ["ftjob-000", "ftjob-001"])
    lines = result.err.splitlines()
    assert "1 of 2 done · 1 running · best 1.600: s-0" in lines
    assert any(line.startswith("all done · ") and line.endswith("best 1.600: s-0") for line in lines)
