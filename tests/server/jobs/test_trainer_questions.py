"""Questions to a trainer: its description, and its check of a job before the job is queued."""

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.server.api import json_objects
from fttui.server.api.app import create_app
from fttui.server.jobs import trainer_questions
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.jobs.trainer_questions import AGAIN_SECONDS, Descriptions
from fttui.server.service import Service, open_service
from fttui.server.settings import Settings, Trainer
from fttui.server.storage.job_dir import JobDirectory
from tests.server.conftest import FAKE, add_file, add_job, messages, run_until, until
from tests.support.clock import FakeClock

ASKED = FAKE._replace(describes=True, takes_any_model=True)


@pytest.fixture
def asked(home: str) -> Any:
    service = open_service(home, catalog=Catalog([ASKED]))
    yield service
    service.runner.close(save=True)
    service.database.close()


def error_of(service: Service, id: str) -> dict[str, Any]:
    run_until(service, id, "failed", "queued")
    job = service.database.jobs.get(id)
    assert job is not None
    assert job.error is not None, job.status
    return job.error


def test_check_gives_numbers_and_warnings_before_the_job_is_queued(asked: Service) -> None:
    id = add_job(asked)
    run_until(asked, id, "queued", "running")
    job = asked.database.jobs.get(id)
    assert job is not None
    numbers = {"tokens": 9100, "steps": 8, "seconds": 120, "memory_bytes": 5_100_000_000}
    assert json_objects.job(job)["fttui"] == {"estimate": numbers}
    assert messages(asked, id)[2:5] == [
        "Checked by the trainer: 9,100 tokens, 8 steps, about 2 min, 5.1 GB of memory",
        "2 examples are cut.",
        "Files validated, moving job to queued state",
    ]
    assert json.loads(Path(asked.paths.job(id), "job.json").read_text())["hyperparameters"]["batch_size"] == 1
    run_until(asked, id, "succeeded")


def test_refusal_of_the_trainer_is_the_error_of_the_job(asked: Service) -> None:
    assert error_of(asked, add_job(asked, "refused")) == {
        "code": "gated",
        "message": "Accept the licence[2J.",
        "param": "model",
    }
    crashed = error_of(asked, add_job(asked, "badcheck"))
    assert crashed["code"] == "trainer_failed"
    assert crashed["message"].startswith("The check by the trainer exited with code 1. Its last output:\nImportError")


def test_check_of_a_cancelled_job_ends_its_process(asked: Service) -> None:
    id = add_job(asked, "slowcheck")
    directory = JobDirectory(asked.paths.job(id))
    until(lambda: asked.runner.tick() and Path(directory.path, "job.json").exists())
    asked.runner.cancel(id)
    until(lambda: not asked.runner.tick())
    after = add_job(asked)
    run_until(asked, after, "succeeded")


def test_check_that_takes_too_long_is_a_warning(home: str) -> None:
    service = open_service(home, catalog=Catalog([ASKED._replace(hang_after=0.2)]))
    id = add_job(service, "slowcheck")
    run_until(service, id, "queued", "running")
    assert "The check by the trainer took longer than 0 seconds and was stopped." in messages(service, id)
    service.runner.close(save=True)
    service.database.close()


async def test_settings_are_checked_at_create(asked: Service) -> None:
    transport = httpx.ASGITransport(create_app(asked))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:

        async def error(**settings: str) -> dict[str, Any]:
            body = {"model": "base-1", "training_file": add_file(asked)}
            metadata = {f"fttui.{name}": value for name, value in settings.items()}
            answer = (await client.post("/fine_tuning/jobs", json={**body, "metadata": metadata})).json()
            return dict(answer.get("error") or {})

        assert await error(lora_r="8", packing="true", quantize="4bit", sweep="a1") == {}
        wrong = await error(lora_rank="8")
        assert (wrong["param"], wrong["code"]) == ("metadata.fttui.lora_rank", "invalid_value")
        assert wrong["message"] == "lora_rank is not a setting of fake. Did you mean lora_r?"
        assert (await error(lora_r="0"))["message"] == "lora_r: 1 to 256."
        assert (await error(quantize="8bit"))["message"] == "quantize: none, 4bit."
        one = (await client.get("/models/base-1")).json()
        assert one["fttui"]["settings"]["lora_r"] == {
            "type": "integer",
            "default": "16",
            "minimum": 1,
            "maximum": 256,
            "help": "rank of the adapter",
        }
        assert (await client.get("/models/acme/uncached")).json()["fttui"]["source"] == "hub"
        listed = (await client.get("/models")).json()["data"][0]
        assert "settings" not in listed["fttui"]
        assert (await client.get("/models/gpt-9")).status_code == 404


def test_trainer_without_a_description_is_asked_again_after_a_while(tmp_path: Path) -> None:
    clock, settings, calls = FakeClock(), Settings(), tmp_path / "calls"
    answers = Descriptions(clock.monotonic)

    def trainer(code: str) -> Trainer:
        return ASKED._replace(command=(sys.executable, "-c", f"open({str(calls)!r}, 'a').write('x'); {code}"))

    def number_of_calls() -> int:
        return len(calls.read_text())

    broken = trainer("import sys; sys.exit(3)")
    assert answers.of(broken, settings) is answers.of(broken, settings) is None
    assert number_of_calls() == 1
    clock.advance(AGAIN_SECONDS + 1)
    assert answers.of(broken, settings) is None
    assert number_of_calls() == 2
    for nonsense in ("print('[1]')", "print('{')", "print('x' * 2_000_000)"):
        assert answers.of(trainer(nonsense), settings) is None
    assert answers.of(FAKE, settings) is None, "an old trainer is not asked"
    good = answers.of(ASKED, settings)
    assert good is answers.of(ASKED, settings)
    assert good is not None
    assert [*good.settings] == ["lora_r", "packing", "quantize"]
    other = answers.of(ASKED._replace(env={"HF_TOKEN": "x"}), settings)
    assert other is not None
    assert other.body["hub"]["token"], "other variables are another description"


def test_trainer_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_questions, "DESCRIBE_SECONDS", 0.2)
    assert Descriptions().of(ASKED._replace(command=("sleep", "600")), Settings()) is None
