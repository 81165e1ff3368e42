"""Fakes of near providers, driven by the SDK of each provider: `make test-sdks`. Skipped where an SDK is missing.

A fake is written from documents. The SDK holds it to what its vendor sends and reads.
"""

import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from fttui.api.providers import together_body
from fttui.models.spec import JobSpec
from tests.providers.conftest import KEY
from tests.support.fault_server import in_thread
from tests.support.providers import dashscope as studio
from tests.support.providers import fireworks as fire
from tests.support.providers import together as near_together
from tests.support.providers import vertex as google
from tests.support.providers.nebius import FakeNebius

pytestmark = pytest.mark.sdk

SPECS = [
    {},
    {"n_epochs": 2, "batch_size": 8, "learning_rate": 1e-4, "n_evals": 4},
    {"batch_size": "max", "train_on_inputs": True, "warmup_ratio": 0.1, "max_grad_norm": 0, "weight_decay": 0.1},
    {"training_type": "full"},
    {"lora_r": 16, "lora_dropout": 0.1, "lora_trainable_modules": "all-linear"},
    {"lr_scheduler_type": "linear", "min_lr_ratio": 0.1},
    {"lr_scheduler_type": "cosine", "num_cycles": 0.5},
    {"lr_scheduler_type": "cosine"},
]
"""Settings of jobs at Together."""
BODIES = [
    *(JobSpec(model="m", training_file="file-a", suffix="s", hyperparameters=settings) for settings in SPECS),
    JobSpec(model="m", training_file="file-a", method="dpo", hyperparameters={"beta": 0.3, "rpo_alpha": 0.5}),
]


def test_together() -> None:
    sdk_of = pytest.importorskip("together").Together
    service = near_together.FakeTogether()
    file = service.add_file("t.jsonl", b"{}\n")["id"]
    id = service.put(near_together.job(9))
    service.events[id] = [near_together.event("job_start", "go", near_together.NOW)]
    service.metrics[id] = [near_together.row(10, 1.0, near_together.NOW)]
    saved = {"step": 10, "created_at": "2027-01-15T08:00:20Z", "path": "s", "checkpoint_type": "Final"}
    service.checkpoints[id] = [saved]
    with in_thread(service.server):
        sdk = sdk_of(api_key=KEY, base_url=service.server.origin, max_retries=0)
        made = sdk.fine_tuning.create(
            training_file=file, model=near_together.MODEL, n_epochs=2, lora=True, training_method="dpo"
        )
        assert service.jobs[made.id]["training_method"]["method"] == "dpo"
        assert sdk.fine_tuning.retrieve(id).status == "completed"
        assert {item.id for item in sdk.fine_tuning.list().data} == {id, made.id}
        assert [len(sdk.fine_tuning.list_events(id).data), len(sdk.fine_tuning.list_checkpoints(id).data)] == [1, 1]
        assert len(sdk.fine_tuning.list_metrics(id).metrics) == 1
        assert sdk.fine_tuning.model_limits(model_name=near_together.MODEL).max_num_epochs == 20
        assert sdk.fine_tuning.content(ft_id=id, checkpoint="merged").read() == service.weights
        assert sdk.fine_tuning.cancel(made.id).status == "cancel_requested"
        assert sdk.files.retrieve(file).processing_status == "COMPLETED"
        assert sdk.files.list().data[0].id == file
        assert sdk.fine_tuning.delete(id).message


@pytest.mark.parametrize("spec", BODIES)
def test_together_types_take_our_requests(spec: JobSpec) -> None:
    kind = pytest.importorskip("together.lib.types.fine_tuning").FinetuneRequest
    body = together_body.body_of(spec)
    assert body.keys() <= kind.model_fields.keys()
    # The SDK always sends these, the service has defaults.
    usual = {"n_epochs": 1, "learning_rate": 1e-5, "warmup_ratio": 0, "max_grad_norm": 1, "weight_decay": 0}
    kind.model_validate(usual | body)


@pytest.mark.parametrize("spec", BODIES)
def test_together_document_takes_our_requests(spec: JobSpec) -> None:
    """The path of Together's `openapi.yaml` (github.com/togethercomputer/openapi) is in TOGETHER_OPENAPI."""
    if not (path := os.environ.get("TOGETHER_OPENAPI", "")):
        pytest.skip("TOGETHER_OPENAPI does not name Together's openapi.yaml")
    yaml, rules = pytest.importorskip("yaml"), pytest.importorskip("jsonschema_rs")
    document = yaml.safe_load(Path(path).read_text())
    [content] = document["paths"]["/fine-tunes"]["post"]["requestBody"]["content"].values()
    schema = _consistent({**content["schema"], "components": document["components"]})
    rules.validator_for(schema).validate(together_body.body_of(spec))
    with pytest.raises(rules.ValidationError):
        rules.validator_for(schema).validate(together_body.body_of(spec) | {"n_epochs": "many"})


def _consistent(schema: Any) -> Any:
    """Return a schema of the document without what contradicts itself there.

    `train_on_inputs` is `auto` and a boolean at once; the arguments of `cosine` are those of `linear` too.
    """
    if isinstance(schema, list):
        return [_consistent(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _consistent(value) for name, value in schema.items()}
    if "oneOf" in kept:
        kept["anyOf"] = kept.pop("oneOf")
        kept.pop("type", None)
    return kept


def test_dashscope(monkeypatch: pytest.MonkeyPatch) -> None:
    dashscope = pytest.importorskip("dashscope")
    tunes = pytest.importorskip("dashscope.finetune.finetunes").FineTunes
    service = studio.FakeModelStudio()
    given: dict[str, Any] = {"api_key": KEY}
    with in_thread(service.server):
        monkeypatch.setattr(dashscope, "base_http_api_url", service.url)
        made = tunes.call(model=studio.MODEL, training_file_ids="file-1", mode="efficient_sft", **given)
        id = made.output.job_id
        assert tunes.get(id, **given).output.status == "PENDING"
        assert [item.job_id for item in tunes.list(**given).output.jobs] == [id]
        service.logs[id] = list(studio.LOG)
        assert tunes.logs(id, offset=0, line=100, **given).output["logs"] == studio.LOG
        assert tunes.cancel(id, **given).output.status == "success"
        assert tunes.delete(id, **given).output.status == "success"


def test_google_genai() -> None:
    genai = pytest.importorskip("google.genai")
    credentials = pytest.importorskip("google.oauth2.credentials").Credentials(KEY)
    types = genai.types
    service = google.FakeVertex()
    for number, state in enumerate(("SUCCEEDED", "RUNNING")):
        service.put(google.job(number, state))
    data = types.TuningDataset(gcs_uri="gs://acme/t.jsonl")
    settings = types.CreateTuningJobConfig(
        epoch_count=2, learning_rate_multiplier=0.5, adapter_size="ADAPTER_SIZE_EIGHT", tuned_model_display_name="v1"
    )
    with in_thread(service.server), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tuning is marked as experimental
        options = types.HttpOptions(base_url=service.server.origin, api_version="v1")
        where = {"vertexai": True, "project": "acme", "location": "us-central1"}
        sdk = genai.Client(**where, credentials=credentials, http_options=options)
        names = [raw["name"] for raw in service.jobs]
        assert [job.name for job in sdk.tunings.list(config={"page_size": 1})] == names
        assert [str(point.step) for point in sdk.tunings.get(name=names[0]).tuned_model.checkpoints] == ["10", "20"]
        sdk.tunings.cancel(name=names[1])
        assert sdk.tunings.get(name=names[1]).state.name == "JOB_STATE_CANCELLED"
        made = sdk.tunings.tune(base_model="gemini-3.5-flash", training_dataset=data, config=settings)
    sent = service.jobs[-1]["supervisedTuningSpec"]
    assert (made.name, sent["trainingDatasetUri"]) == (service.jobs[-1]["name"], "gs://acme/t.jsonl")
    assert sent["hyperParameters"]["adapterSize"] == "ADAPTER_SIZE_EIGHT"


def test_fireworks() -> None:
    sdk_of = pytest.importorskip("fireworks").Fireworks
    service = fire.FakeFireworks()
    for number, resource in enumerate(fire.RESOURCES):
        service.put(fire.job(number, resource, "RUNNING"))
    with in_thread(service.server):
        sdk = sdk_of(api_key=KEY, account_id="acme", base_url=service.server.origin, max_retries=0)
        kinds = (sdk.supervised_fine_tuning_jobs, sdk.dpo_jobs, sdk.reinforcement_fine_tuning_jobs)
        assert [[job.name.rpartition("/")[2] for job in kind.list()] for kind in kinds] == [["j0"], ["j1"], ["j2"]]
        assert sdk.supervised_fine_tuning_jobs.get("j0").epochs == 2
        assert sdk.dpo_jobs.get("j1").training_config.lora_rank == 8
        assert sdk.supervised_fine_tuning_jobs.resume("j0", body={}).state == "JOB_STATE_PENDING"
        sdk.reinforcement_fine_tuning_jobs.cancel("j2", body={})
        sdk.dpo_jobs.delete("j1")
        assert [data.name for data in sdk.datasets.list()] == ["accounts/acme/datasets/train"]
        assert [model.name for model in sdk.models.list()] == ["accounts/acme/models/support-1"]
        with pytest.raises(pytest.importorskip("fireworks").InternalServerError, match="no longer available"):
            sdk.supervised_fine_tuning_jobs.create(dataset="train", base_model="m")
    states = {raw["name"].rpartition("/")[2]: raw["state"] for jobs in service.jobs.values() for raw in jobs}
    assert states == {"j0": "JOB_STATE_PENDING", "j2": "JOB_STATE_CANCELLED"}


def test_openai_at_nebius() -> None:
    openai = pytest.importorskip("openai")
    service = FakeNebius()
    settings = {"n_epochs": 2, "learning_rate": 1e-5, "lora": True}
    with in_thread(service.server):
        sdk = openai.OpenAI(api_key=KEY, base_url=service.server.url, max_retries=0)
        given: dict[str, Any] = {"type": "supervised", "supervised": {"hyperparameters": settings}}
        made = sdk.fine_tuning.jobs.create(model="m", training_file="file-a", method=given)
        assert [job.id for job in sdk.fine_tuning.jobs.list()] == [made.id]
        given["supervised"] = {"hyperparameters": {"n_epochs": "auto"}}
        with pytest.raises(openai.UnprocessableEntityError):
            sdk.fine_tuning.jobs.create(model="m", training_file="file-a", method=given)
