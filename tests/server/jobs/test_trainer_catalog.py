"""Base models of the service: in the box, of own trainers, of the settings, in the cache of the hub."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from fttui import install
from fttui.server import control
from fttui.server.api.access import local_only
from fttui.server.api.app import create_app
from fttui.server.jobs import trainer_catalog
from fttui.server.jobs.trainer_catalog import HF, SCAN_SECONDS, TINY, Catalog
from fttui.server.service import Service, open_service
from tests.server.conftest import FAKE, add_file, add_job, run_until
from tests.support.clock import FakeClock
from tests.support.model_files import write_cached_model, write_model

ANY = FAKE._replace(name="hf", models=(), takes_any_model=True)
"""Trainer of any model that needs no packages."""


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return tmp_path / "hub"


@pytest.fixture
def offered(home: str, hub: Path, tmp_path: Path) -> Any:
    """Service with a directory in its settings, a cached model and a trainer of any model."""
    write_cached_model(hub, "Qwen/Qwen3-0.6B", size=1200)
    settings = {
        "models": [write_model(tmp_path / "data" / "mistral-7b"), "acme/not-cached", str(tmp_path / "missing")],
        "built_in": {"hf": {"env": {"HF_HUB_CACHE": str(hub)}, "stop_after": 42}},
    }
    control.write_settings(home, settings)
    service = open_service(home, catalog=Catalog([TINY, ANY], path=home + "/settings.json"))
    yield service
    service.runner.close(save=True)
    service.database.close()


def client_of(service: Service, **app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(service, **app))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/v1")


async def create(client: httpx.AsyncClient, service: Service, model: str) -> dict[str, Any]:
    answer: dict[str, Any] = (
        await client.post("/fine_tuning/jobs", json={"model": model, "training_file": add_file(service)})
    ).json()
    return answer


async def test_models_say_where_they_come_from(offered: Service) -> None:
    async with client_of(offered) as client:
        listed = (await client.get("/models")).json()["data"]
        one = (await client.get("/models/Qwen/Qwen3-0.6B")).json()
    assert [model["id"] for model in listed] == ["fttui-tiny-1", "mistral-7b", "acme/not-cached", "Qwen/Qwen3-0.6B"]
    methods = {"kind": "base", "methods": ["supervised", "dpo"]}
    assert [model["fttui"] for model in listed] == [
        {**methods, "source": "in the box", "trainer": "tiny", "samples": True},
        {**methods, "source": "settings", "trainer": "hf", "size": 1000},
        {**methods, "source": "settings", "trainer": "hf"},
        {**methods, "source": "cached", "trainer": "hf", "size": 1200},
    ]
    assert one == listed[3]


def test_models_on_the_disk_are_found_again_after_some_seconds(hub: Path) -> None:
    clock = FakeClock()
    catalog = Catalog([ANY._replace(env={"HF_HUB_CACHE": str(hub)})], now=clock.monotonic)
    assert catalog.models == []
    write_cached_model(hub, "Qwen/Qwen3-0.6B")
    assert catalog.models == []
    clock.advance(SCAN_SECONDS + 1)
    assert catalog.models == ["Qwen/Qwen3-0.6B"]


def test_trainer_of_open_models_needs_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_catalog, "missing_modules", lambda extra: ["torch"])
    assert Catalog().trainers == (TINY,)
    assert Catalog().any_model is None
    monkeypatch.setattr(trainer_catalog, "missing_modules", lambda extra: [])
    catalog = Catalog()
    assert catalog.models[0] == "fttui-tiny-1"
    assert catalog.any_model == HF
    assert (HF.stop_after, HF.describes) == (60, True)


async def test_directory_and_uncached_id_are_for_the_owner_alone(offered: Service, tmp_path: Path) -> None:
    path = write_model(tmp_path / "elsewhere" / "llama-1b")
    async with client_of(offered) as owner:
        made = await create(owner, offered, path)
        assert (made["model"], made["status"]) == ("llama-1b", "validating_files")
        assert path not in str(made), "the path is not on the wire"
        job = offered.database.jobs.get(made["id"])
        assert job is not None
        assert (job.base, job.source, job.trainer) == ("llama-1b", path, "hf")
        assert (await create(owner, offered, "meta/llama-9"))["model"] == "meta/llama-9"
        assert (await create(owner, offered, "llama-1b"))["model"] == "llama-1b", "a clone"
    async with client_of(offered, access=local_only) as guest:
        for model in (path, "meta/llama-9", "llama-1b"):
            error = (await create(guest, offered, model))["error"]
            assert error["code"] == "model_not_available"
            assert "GET /v1/models does not list it. Only the owner" in error["message"]
        assert (await create(guest, offered, "mistral-7b"))["model"] == "mistral-7b"
        assert (await create(guest, offered, "Qwen/Qwen3-0.6B"))["model"] == "Qwen/Qwen3-0.6B"
        assert "does not exist" in (await create(guest, offered, "gpt-4.1-nano"))["error"]["message"]


async def test_unusable_directory_is_refused_with_the_reason(offered: Service, tmp_path: Path) -> None:
    other = write_model(tmp_path / "other" / "mistral-7b")
    (tmp_path / "empty").mkdir()
    async with client_of(offered) as owner:
        for model, words in (
            (str(tmp_path / "nowhere"), "is not a directory"),
            (str(tmp_path / "empty"), "has no config.json"),
            (other, "another model with the name mistral-7b. Rename the directory"),
        ):
            assert words in (await create(owner, offered, model))["error"]["message"]
            asked = await owner.get(f"/models/{quote(model, safe='')}")
            assert (asked.status_code, words in asked.json()["error"]["message"]) == (404, True)
        found = (await owner.get(f"/models/{quote(write_model(tmp_path / 'elsewhere'), safe='')}")).json()
    assert (found["id"], found["fttui"]["source"]) == ("elsewhere", "settings")


async def test_cached_model_of_the_wrong_kind_is_refused_before_it_is_queued(offered: Service, hub: Path) -> None:
    Path(write_cached_model(hub, "acme/sees"), "config.json").write_text('{"vision_config": {"depth": 3}}')
    async with client_of(offered) as owner:
        listed = (await owner.get("/models")).json()["data"]
        assert "acme/sees" not in [model["id"] for model in listed]
        assert (await create(owner, offered, "acme/sees"))["error"]["message"].startswith(
            "acme/sees reads images or sound besides text; such models are not trained here. Choose a model for text"
        )


async def test_without_the_packages_the_install_line_is_said(service: Service) -> None:
    async with client_of(service) as owner:
        message = (await create(owner, service, "Qwen/Qwen3-0.6B"))["error"]["message"]
    assert message.startswith("Training Qwen/Qwen3-0.6B needs packages that are not installed (")
    assert message.endswith(install.install_line("hf"))


def test_trainer_gets_the_directory_and_a_tuned_model_keeps_it(offered: Service, tmp_path: Path) -> None:
    import json

    first = add_job(offered, model="mistral-7b")
    run_until(offered, first, "succeeded")
    job = offered.database.jobs.get(first)
    assert job is not None
    described = json.loads(Path(offered.paths.job(first), "job.json").read_text())
    path = str(tmp_path / "data" / "mistral-7b")
    assert described["protocol"] == 2
    assert described["model"] == {"id": "mistral-7b", "base": "mistral-7b", "path": None, "source": path}
    second = add_job(offered, model=job.fine_tuned_model)
    run_until(offered, second, "succeeded")
    again = json.loads(Path(offered.paths.job(second), "job.json").read_text())
    assert again["model"] == {
        "id": job.fine_tuned_model,
        "base": "mistral-7b",
        "path": "start-model",
        "source": path,
    }


def test_other_threads_see_no_incomplete_catalog(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    catalog = Catalog([ANY._replace(models=("base-1",))], now=clock.monotonic)
    assert catalog.models == ["base-1"]
    seen: list[list[str]] = []
    find = Catalog._find

    def look_meanwhile(self: Catalog) -> Any:
        seen.append(list(self._models))
        yield from find(self)

    monkeypatch.setattr(Catalog, "_find", look_meanwhile)
    clock.advance(SCAN_SECONDS + 1)
    assert catalog.models == ["base-1"]
    assert seen == [["base-1"]]
