"""Together from end to end, against a fake that its own SDK drives too (`test_sdks.py`)."""

import json
import math
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fttui.api import providers
from fttui.config.paths import archive_file
from fttui.models.spec import JobSpec
from fttui.store.create_once import create_once
from tests.api.conftest import Connect, connect
from tests.providers.conftest import KEY, Fttui
from tests.support.clock import FakeClock
from tests.support.fault_server import hang_up, in_thread, refuse, send_json
from tests.support.providers.together import MODEL, NOW, FakeTogether, event, job, row

__all__ = ["connect"]
LINE = '{"messages": [{"role": "user", "content": "q%d"}, {"role": "assistant", "content": "a"}]}\n'
CREATE = ("jobs", "create", "--model", MODEL)


@pytest.fixture
def service() -> Iterator[FakeTogether]:
    found = FakeTogether()
    with in_thread(found.server):
        yield found


@pytest.fixture
def fttui(near: Callable[..., Fttui], service: FakeTogether) -> Fttui:
    return near("together", service.server.url)


def trained(service: FakeTogether, number: int = 1, status: str = "completed") -> str:
    """Add a job that has trained 20 steps, with one evaluation. Return its id."""
    id = service.put(job(number, status))
    service.events[id] = [
        event("job_pending", "Job started", NOW),
        event("training_start", "Training started", NOW + 1, total_steps=20),
        event("epoch_complete", "Epoch 1 done", NOW + 30, step=10, total_steps=20, level="legacy_iwarning"),
        event("job_complete", "Job finished", NOW + 50, step=20, total_steps=20),
    ]
    service.metrics[id] = [row(step, 2 - step / 10, NOW + 2 * step) for step in (1, 10, 20)]
    service.metrics[id].append(row(10, 1.5, 0, evaluation=True))
    service.checkpoints[id] = [
        {"step": 20, "created_at": "2027-01-15T08:00:40Z", "path": "s3://a", "checkpoint_type": "Final"},
        *(
            {"step": 10, "created_at": "2027-01-15T08:00:20Z", "path": f"s3://{kind}", "checkpoint": kind}
            | {"checkpoint_type": "Intermediate (step 10)", "object_id": "ml_1", "object_name": "acme/x"}
            for kind in ("model", "adapter")
        ),
    ]
    return id


# Reading


def test_list_without_order_is_listed_newest_first(fttui: Fttui, service: FakeTogether) -> None:
    for number in (2, 7, 1, 5):
        service.put(job(number, "running" if number == 7 else "completed"))
    listed = fttui("jobs", "list", "--json").json
    assert [raw["id"] for raw in listed["data"]] == [job(number)["id"] for number in (7, 5, 2, 1)]
    assert listed["has_more"] is False
    assert listed["data"][1] == {name: value for name, value in job(5).items() if name in listed["data"][1]}
    assert service.lines == ["GET /fine-tunes"]


def test_job_is_shown_in_our_words_and_printed_as_sent(fttui: Fttui, service: FakeTogether) -> None:
    raw = job(3, random_seed=7, training_method={"method": "dpo", "dpo_beta": 0.2}, wandb_key="sk-wandb-secret")
    id = service.put(raw)
    shown = dict(cells[:2] for cells in fttui("jobs", "get", id).cells)
    assert (shown["status"], shown["method"], shown["seed"]) == ("completed", "dpo", "7")
    assert shown["cost"] == "1.25 USD", "the price is in parts of a thousand million"
    printed = fttui("jobs", "get", id, "--json")
    assert printed.json == raw | {"wandb_key": ""}
    assert "sk-wandb-secret" not in printed.out
    assert fttui("jobs", "get", id, "--json", "--offline").json == printed.json


def test_list_has_the_bill_of_each_ended_job_and_sorts_by_it(fttui: Fttui, service: FakeTogether) -> None:
    for number, (status, dollars) in enumerate((("completed", 3), ("cancelled", 0.5), ("running", 0))):
        service.put(job(number, status, total_price=int(dollars * 1e9)))
    listed = fttui("jobs", "list", "--filter", "cost>0.1", "--sort", "-cost")
    assert [cells[0] for cells in listed.cells] == [job(number)["id"] for number in (0, 1)], listed.err
    assert [bool({"3.0", "0.5"} & set(cells)) for cells in listed.cells] == [True, True]
    offline = fttui("jobs", "list", "--filter", "cost>0.1", "--sort", "-cost", "--offline")
    assert offline.lines == listed.lines


def test_failed_job_has_the_reason_of_its_last_error(fttui: Fttui, service: FakeTogether) -> None:
    reason = event("job_user_error", "The data has no examples", NOW, level="error")
    id = service.put(job(1, "user_error", events=[event("job_start", "go", NOW), reason]))
    assert "The data has no examples" in fttui("jobs", "get", id).out


def test_events_are_messages_and_metrics_in_order(fttui: Fttui, service: FakeTogether) -> None:
    id = trained(service)
    found = fttui("jobs", "events", id, "--json").json["data"]
    assert [item.get("message") or item.get("train/global_step") for item in found] == [
        *("Job started", "Training started", 1, 10, 10, "Epoch 1 done", 20, "Job finished"),
    ]
    levels = [cells[1] for cells in fttui("jobs", "events", id).cells]
    assert levels.count("warn") == 1


def test_metrics_have_our_names_and_keep_nan(fttui: Fttui, service: FakeTogether) -> None:
    id = trained(service)
    service.metrics[id].append(row(15, math.nan, NOW + 33))
    lines = fttui("jobs", "metrics", id, "--csv").lines
    header = lines[0].split(",")
    rows = [dict(zip(header, line.split(","), strict=True)) for line in lines[1:]]
    assert {"step", "train_loss", "valid_loss", "learning_rate", "grad_norm", "epoch"} <= set(header)
    assert [(item["step"], item["valid_loss"]) for item in rows] == [("1", ""), ("10", "1.5"), ("15", ""), ("20", "")]
    assert rows[2]["train_loss"] == "nan"
    alarms = fttui("jobs", "alarms", id, "--json").json["data"]
    assert [alarm["kind"] for alarm in alarms] == ["non_finite"]


def test_checkpoints_of_one_step_stay_apart(fttui: Fttui, service: FakeTogether) -> None:
    id = trained(service)
    found = fttui("jobs", "checkpoints", id, "--json").json["data"]
    assert sorted(found, key=str) == sorted(service.checkpoints[id], key=str)
    assert [cells[0] for cells in fttui("jobs", "checkpoints", id).cells] == [
        f"{id}:10:model",
        f"{id}:10:adapter",
        f"{id}:20",
    ]


def test_job_without_metrics_yet_has_its_events(fttui: Fttui, service: FakeTogether) -> None:
    id = service.put(job(1, "queued"))
    service.events[id] = [event("job_pending", "Job pending", NOW)]
    service.faults[f"GET /fine-tunes/{id}/metrics"] = [send_json({"message": "no metrics"}, 404)] * 9
    assert "Job pending" in fttui("jobs", "events", id).out


def test_archive_sync_keeps_everything_and_reads_it_offline(fttui: Fttui, service: FakeTogether) -> None:
    ids = [trained(service, number) for number in range(3)]
    service.add_file("train.jsonl", b"{}\n")
    synced = fttui("archive", "sync", "--json")
    assert (synced.code, synced.json["read"], synced.json["failed"]) == (0, 3, {})
    before = len(service.lines)
    assert len(fttui("jobs", "events", ids[0], "--offline").lines) == 8
    assert len(fttui("jobs", "checkpoints", ids[0], "--offline").lines) == 3
    assert fttui("files", "list", "--offline", "--json").json["data"] == list(service.files.values())
    assert len(service.lines) == before
    again = fttui("archive", "sync", "--json")
    assert (again.json["read"], again.json["unchanged"]) == (0, 3)


# Creating


def test_create_uploads_asks_for_limits_and_price_and_sends_one_request(
    fttui: Fttui, service: FakeTogether, home: Path
) -> None:
    (home / "t.jsonl").write_text("".join(LINE % number for number in range(12)))
    made = fttui(*CREATE, "--training-file", "t.jsonl", "--suffix", "v1", "--seed", "5", "--n-epochs", "2")
    assert (made.code, made.out) == (0, "ft-00000000-0000\n"), made.err
    assert "The provider estimates a cost of 4.20 USD" in made.err
    assert service.lines == [
        "GET /fine-tunes/models/limits",
        "POST /files/upload",
        "POST /fine-tunes/estimate-price",
        "POST /fine-tunes",
    ]
    assert service.contents["file-0000"] == (home / "t.jsonl").read_bytes()
    assert service.server.requests[-1].json() == {
        "model": MODEL,
        "training_file": "file-0000",
        "training_method": {"method": "sft", "train_on_inputs": "auto"},
        "suffix": "v1",
        "random_seed": 5,
        "n_epochs": 2,
    }


@pytest.mark.parametrize(
    ("flags", "members"),
    [
        (["--n-epochs", "auto", "--batch-size", "auto", "--learning-rate-multiplier", "auto"], {}),
        (
            ["--method", "dpo", "--beta", "0.3", "--hyperparameter", "rpo_alpha=0.5"],
            {"training_method": {"method": "dpo", "dpo_beta": 0.3, "rpo_alpha": 0.5}},
        ),
        (
            ["--hyperparameter", "lora_r=16", "--hyperparameter", "learning_rate=1e-4"],
            {"training_type": {"type": "Lora", "lora_r": 16, "lora_alpha": 32}, "learning_rate": 1e-4},
        ),
        (["--hyperparameter", "training_type=full"], {"training_type": {"type": "Full"}}),
        (
            ["--hyperparameter", "lr_scheduler_type=cosine", "--hyperparameter", "num_cycles=0.25"],
            {
                "lr_scheduler": {
                    "lr_scheduler_type": "cosine",
                    "lr_scheduler_args": {"min_lr_ratio": 0.0, "num_cycles": 0.25},
                }
            },
        ),
        (["--hyperparameter", "packing=false", "--hyperparameter", "n_evals=4"], {"packing": False, "n_evals": 4}),
    ],
)
def test_settings_become_members_of_the_request(
    fttui: Fttui, service: FakeTogether, flags: list[str], members: dict[str, Any]
) -> None:
    file = service.add_file("t.jsonl", b"{}\n")["id"]
    made = fttui(*CREATE, "--training-file", file, *flags)
    assert made.code == 0, made.err
    body = service.server.requests[-1].json()
    sft = {"method": "sft", "train_on_inputs": "auto"}
    assert body == {"model": MODEL, "training_file": file, "training_method": sft} | members


def test_checkpoint_replaces_the_model(fttui: Fttui, service: FakeTogether) -> None:
    file = service.add_file("t.jsonl", b"{}\n")["id"]
    assert fttui(*CREATE, "--training-file", file, "--hyperparameter", "from_checkpoint=ft-1:10").code == 0
    body = service.server.requests[-1].json()
    assert (body["from_checkpoint"], "model" in body) == ("ft-1:10", False)


def test_key_of_weights_and_biases_comes_from_the_environment_and_is_not_kept(
    fttui: Fttui, service: FakeTogether, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = service.add_file("t.jsonl", b"{}\n")["id"]
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    refused = fttui(*CREATE, "--training-file", file, "--wandb-project", "p")
    assert (refused.code, "set WANDB_API_KEY" in refused.err) == (2, True)
    monkeypatch.setenv("WANDB_API_KEY", "wandb-secret-key")
    assert fttui(*CREATE, "--training-file", file, "--wandb-project", "p").code == 0
    body = service.server.requests[-1].json()
    assert (body["wandb_project_name"], body["wandb_key"]) == ("p", "wandb-secret-key")
    assert not any(b"wandb-secret-key" in path.read_bytes() for path in (home / "data").rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--learning-rate-multiplier", "2"], "Together has no learning_rate_multiplier: it takes learning_rate"),
        (["--method", "reinforcement"], "Together does not offer the method reinforcement"),
        (["--hyperparameter", "beta=1"], "Together has no beta for supervised"),
        (["--hyperparameter", "lora_alpha=8"], "takes lora_alpha only together with lora_r"),
        (
            ["--hyperparameter", "training_type=full", "--hyperparameter", "lora_r=8"],
            "no lora_r with training_type full",
        ),
        (["--hyperparameter", "training_type=qlora"], "no training_type qlora"),
        (
            ["--hyperparameter", "lr_scheduler_type=linear", "--hyperparameter", "num_cycles=1"],
            "takes num_cycles only with lr_scheduler_type cosine",
        ),
        (["--hyperparameter", "rank=8"], "Together has no rank"),
        (["--metadata", "a=b"], "keeps no metadata, so it would be lost"),
        (["--suffix", "x" * 41], "a suffix of at most 40 characters, not 41"),
    ],
)
def test_what_cannot_be_said_is_refused_before_a_request(
    fttui: Fttui, service: FakeTogether, flags: list[str], words: str
) -> None:
    refused = fttui(*CREATE, "--training-file", "file-a", *flags)
    assert refused.code == 2
    assert words in refused.err
    assert service.server.requests == []


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--n-epochs", "21"], "takes a n_epochs of at most 20"),
        (["--batch-size", "4"], "takes a batch_size of at least 8"),
        (["--hyperparameter", "lora_r=128"], "takes a lora_r of at most 64"),
        (["--yes", "--hyperparameter", "lora_r=8,128"], "takes a lora_r of at most 64"),
        (["--hyperparameter", "learning_rate=0.5"], "takes a learning_rate of at most 0.01"),
        (["--method", "dpo", "--batch-size", "20"], "takes a batch_size of at most 16"),
        (["--model", "gpt-4"], "does not tune gpt-4: Model gpt-4 is not available for fine-tuning"),
    ],
)
def test_limits_of_the_model_are_checked_before_the_upload(
    fttui: Fttui, service: FakeTogether, home: Path, flags: list[str], words: str
) -> None:
    (home / "t.jsonl").write_text("".join(LINE % number for number in range(12)))
    refused = fttui(*CREATE, "--training-file", "t.jsonl", *flags)
    assert refused.code == 2
    assert words in refused.err
    assert service.lines == ["GET /fine-tunes/models/limits"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"allowed_to_proceed": False, "user_limit": 1.5}, "a cost of 4.20 USD, and the limit of the account is 1.50"),
        ({"estimation_available": False, "unavailable_reason": "train_file_invalid"}, "refuses the data: line 3"),
    ],
)
def test_estimate_may_refuse_the_job(fttui: Fttui, service: FakeTogether, answer: dict[str, Any], words: str) -> None:
    file = service.add_file("t.jsonl", b"{}\n")
    file |= {"processing_status": "INVALID_FORMAT", "validation_report": {"valid": False, "error": "line 3 is bad"}}
    service.price |= answer
    refused = fttui(*CREATE, "--training-file", file["id"])
    assert refused.code == 1
    assert words in refused.err
    assert "POST /fine-tunes" not in service.lines


@pytest.mark.parametrize("price", [refuse(500), send_json({"estimation_available": False, "unavailable_reason": "x"})])
def test_job_is_created_without_an_estimate(fttui: Fttui, service: FakeTogether, price: Any) -> None:
    file = service.add_file("t.jsonl", b"{}\n")["id"]
    service.faults["POST /fine-tunes/estimate-price"] = [price] * 9
    made = fttui(*CREATE, "--training-file", file)
    assert (made.code, "estimates" in made.err) == (0, False)


async def test_lost_create_is_not_sent_again_and_names_a_job_like_it(connect: Connect, clock: FakeClock) -> None:
    service = FakeTogether()
    spec = JobSpec(model=MODEL, training_file=service.add_file("t", b"")["id"], suffix="s")
    lost = job(9, "pending", training_file=spec.training_file, created_at="2030-01-01T00:00:00Z")
    service.put(lost)
    service.faults["POST /fine-tunes"] = [hang_up()]

    async def remember(token: str, body: str) -> None:
        raise AssertionError("no token can come back")

    async with service.server:
        client = connect(provider=providers.provider("together", service.server.url), key=KEY)
        outcome = await create_once(client, spec, clock, remember)
    assert (outcome.ok, outcome.ambiguous) == (False, True)
    assert f"Possibly {lost['id']}" in outcome.message
    assert service.lines.count("POST /fine-tunes") == 1


# Other verbs


def test_cancel_and_delete(fttui: Fttui, service: FakeTogether) -> None:
    live, ended = service.put(job(1, "running")), service.put(job(2))
    assert fttui("jobs", "cancel", live, "--yes").code == 0
    assert service.jobs[live]["status"] == "cancel_requested"
    assert fttui("jobs", "delete", ended, "--yes").code == 0
    assert ended not in service.jobs


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_verbs_that_it_lacks_are_refused_without_a_request(fttui: Fttui, service: FakeTogether, verb: str) -> None:
    refused = fttui("jobs", verb, service.put(job(1, "running")))
    assert refused.code == 2
    assert f"near does not offer {verb}" in refused.err
    assert not any(line.startswith("POST") for line in service.lines)


def test_files_and_models(fttui: Fttui, service: FakeTogether, home: Path) -> None:
    (home / "t.jsonl").write_text(LINE % 1)
    id = fttui("files", "upload", "t.jsonl").out.strip()
    assert fttui("files", "get", id, "--json").json == service.files[id]
    assert fttui("files", "download", id, "-o", "copy.jsonl").code == 0
    assert (home / "copy.jsonl").read_text() == LINE % 1
    assert [raw["id"] for raw in fttui("models", "list", "--json").json["data"]] == [MODEL]
    assert fttui("files", "delete", id, "--yes").code == 0
    assert service.files == {}


@pytest.mark.parametrize(
    ("name", "flags", "query"),
    [
        ("{id}", [], "checkpoint=adapter"),
        ("acme/llama-support-1", ["--merged"], "checkpoint=merged"),
        ("{id}:10:adapter", [], "checkpoint=adapter&checkpoint_step=10"),
    ],
)
def test_weights_are_downloaded_by_the_name_of_a_job_a_model_or_a_checkpoint(
    fttui: Fttui, service: FakeTogether, home: Path, name: str, flags: list[str], query: str
) -> None:
    id = service.put(job(1))
    done = fttui("models", "export", name.format(id=id), "-o", "out", "--json", *flags)
    assert done.code == 0, done.err
    [file] = done.json["files"]
    assert (home / "out" / file).read_bytes() == service.weights
    assert (done.json["bytes"], f"{file}: 2.0 kB" in done.err) == (2048, True)
    asked, sent = (request for request in service.server.requests if "/finetune/download" in request.target)
    assert asked.target == sent.target == f"/v1/finetune/download?ft_id={id}&{query}"
    assert (asked.headers["range"], sent.headers["range"]) == ("bytes=0-1", "bytes=0-")
    assert fttui("models", "export", name.format(id=id), "-o", "out", *flags).code == 0, "it is complete"


def test_weights_of_a_running_job_are_refused_with_what_to_do(fttui: Fttui, service: FakeTogether) -> None:
    id = service.put(job(1, "running"))
    refused = fttui("models", "export", id, "-o", "out")
    assert (refused.code, f"For a checkpoint: {id}:STEP" in refused.err) == (2, True)
    assert "GET /finetune/download" not in service.lines


def test_doctor_names_what_answers_and_what_is_missing(fttui: Fttui, service: FakeTogether) -> None:
    service.put(job(1))
    found = fttui("doctor")
    assert "Together answers" in found.out
    assert "supported: jobs, files, models, events, checkpoints" in found.out


def test_key_of_the_provider_is_named_where_it_is_missing(bare: Fttui) -> None:
    refused = bare("jobs", "list", "--base-url", "https://api.together.ai/v1")
    assert refused.code == 4
    assert "set TOGETHER_API_KEY" in refused.err


def test_archive_holds_the_translated_job_with_the_sent_one_inside(
    fttui: Fttui, service: FakeTogether, home: Path
) -> None:
    id = service.put(job(4))
    assert fttui("jobs", "get", id).code == 0
    with sqlite3.connect(archive_file()) as db:
        [stored] = [json.loads(raw) for (raw,) in db.execute("SELECT raw FROM bodies")]
    assert (stored["status"], stored["fttui.sent"]) == ("completed", job(4))
