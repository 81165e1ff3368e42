"""Model Studio from end to end, against a fake that its own SDK drives too."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fttui.api import providers
from fttui.api.providers import training_log
from fttui.models.spec import JobSpec
from fttui.store.create_once import create_once
from tests.api.conftest import Connect, connect
from tests.providers.conftest import KEY, Fttui
from tests.support.clock import FakeClock
from tests.support.fault_server import after, hang_up, in_thread
from tests.support.providers.dashscope import LOG, MODEL, FakeModelStudio, fail, job

__all__ = ["connect"]
LINE = '{"messages": [{"role": "user", "content": "q%d"}, {"role": "assistant", "content": "a"}]}\n'
CREATE = ("jobs", "create", "--model", MODEL)


@pytest.fixture
def service() -> Iterator[FakeModelStudio]:
    found = FakeModelStudio()
    with in_thread(found.server):
        yield found


@pytest.fixture
def fttui(near: Callable[..., Fttui], service: FakeModelStudio) -> Fttui:
    return near("dashscope", service.url)


def test_list_is_read_by_page_numbers(fttui: Fttui, service: FakeModelStudio) -> None:
    for number in range(250):
        service.put(job(number))
    listed = fttui("jobs", "list", "--all", "--json").json["data"]
    assert [raw["job_id"] for raw in listed] == [raw["job_id"] for raw in service.jobs]
    assert service.lines == [f"GET /api/v1/fine-tunes?page_no={number}&page_size=100" for number in (1, 2, 3)]
    assert len(fttui("jobs", "list", "--limit", "5").lines) == 5


def test_job_is_shown_in_our_words_and_printed_without_its_envelope(fttui: Fttui, service: FakeModelStudio) -> None:
    id = service.put(job(3, "FAILED", code="DataError", message="the data has no examples"))
    shown = dict(cells[:2] for cells in fttui("jobs", "get", id).cells)
    assert (shown["status"], shown["model"], shown["training file"]) == ("FAILED", MODEL, "file-train")
    assert "the data has no examples" in shown["error"]
    assert fttui("jobs", "get", id, "--json").json == service.jobs[0]
    assert fttui("jobs", "get", id, "--json", "--offline").json == service.jobs[0]


def test_old_job_has_its_files_in_a_list(fttui: Fttui, service: FakeModelStudio) -> None:
    id = service.put(job(1, training_datasets=None, training_file_ids=["old-file"]))
    assert dict(cells[:2] for cells in fttui("jobs", "get", id).cells)["training file"] == "old-file"


def test_log_lines_become_messages_and_metrics(fttui: Fttui, service: FakeModelStudio) -> None:
    id = service.put(job(1))
    service.logs[id] = list(LOG)
    assert fttui("jobs", "events", id, "--json").json["data"] == LOG
    header, *rows = (line.split(",") for line in fttui("jobs", "metrics", id, "--csv").lines)
    steps = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(step["step"], step["train_loss"], step["valid_loss"]) for step in steps] == [
        ("5", "2.5", ""),
        ("10", "nan", "1.75"),
    ]
    assert [cells[1] for cells in fttui("jobs", "events", id).cells].count("warn") == 1


def test_times_without_a_zone_are_of_beijing() -> None:
    [(event, _)] = training_log.events(LOG[:1])
    assert event["created_at"] == "2026-10-29T16:54:00+08:00"
    assert training_log.beijing("2026-10-29T16:54:00Z") == "2026-10-29T16:54:00Z"
    assert training_log.beijing(None) is None


@pytest.mark.parametrize(
    "line",
    [
        "{'loss': __import__('os')}",
        "{'loss': " + "[" * 900 + "]" * 900 + "}",
        "{'loss': 'x'}",
        "{" * 50,
        "{'loss': 1",
        "{}",
    ],
)
def test_line_that_is_no_dictionary_of_numbers_is_a_message(line: str) -> None:
    [(event, sent)] = training_log.events([line])
    assert (event["type"], event["message"], sent) == ("message", line, line)


async def test_long_log_is_read_once_and_then_from_its_end(connect: Connect) -> None:
    service = FakeModelStudio()
    id = service.put(job(1, "RUNNING", hyper_parameters={"logging_steps": 2}))
    service.logs[id] = [f"{{'loss': {number}}}" for number in range(2500)]
    async with service.server:
        client = connect(provider=providers.provider("dashscope", service.url), key=KEY)
        first = (await client.list_events(id)).items
        before = len(service.lines)
        service.logs[id].append("{'loss': 0.5}")
        second = (await client.list_events(id)).items
    assert [event.step for event in (first[0], first[-1], second[0])] == [5000, 2, 5002]
    assert service.lines[before:] == [f"GET /api/v1/fine-tunes/{id}/logs?offset=2000&line=1000"]


@pytest.mark.parametrize("old", [False, True])
def test_checkpoints_of_both_shapes(fttui: Fttui, service: FakeModelStudio, old: bool) -> None:
    id = service.put(job(1))
    sent = [
        {"checkpoint": "checkpoint-20", "checkpoint_id": f"{id}:checkpoint-20", "create_time": "2026-10-29T16:55:00"}
    ]
    service.checkpoints[id] = {"checkpoints": sent} if old else sent
    assert fttui("jobs", "checkpoints", id, "--json").json["data"] == sent
    assert fttui("jobs", "checkpoints", id).cells[0][:2] == [f"{id}:checkpoint-20", "20"]


def test_archive_sync_keeps_everything_and_reads_it_offline(fttui: Fttui, service: FakeModelStudio) -> None:
    for number in range(3):
        service.logs[service.put(job(number))] = list(LOG)
    service.add_file(b"{}\n")
    assert fttui("archive", "sync", "--json").json["read"] == 3
    before = len(service.lines)
    assert len(fttui("jobs", "events", job(1)["job_id"], "--offline").lines) == len(LOG)
    assert fttui("files", "list", "--offline", "--json").json["data"] == list(service.files.values())
    assert len(service.lines) == before


# Creating


def test_create_uploads_by_the_compatible_route_and_names_the_job_by_its_token(
    fttui: Fttui, service: FakeModelStudio, home: Path
) -> None:
    (home / "t.jsonl").write_text("".join(LINE % number for number in range(12)))
    flags = ("--n-epochs", "2", "--batch-size", "auto", "--hyperparameter", "learning_rate=1.6e-5", "--suffix", "v1")
    made = fttui(*CREATE, "--training-file", "t.jsonl", *flags, "--hyperparameter", "training_type=efficient_sft")
    assert made.code == 0, made.err
    body = service.server.requests[-1].json()
    assert body.pop("job_name").startswith("fttui-")
    assert body == {
        "model": MODEL,
        "training_type": "efficient_sft",
        "training_datasets": [{"data_source_type": "file_id", "file_id": "file-ft-0000"}],
        "hyper_parameters": {"n_epochs": 2, "learning_rate": "1.6e-05"},
        "finetuned_output_suffix": "v1",
    }
    assert service.contents["file-ft-0000"] == (home / "t.jsonl").read_bytes()


async def test_lost_create_is_found_by_the_name_of_the_job(connect: Connect, clock: FakeClock) -> None:
    service = FakeModelStudio()
    remembered: list[str] = []

    async def remember(token: str, body: str) -> None:
        remembered.append(token)

    def lose(request: Any) -> None:
        service.put(job(9, "PENDING", job_name=request.json()["job_name"]))

    service.faults["POST /api/v1/fine-tunes"] = [after(lose, hang_up())]
    async with service.server:
        client = connect(provider=providers.provider("dashscope", service.url), key=KEY)
        outcome = await create_once(client, JobSpec(model=MODEL, training_file="file-1"), clock, remember)
    assert (outcome.ok, outcome.id) == (True, job(9)["job_id"])
    assert service.jobs[0]["job_name"] == f"fttui-{remembered[0]}"
    assert sum(line.startswith("POST") for line in service.lines) == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--learning-rate-multiplier", "2"], "has no learning_rate_multiplier: it takes learning_rate"),
        (["--method", "dpo"], "needs the hyperparameter training_type for dpo: dpo_full or dpo_lora"),
        (["--method", "reinforcement"], "does not offer the method reinforcement"),
        (["--hyperparameter", "training_type=dpo_lora"], "has no training_type dpo_lora for supervised"),
        (["--hyperparameter", "rank=8"], "has no rank"),
        (["--seed", "3"], "has no seed"),
        (["--wandb-project", "p"], "has no reports to Weights & Biases"),
        (["--metadata", "a=b"], "keeps no metadata, so it would be lost"),
    ],
)
def test_what_cannot_be_said_is_refused_before_a_request(
    fttui: Fttui, service: FakeModelStudio, flags: list[str], words: str
) -> None:
    refused = fttui(*CREATE, "--training-file", "file-a", *flags)
    assert refused.code == 2
    assert f"Model Studio {words}" in refused.err
    assert service.server.requests == []


# Other verbs


def test_cancel_and_delete(fttui: Fttui, service: FakeModelStudio) -> None:
    live, ended = service.put(job(1, "RUNNING")), service.put(job(2))
    assert fttui("jobs", "cancel", live, "--yes", "--json").json["status"] == "CANCELING"
    assert fttui("jobs", "delete", ended, "--yes").code == 0
    assert [raw["job_id"] for raw in service.jobs] == [live]


def test_errors_have_their_code_and_a_region_its_hint(connect: Connect) -> None:
    from fttui.api.errors import BadRequest
    from fttui.api.http import Http
    from fttui.api.providers.dashscope import ModelStudio

    http = Http(providers.provider("dashscope", "https://dashscope-intl.aliyuncs.com/api/v1"), clock=FakeClock())
    assert "open in Beijing only" in ModelStudio(http)._with_region(BadRequest("no")).hint


def test_faults_are_told_in_one_line(fttui: Fttui, service: FakeModelStudio) -> None:
    service.faults["GET /api/v1/fine-tunes"] = [fail(400, "InvalidParameter", "page_no is wrong")]
    refused = fttui("jobs", "list")
    assert (refused.code, refused.err) == (1, "fttui: page_no is wrong (400)\n")


def test_files_and_models(fttui: Fttui, service: FakeModelStudio, home: Path) -> None:
    (home / "t.jsonl").write_text(LINE % 1)
    id = fttui("files", "upload", "t.jsonl").out.strip()
    assert fttui("files", "get", id, "--json").json == service.files[id]
    assert fttui("files", "download", id, "-o", "copy.jsonl").code == 0
    assert [raw["id"] for raw in fttui("models", "list", "--json").json["data"]] == [MODEL]
    assert fttui("files", "delete", id, "--yes").code == 0
