"""Vertex AI from end to end: long names, labels as metadata, a bucket for files, no events."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fttui.api import providers
from fttui.models.spec import JobSpec
from fttui.store.create_once import create_once
from tests.api.conftest import Connect, connect
from tests.providers.conftest import KEY, Fttui
from tests.support.clock import FakeClock
from tests.support.fault_server import after, hang_up, in_thread
from tests.support.providers.vertex import FakeVertex, fail, job

__all__ = ["connect"]
LINE = '{"contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]}]}\n'
CREATE = ("jobs", "create", "--model", "gemini-3.5-flash", "--training-file", "gs://acme/t.jsonl")


@pytest.fixture
def service() -> Iterator[FakeVertex]:
    found = FakeVertex()
    with in_thread(found.server):
        yield found


@pytest.fixture
def fttui(near: Callable[..., Fttui], service: FakeVertex) -> Fttui:
    return near("vertex", service.url, bucket="acme", storage_url=service.server.origin)


def test_jobs_of_all_pages_are_listed_newest_first(fttui: Fttui, service: FakeVertex) -> None:
    assert fttui("jobs", "list", "--json").json["data"] == []
    for number in (5, 30, 2, *(n for n in range(59) if n not in (5, 30, 2)), *range(60, 120)):
        service.put(job(number, createTime=f"2026-10-{1 + number // 24:02}T{number % 24:02}:00:00Z"))
    listed = fttui("jobs", "list", "--all", "--json").json["data"]
    times = [raw["createTime"] for raw in listed]
    assert (len(listed), times) == (119, sorted(times, reverse=True))
    assert "pageToken=100" in service.lines[-1]


def test_job_is_shown_in_our_words_and_printed_as_sent(fttui: Fttui, service: FakeVertex) -> None:
    id = service.put(job(1, labels={"team": "nlp"}))
    shown = dict(cells[:2] for cells in fttui("jobs", "get", id).cells)
    assert (shown["id"], shown["status"], shown["model"]) == (id, "JOB_STATE_SUCCEEDED", "gemini-3.5-flash")
    assert (shown["suffix"], shown["training file"]) == ("support", "gs://acme/t.jsonl")
    assert (shown["n epochs"], shown["adapter size"], shown["trained tokens"]) == ("3", "4", "4200")
    assert shown["metadata"] == "team=nlp"
    assert fttui("jobs", "get", id, "--json").json == service.jobs[0]


def test_checkpoints_are_members_of_the_job(fttui: Fttui, service: FakeVertex) -> None:
    id = service.put(job(1))
    found = fttui("jobs", "checkpoints", id)
    assert [cells[:2] for cells in found.cells] == [[f"{id}-1", "10"], [f"{id}-2", "20"]]


def test_job_without_events_is_never_called_stalled(fttui: Fttui, service: FakeVertex, clock: FakeClock) -> None:
    id = service.put(job(1, "RUNNING", createTime="2020-01-01T00:00:00Z"))
    shown = fttui("jobs", "events", id)
    assert (shown.code, shown.out, shown.err) == (0, "", "Vertex does not offer events.\n")
    assert fttui("jobs", "get", id).code == 0
    assert fttui("jobs", "alarms", id, "--json").json["data"] == []


def test_create_becomes_a_tuning_spec_with_labels(fttui: Fttui, service: FakeVertex) -> None:
    flags = ("--n-epochs", "2", "--learning-rate-multiplier", "0.5", "--hyperparameter", "adapter_size=8")
    made = fttui(*CREATE, *flags, "--batch-size", "auto", "--suffix", "v1", "--metadata", "team=nlp")
    assert (made.code, made.out) == (0, "7000\n"), made.err
    assert "gs://acme/t.jsonl is not checked" in made.err
    body = service.server.requests[-1].json()
    assert body["labels"].pop("fttui_create")
    assert body == {
        "baseModel": "gemini-3.5-flash",
        "supervisedTuningSpec": {
            "trainingDatasetUri": "gs://acme/t.jsonl",
            "hyperParameters": {"epochCount": 2, "learningRateMultiplier": 0.5, "adapterSize": "ADAPTER_SIZE_EIGHT"},
        },
        "tunedModelDisplayName": "v1",
        "labels": {"team": "nlp"},
    }


def test_preference_data_and_sweeps(fttui: Fttui, service: FakeVertex) -> None:
    made = fttui(*CREATE, "--method", "dpo", "--beta", "0.1", "--beta", "0.2", "--yes")
    assert (made.code, len(made.lines)) == (0, 2), made.err
    betas = [raw["preferenceOptimizationSpec"]["hyperParameters"]["beta"] for raw in service.jobs]
    assert betas == [0.1, 0.2]
    marks = {raw["labels"]["fttui_sweep"] for raw in service.jobs}
    assert len(marks) == 1


async def test_lost_create_is_found_by_its_label(connect: Connect, clock: FakeClock) -> None:
    service = FakeVertex()

    async def remember(token: str, body: str) -> None:
        pass

    def lose(request: Any) -> None:
        service.put(job(9, "PENDING", labels=request.json()["labels"]))

    service.faults["POST /tuningJobs"] = [after(lose, hang_up())]
    async with service.server:
        client = connect(provider=providers.provider("vertex", service.url), key=KEY)
        outcome = await create_once(client, JobSpec(model="m", training_file="gs://a/b"), clock, remember)
    assert (outcome.ok, outcome.id) == (True, "7009")
    assert sum(line.startswith("POST") for line in service.lines) == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--batch-size", "8"], "Vertex has no batch_size"),
        (["--seed", "3"], "Vertex has no seed"),
        (["--beta", "0.1"], "Vertex has a beta for dpo only"),
        (["--hyperparameter", "adapter_size=3"], "Vertex has no adapter_size 3: it is 1, 2, 4, 8, 16, 32"),
        (["--metadata", "team=NLP"], "keeps metadata as labels: at most 63 of a-z, 0-9, _ and -, not team=NLP"),
        (["--validation-file", "oss://b/v"], "takes data at gs:// only, not oss://b/v"),
    ],
)
def test_what_cannot_be_said_is_refused_before_a_request(
    fttui: Fttui, service: FakeVertex, flags: list[str], words: str
) -> None:
    refused = fttui(*CREATE, *flags)
    assert (refused.code, words in refused.err) == (2, True), refused.err
    assert service.server.requests == []


def test_cancel_reads_the_job_again(fttui: Fttui, service: FakeVertex) -> None:
    id = service.put(job(1, "RUNNING"))
    assert fttui("jobs", "cancel", id, "--yes", "--json").json["state"] == "JOB_STATE_CANCELLED"
    assert f"POST /tuningJobs/{id}:cancel" in service.lines
    assert "error" not in dict(cells[:2] for cells in fttui("jobs", "get", id).cells), "a cancelled job has not failed"


def test_files_are_in_the_bucket(fttui: Fttui, service: FakeVertex, home: Path) -> None:
    (home / "t.jsonl").write_text(LINE)
    id = fttui("files", "upload", "t.jsonl").out.strip()
    assert (id.startswith("gs://acme/fttui/"), id.endswith("/t.jsonl")) == (True, True)
    assert fttui("files", "list").cells[0][0] == id
    assert fttui("files", "download", id, "-o", "copy.jsonl").code == 0
    assert (home / "copy.jsonl").read_text() == LINE
    assert fttui("files", "delete", id, "--yes").code == 0
    assert service.objects == {}


def test_data_is_converted_and_then_uploaded(fttui: Fttui, service: FakeVertex, home: Path) -> None:
    chat = '{"messages": [{"role": "user", "content": "q%d"}, {"role": "assistant", "content": "a"}]}\n'
    (home / "t.jsonl").write_text("".join(chat % number for number in range(12)))
    make = ("jobs", "create", "--model", "gemini-3.5-flash", "--training-file")
    refused = fttui(*make, "t.jsonl")
    assert (refused.code, "the provider reads another form" in refused.err) == (1, True), refused.err
    assert service.server.requests == []
    assert fttui("files", "check", "t.jsonl", "--for", "vertex", "--fix", "-o", "g.jsonl").code == 0
    assert fttui(*make, "g.jsonl").code == 0
    [content] = service.objects.values()
    assert content == (home / "g.jsonl").read_bytes()
    assert content.startswith(b'{"contents": [{"role": "user", "parts": [{"text": "q0"}]}')


def test_without_a_bucket_files_are_not_offered(near: Callable[..., Fttui], service: FakeVertex) -> None:
    refused = near("vertex", service.url)("files", "list")
    assert (refused.code, 'set bucket = "…"' in refused.err) == (1, True)
    assert service.server.requests == []


def test_errors_have_googles_name_as_their_code(fttui: Fttui, service: FakeVertex) -> None:
    service.faults["GET /tuningJobs"] = [fail(403, "PERMISSION_DENIED", "Permission denied on resource")]
    refused = fttui("jobs", "list")
    assert (refused.code, refused.err) == (1, "fttui: Permission denied on resource (403)\n")


def test_doctor_names_what_is_missing(fttui: Fttui, service: FakeVertex) -> None:
    service.put(job(1))
    found = fttui("doctor").out
    assert "supported: jobs, files, models, checkpoints" in found
    assert "not supported: deleting jobs, events, pause, result files, resume, chat completions" in found


def test_archive_sync_keeps_everything(fttui: Fttui, service: FakeVertex) -> None:
    ids = [service.put(job(number)) for number in range(3)]
    synced = fttui("archive", "sync", "--json")
    assert (synced.code, synced.json["read"], synced.json["failed"]) == (0, 3, {})
    before = len(service.lines)
    assert fttui("jobs", "get", ids[0], "--offline", "--json").json == service.jobs[0]
    assert len(fttui("jobs", "checkpoints", ids[0], "--offline").lines) == 2
    assert len(service.lines) == before


def test_base_url_is_built_from_the_members_of_the_profile(bare: Fttui, home: Path) -> None:
    from fttui.config.choose import choose

    made = bare("profile", "add", "g", "--provider", "vertex", "--project", "acme", "--location", "us-central1")
    assert made.code == 0, made.err
    place = "https://us-central1-aiplatform.googleapis.com/v1/projects/acme/locations/us-central1"
    assert choose(profile="g").base_url == place
    assert choose(base_url=place).provider == "vertex"
    refused = bare("jobs", "list", "--profile", "g")
    assert (refused.code, 'api_key_command = "gcloud auth print-access-token"' in refused.err) == (4, True)
    assert "location" in bare("profile", "add", "h", "--provider", "vertex", "--project", "acme").err
