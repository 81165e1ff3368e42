"""Fireworks from end to end: what is there is read, archived, cancelled and deleted; nothing is created."""

from collections.abc import Callable, Iterator

import pytest

from tests.providers.conftest import Fttui
from tests.support.fault_server import in_thread
from tests.support.providers.fireworks import RESOURCES, FakeFireworks, job


@pytest.fixture
def service() -> Iterator[FakeFireworks]:
    found = FakeFireworks()
    with in_thread(found.server):
        yield found


@pytest.fixture
def fttui(near: Callable[..., Fttui], service: FakeFireworks) -> Fttui:
    return near("fireworks", service.url)


def test_three_lists_are_one(fttui: Fttui, service: FakeFireworks) -> None:
    service.page = 2
    for number in range(5):
        service.put(job(number))
    service.put(job(7, RESOURCES[2]))
    listed = fttui("jobs", "list")
    assert [cells[0] for cells in listed.cells] == ["rft:j7", "j4", "j3", "j2", "j1", "j0"]
    assert len(service.lines) == 5, "three pages, an empty list and one more"


@pytest.mark.parametrize(
    ("resource", "id", "method"),
    list(zip(RESOURCES, ("j1", "dpo:j1", "rft:j1"), ("supervised", "dpo", "reinforcement"), strict=True)),
)
def test_each_kind_is_shown_and_changed_at_its_route(
    fttui: Fttui, service: FakeFireworks, resource: str, id: str, method: str
) -> None:
    service.put(job(1, resource, "RUNNING"))
    shown = dict(cells[:2] for cells in fttui("jobs", "get", id).cells)
    assert (shown["method"], shown["suffix"], shown["n epochs"]) == (method, "support-1", "2")
    assert (shown["training file"], shown["lora rank"]) == ("train", "8")
    assert fttui("jobs", "cancel", id, "--yes", "--json").json["state"] == "JOB_STATE_CANCELLED"
    assert fttui("jobs", "delete", id, "--yes").code == 0
    assert service.jobs[resource] == []


def test_key_of_weights_and_biases_is_blank_everywhere(fttui: Fttui, service: FakeFireworks) -> None:
    raw = job(1)
    service.put(raw)
    printed = fttui("jobs", "get", "j1", "--json")
    assert printed.json == raw | {"wandbConfig": {**raw["wandbConfig"], "apiKey": ""}}
    assert fttui("jobs", "get", "j1", "--json", "--offline").json == printed.json
    assert "wandb-secret-key" not in fttui("jobs", "list", "--json").out


def test_ended_job_has_the_cost_that_fireworks_gives(fttui: Fttui, service: FakeFireworks) -> None:
    service.put(job(1, estimatedCost={"currencyCode": "USD", "units": "12", "nanos": 500_000_000}))
    assert dict(cells[:2] for cells in fttui("jobs", "get", "j1").cells)["cost"] == "12.50 USD"
    assert [cells[0] for cells in fttui("jobs", "list", "--filter", "cost>12").cells] == ["j1"]


def test_failed_job_has_the_reason(fttui: Fttui, service: FakeFireworks) -> None:
    service.put(job(1, state="FAILED", status={"code": "INVALID_ARGUMENT", "message": "bad data"}))
    assert "bad data" in fttui("jobs", "get", "j1").out


def test_creating_and_uploading_say_why_they_cannot(fttui: Fttui, service: FakeFireworks, home: object) -> None:
    refused = fttui("jobs", "create", "--model", "m", "--training-file", "train")
    assert (refused.code, "managed training was closed in November 2026" in refused.err) == (2, True)
    assert service.server.requests == []


def test_archive_sync_keeps_what_it_has(fttui: Fttui, service: FakeFireworks) -> None:
    for number, resource in enumerate(RESOURCES):
        service.put(job(number, resource))
    synced = fttui("archive", "sync", "--json")
    assert (synced.code, synced.json["read"], synced.json["failed"]) == (0, 3, {})
    before = len(service.lines)
    assert fttui("jobs", "get", "dpo:j1", "--offline").code == 0
    assert fttui("files", "list", "--offline").cells[0][0] == "train"
    assert len(service.lines) == before


def test_models_are_listed_and_deleted(fttui: Fttui, service: FakeFireworks) -> None:
    name = "accounts/acme/models/support-1"
    assert [raw["name"] for raw in fttui("models", "list", "--json").json["data"]] == [name]
    assert fttui("models", "delete", name, "--yes").code == 0
    assert service.lines[-1] == "DELETE /models/support-1"
