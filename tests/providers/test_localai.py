"""LocalAI from end to end: states move only while the progress of a job is read."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fttui.api import providers
from fttui.api.providers import localai
from tests.api.conftest import Connect, connect
from tests.providers.conftest import Fttui
from tests.support.fault_server import in_thread
from tests.support.providers.localai import FakeLocalAI, job, progress

__all__ = ["connect"]
LINE = '{"messages": [{"role": "user", "content": "q%d"}, {"role": "assistant", "content": "a"}]}\n'
CREATE = ("jobs", "create", "--model", "qwen")


@pytest.fixture
def service() -> Iterator[FakeLocalAI]:
    found = FakeLocalAI()
    with in_thread(found.server):
        yield found


@pytest.fixture
def fttui(near: Callable[..., Fttui], service: FakeLocalAI) -> Fttui:
    return near("localai", service.url)


def test_list_tells_the_state_after_reading_the_progress(fttui: Fttui, service: FakeLocalAI) -> None:
    service.put(job(1))
    id = service.put(job(2, "queued"))
    service.reports[id] = [progress(1, loss=2.5)]
    assert [cells[:2] for cells in fttui("jobs", "list").cells] == [[id, "training"], [job(1)["id"], "completed"]]
    assert service.lines == [
        "GET /api/fine-tuning/jobs",
        f"GET /api/fine-tuning/jobs/{id}/progress",
        *service.lines[2:],
    ]
    assert len(service.lines) == 3, "the stream of the finished job is not read"
    assert service.open == 0, "the command has closed it"


def test_finished_jobs_are_listed_with_one_request(fttui: Fttui, service: FakeLocalAI) -> None:
    service.put(job(1))
    assert fttui("jobs", "list", "--json").json["data"] == service.jobs
    assert service.lines == ["GET /api/fine-tuning/jobs"]


def test_silent_stream_does_not_hold_a_command(
    fttui: Fttui, service: FakeLocalAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(localai, "FIRST_MESSAGE", 0.01)
    id = service.put(job(1, "queued"))
    assert fttui("jobs", "get", id, "--json").json["status"] == "queued"


async def test_stream_stays_open_while_the_client_lives(connect: Connect) -> None:
    service = FakeLocalAI()
    id = service.put(job(1, "queued"))
    service.reports[id] = [
        progress(0, "loading_model", message="loading the model"),
        progress(1, loss=2.5, learning_rate=2e-4),
        progress(1, loss=2.5, learning_rate=2e-4),
        progress(5, eval_loss=1.5),
        progress(9, loss=1.25, checkpoint_path="/out/9"),
    ]
    async with service.server:
        client = connect(provider=providers.provider("localai", service.url), key=None)
        await client.list_jobs()
        polls = client.with_tries(1)
        while len(events := (await polls.list_events(id)).items) < 6:
            assert service.open <= 1
        streams = [line for line in service.lines if line.endswith("/progress")]
        assert len(streams) == 1, "all clients share the stream"
        await client.close()
    told = [(event.type, event.step, dict(event.metrics)) for event in reversed(events)]
    assert told == [
        ("message", None, {}),
        ("metrics", 1, {"train_loss": 2.5, "learning_rate": 2e-4, "epoch": 0.1}),
        ("message", 1, {}),
        ("metrics", 5, {"valid_loss": 1.5}),
        ("metrics", 9, {"train_loss": 1.25, "epoch": 0.9}),
        ("message", 9, {}),
    ]


def test_failed_job_has_its_message_as_the_reason(fttui: Fttui, service: FakeLocalAI) -> None:
    id = service.put(job(1, "failed", message="out of memory"))
    shown = dict(cells[:2] for cells in fttui("jobs", "get", id).cells)
    assert (shown["status"], shown["error"], shown["n epochs"]) == ("failed", "out of memory", "3")


def test_create_uploads_the_data_and_reads_the_job(fttui: Fttui, service: FakeLocalAI, home: Path) -> None:
    (home / "t.jsonl").write_text("".join(LINE % number for number in range(12)))
    flags = ("--n-epochs", "2", "--hyperparameter", "adapter_rank=8", "--hyperparameter", "packing=true", "--seed", "4")
    made = fttui(*CREATE, "--training-file", "t.jsonl", *flags, "--json")
    assert made.code == 0, made.err
    assert made.json == service.jobs[0]
    assert service.jobs[0]["config"] == {
        "model": "qwen",
        "dataset_source": "/data/1.jsonl",
        "backend": "trl",
        "training_method": "sft",
        "num_epochs": 2,
        "adapter_rank": 8,
        "seed": 4,
        "extra_options": {"packing": "true"},
    }
    assert service.uploads == [(home / "t.jsonl").read_bytes()]


def test_dpo_has_its_beta_among_the_extra_options(fttui: Fttui, service: FakeLocalAI) -> None:
    assert fttui(*CREATE, "--training-file", "hf://org/data", "--method", "dpo", "--beta", "0.2").err == (
        "hf://org/data is not checked: the provider reads it itself.\n"
    )
    config = service.jobs[0]["config"]
    assert (config["training_method"], config["extra_options"]) == ("dpo", {"beta": "0.2"})
    assert config["dataset_source"] == "org/data"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--method", "reinforcement"], "does not offer the method reinforcement"),
        (["--learning-rate-multiplier", "2"], "has no learning_rate_multiplier: it takes learning_rate"),
        (["--suffix", "s"], "has no suffix"),
        (["--validation-file", "v"], "has no validation file"),
        (["--hyperparameter", "rank=8"], "has no rank"),
    ],
)
def test_what_cannot_be_said_is_refused_before_a_request(
    fttui: Fttui, service: FakeLocalAI, flags: list[str], words: str
) -> None:
    refused = fttui(*CREATE, "--training-file", "hf://org/data", *flags)
    assert (refused.code, words in refused.err) == (2, True)
    assert service.server.requests == []


def test_finished_job_is_not_stopped(fttui: Fttui, service: FakeLocalAI) -> None:
    ended = service.put(job(1))
    refused = fttui("jobs", "cancel", ended, "--yes")
    assert (refused.code, "already completed" in refused.err) == (1, True)
    assert service.jobs[0]["status"] == "completed"


def test_cancel_and_delete(fttui: Fttui, service: FakeLocalAI) -> None:
    id = service.put(job(1, "training"))
    service.reports[id] = [progress(1, loss=1.0)]
    assert fttui("jobs", "cancel", id, "--yes").code == 0
    assert f"POST /api/fine-tuning/jobs/{id}/stop?save_checkpoint=true" in service.lines
    assert fttui("jobs", "delete", id, "--yes").code == 0
    assert service.jobs == []


def test_checkpoints_and_archive(fttui: Fttui, service: FakeLocalAI) -> None:
    id = service.put(job(1))
    sent: dict[str, Any] = {"path": "/out/5", "step": 5, "epoch": 1, "loss": 1.5, "created_at": "2026-10-29T17:00:00Z"}
    service.checkpoints[id] = [sent]
    service.put(job(2))
    assert fttui("jobs", "checkpoints", id, "--json").json["data"] == [sent]
    assert fttui("archive", "sync", "--json").json["read"] == 2
    before = len(service.lines)
    assert fttui("jobs", "get", id, "--offline", "--json").json == job(1)
    assert fttui("jobs", "checkpoints", id, "--offline", "--json").json["data"] == [sent]
    assert len(service.lines) == before


def test_base_url_alone_selects_it_without_a_key(bare: Fttui, service: FakeLocalAI) -> None:
    service.put(job(1))
    assert bare("jobs", "list", "--base-url", service.url).cells[0][1] == "completed"
    assert "authorization" not in service.server.requests[0].headers


def test_lists_that_it_lacks_are_named(fttui: Fttui) -> None:
    refused = fttui("files", "list")
    assert (refused.code, "no route for a list of data sets" in refused.err) == (1, True)
