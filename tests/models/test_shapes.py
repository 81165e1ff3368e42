"""Published and observed shapes of every object."""

import base64
import math
from typing import Any

import pytest

from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job import Job, suffix_of
from fttui.models.metric import points_of_events, points_of_result_files
from fttui.models.page import Page
from fttui.models.samples import Sample, StepSamples
from fttui.models.spec import JobSpec, pairs_error
from fttui.models.status import Status, status_of
from fttui.models.wire import SENT, sent_id
from tests.support.objects import JOB


def test_samples_of_any_shape_are_read() -> None:
    raw = {
        "id": "s",
        "step_number": 90.0,
        "samples": [
            {"prompt": [{"role": "us\ner", "content": "a\tb\x1b"}, 7, {}], "answer": "x" * 30_000, "finish_reason": 1},
            None,
            {"prompt": "no", "answer": None, "expected": ["no"]},
        ],
    }
    found = StepSamples.read(raw)
    assert (found.step_number, found.fault, found.raw) == (90, "", raw)
    first, second = found.samples
    assert first.prompt == (("us er", "a\tb"), ("", ""))
    assert (len(first.answer), first.expected, first.finish_reason) == (20_000, "", "1")
    assert second == Sample()
    assert StepSamples.read({"id": "s", "samples": {}}).samples == ()
    assert len(StepSamples.read({"id": "s", "samples": [{}] * 99}).samples) == 20


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ({}, None, None),
        (None, None, None),
        ({"code": None, "message": None, "param": None}, None, None),
        ({"code": "", "message": "", "param": None}, None, None),
        ([], None, None),
        (
            {"code": "invalid_n_examples", "message": "has 3 example(s)", "param": "training_file"},
            "invalid_n_examples",
            "has 3 example(s)",
        ),
        ({"code": 42, "message": None}, "42", ""),
        ("it broke", "", "it broke"),
    ],
)
def test_error_without_code_and_message_is_none(error: Any, code: str | None, message: str | None) -> None:
    read = Job.read(JOB | {"error": error}).error
    assert (read and read.code, read and read.message) == (code, message)


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in JOB.items() if name not in names}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (JOB, {"n_epochs": "3", "batch_size": "auto", "learning_rate_multiplier": "1.8"}),
        (without("method") | {"hyperparameters": None}, {}),
        (without("method", "hyperparameters"), {}),
        (without("method") | {"hyperparameters": {"n_epochs": -1}}, {"n_epochs": "auto"}),
        (without("method") | {"hyperparameters": {"n_epochs": 2.0}}, {"n_epochs": "2"}),
        (without("method") | {"hyperparameters": {"n_epochs": "4", "batch_size": None}}, {"n_epochs": "4"}),
        (JOB | {"method": {"type": "supervised"}, "hyperparameters": {"n_epochs": 5}}, {"n_epochs": "5"}),
        (
            JOB
            | {
                "method": {
                    "type": "dpo",
                    "dpo": {"hyperparameters": {"beta": 0.1}},
                    "supervised": {"hyperparameters": {"n_epochs": 9}},
                }
            },
            {"beta": "0.1"},
        ),
        (JOB | {"method": "supervised"}, {"n_epochs": "3", "batch_size": "auto", "learning_rate_multiplier": "1.8"}),
    ],
)
def test_effective_hyperparameters(raw: dict[str, Any], expected: dict[str, str]) -> None:
    assert Job.read(raw).hyperparameters == expected


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ({"type": "dpo", "supervised": {}}, "dpo"),
        ({"type": "reinforcement"}, "reinforcement"),
        ({}, "supervised"),
        (None, "supervised"),
        ({"type": "grpo"}, "grpo"),
    ],
)
def test_method_defaults_to_supervised(method: Any, expected: str) -> None:
    assert Job.read(JOB | {"method": method}).method == expected


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("validating_files", Status.VALIDATING),
        ("pending", Status.QUEUED),
        ("created", Status.QUEUED),
        ("RUNNING", Status.RUNNING),
        ("canceling", Status.STOPPING),
        ("paused", Status.PAUSED),
        ("pausing", Status.RUNNING),
        ("QUEUING", Status.QUEUED),
        ("SUSPENDED", Status.PAUSED),
        ("SUCCESS", Status.SUCCEEDED),
        ("canceled", Status.CANCELLED),
        ("JOB_STATE_COMPLETED", Status.SUCCEEDED),
        ("model_downloading", Status.RUNNING),
        ("brand_new_word", Status.UNKNOWN),
        ("", Status.UNKNOWN),
    ],
)
def test_status_words(word: str, status: Status) -> None:
    job = Job.read(JOB | {"status": word})
    assert (job.status, job.status_text) == (status, word)
    assert status_of(word) is status
    assert status.is_live is not status.is_final


def test_unknown_status_is_not_final() -> None:
    assert Status.UNKNOWN.is_live
    assert Status.STOPPING.is_live


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (1721764800, 1721764800.0),
        (1721764800000, 1721764800.0),
        ("1721764800", 1721764800.0),
        ("2024-07-23T20:00:00Z", 1721764800.0),
        ("2024-07-23T22:00:00+02:00", 1721764800.0),
        ("2024-07-23T20:00:00", 1721764800.0),
        (0, None),
        (-1, None),
        (None, None),
        ("soon", None),
        (True, None),
        (1e300, None),
        ([1721764800], None),
    ],
)
def test_times(sent: Any, read: float | None) -> None:
    job = Job.read(JOB | {"created_at": sent, "finished_at": sent})
    assert (job.created_at, job.finished_at) == (read, read)


def test_numbers_are_decoded_from_text() -> None:
    job = Job.read(JOB | {"trained_tokens": "5070", "seed": "42.0", "trained_steps": 1.5})
    assert (job.trained_tokens, job.seed, job.trained_steps) == (5070, 42, None)


def test_azure_job_with_seven_members() -> None:
    job = Job.read(
        {
            "id": "ft-72a2792ef7d24ba7b82c7fe4a37e379f",
            "model": "curie",
            "status": "pending",
            "object": "fine-tune",
            "created_at": 1614602183,
            "training_file": "file-181a1cbdcdcf4677ada87f63a0928099",
            "hyperparameters": {"n_epochs": -1},
        }
    )
    assert (job.fault, job.status, job.can_act, job.result_files) == ("", Status.QUEUED, True, ())


def test_mistral_job_cannot_be_changed() -> None:
    job = Job.read(
        {
            "id": "b3f1",
            "object": "job",
            "job_type": "completion",
            "model": "open-mistral-7b",
            "status": "SUCCESS",
            "created_at": 1721764800,
            "training_files": [{"id": "f1"}, "f2"],
            "validation_files": ["v1"],
            "suffix": "mine",
        }
    )
    assert (job.status, job.training_file, job.validation_file, job.suffix) == (Status.SUCCEEDED, "f1", "v1", "mine")
    assert not job.can_act


@pytest.mark.parametrize("name", ["ft:gpt-4o:acme::8J6L", "jobs/2024/7", "gpt.ft-ab:ckpt-step-3", "ä-é"])
def test_ids_with_unusual_characters_are_valid(name: str) -> None:
    job = Job.read({"id": name})
    assert (job.id, job.fault, sent_id({"id": name})) == (name, "", name)


def test_number_is_a_valid_id() -> None:
    assert (Job.read({"id": 17}).id, sent_id({"id": 17})) == ("17", "17")


@pytest.mark.parametrize(
    ("model", "suffix"),
    [
        ("ft:gpt-4o-mini-2024-07-18:acme:support-v3:8J6LXhXG", "support-v3"),
        ("ft:gpt-3.5-turbo-0613:personal::8J6LXhXG", ""),
        ("ft:gpt-4o-mini:acme:s:8J6L:ckpt-step-100", "s"),
        ("gpt-4o.ft-abc", ""),
        ("", ""),
    ],
)
def test_suffix_of_a_model_name(model: str, suffix: str) -> None:
    assert suffix_of(model) == suffix


def test_row_has_the_steps_as_sent() -> None:
    assert Job.read(JOB).row()[9:12] == (12, 100, None)


def test_levels_and_data_of_events() -> None:
    assert Event.read({"id": "e", "level": "WARNING", "data": None}).level == "warn"
    assert Event.read({"id": "e", "level": "legacy_error"}).level == "error"
    assert Event.read({"id": "e"}).level == "info"
    assert Event.read({"id": "e", "level": "odd", "data": [1]}).data == {}


def test_event_without_an_id_gets_a_stable_id() -> None:
    raw = {"created_at": 1, "message": "x"}
    assert Event.read(raw).id == Event.read(dict(raw)).id
    assert Event.read(raw).id != Event.read(raw | {"message": "y"}).id


def test_reinforcement_metrics_are_top_level_numbers() -> None:
    event = Event.read(
        {
            "id": "e",
            "type": "metrics",
            "data": {
                "step": 10,
                "total_steps": 20,
                "train_mean_reward": 0.42,
                "reasoning_tokens_mean": 120,
                "scores": [{"name": "g", "mean": 0.1}],
                "timing": {"seconds": 4},
                "model_graders_token_usage": {},
                "note": "12",
                "flag": True,
                "lost": float("nan"),
            },
        }
    )
    assert math.isnan(event.metrics["lost"])
    numbers = {name: value for name, value in event.metrics.items() if name != "lost"}
    assert numbers == {"train_mean_reward": 0.42, "reasoning_tokens_mean": 120.0}
    assert (event.step, event.total_steps) == (10, 20)


def test_events_of_one_step_become_one_point() -> None:
    def metrics(step: Any, **values: Any) -> Event:
        return Event.read({"id": str(values), "data": {"step": step, **values}})

    points = points_of_events(
        [metrics(2, train_loss=1.0), metrics(1, train_loss=2), metrics("2", full_valid_loss=3), metrics(None, a=1)]
    )
    assert [(point.step, point.values) for point in points] == [
        (1, {"train_loss": 2.0}),
        (2, {"train_loss": 1.0, "full_valid_loss": 3.0}),
    ]


def test_checkpoint_step_is_an_integer() -> None:
    read = Checkpoint.read({"id": "c", "metrics": {"step": 100.0, "train_loss": 1, "type": "supervised"}})
    assert (read.step_number, read.metrics) == (100, {"train_loss": 1.0})


def test_files_and_models_are_decoded() -> None:
    file = File.read({"id": "f", "bytes": "12", "filename": "a\x1b[2Jb.jsonl", "status_details": None})
    assert (file.bytes, file.filename, file.status_details) == (12, "a[2Jb.jsonl", "")
    assert Model.read({"id": "m", "created": 5}).created_at == 5.0
    assert Model.read({"id": "m", "created_at": 6, "owned_by": None}).created_at == 6.0


CSV = "step,train_loss,train_accuracy,valid_loss\n1,3.63265,0.5,\n2,,,\n30,6e-05,1.0,0.25\n"


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        b"\xef\xbb\xbf" + CSV.encode(),
        base64.b64encode(CSV.encode()),
        base64.encodebytes(CSV.encode()),
        CSV.replace("\n", "\r\n").encode(),
    ],
)
def test_result_files_are_decoded_from_csv_and_base64(content: bytes) -> None:
    points = points_of_result_files([content, None])
    assert [(point.step, dict(point.values)) for point in points] == [
        (1, {"train_loss": 3.63265, "train_mean_token_accuracy": 0.5}),
        (30, {"train_loss": 6e-05, "train_mean_token_accuracy": 1.0, "valid_loss": 0.25}),
    ]


@pytest.mark.parametrize("content", [b"", b"<html>", base64.b64encode(b"hello"), b"step,a\n" + b'"' + b"x" * 200_000])
def test_file_of_a_different_kind_has_no_points(content: bytes) -> None:
    assert points_of_result_files([content]) == []


def test_translated_object_keeps_what_the_provider_sent() -> None:
    sent = {"job_id": "a", "state": "DONE"}
    job = Job.read({"id": "a", "status": "succeeded", SENT: sent})
    assert (job.sent, job.status) == (sent, Status.SUCCEEDED)
    assert Job.read(JOB).sent == JOB
    assert Job.read([1]).sent == [1]


def test_pages_are_decoded() -> None:
    page = Page.read(Job, {"object": "list", "data": [{"id": "a"}, {"id": "b"}], "has_more": True})
    assert (len(page.items), page.has_more, page.cursor) == (2, True, "b")
    assert Page.read(Job, {"data": [{"id": "a"}]}).has_more is None
    assert Page.read(Job, {"data": [{"id": "a"}]}).cursor == "a"
    assert Page.read(Job, {"data": [{"id": "a"}], "has_more": False}).cursor is None
    assert Page.read(Job, [{"id": "a"}]).has_more is False
    assert Page.read(Job, {"data": None}).items == ()


def test_cursor_is_the_last_usable_id() -> None:
    page = Page.read(Job, {"data": [{"id": "a"}, {"id": "b\x1b"}, {"no": 1}, None], "has_more": True})
    assert page.cursor == "a"
    assert [bool(item.fault) for item in page.items] == [False, True, True, True]


def test_cursor_of_the_provider_comes_before_the_last_id() -> None:
    page = Page(Job, [{"id": "a"}], True, None, next="3")
    assert (page.cursor, page.last_id) == ("3", "a")
    assert Page(Job, [{"id": "a"}], False, None, next="3").cursor is None


@pytest.mark.parametrize("raw", [None, 3, "x", {"error": {}}, {"data": {}}])
def test_page_of_a_non_list_raises_value_error(raw: Any) -> None:
    with pytest.raises(ValueError, match="expected a list, got"):
        Page.read(Job, raw)


def test_stop_rules_travel_as_metadata() -> None:
    spec = JobSpec(model="m", training_file="f", metadata={"a": "1"}).with_stop_on("overfitting,plateau")
    assert spec.body()["metadata"] == {"a": "1", "fttui.stop_on": "overfitting,plateau"}
    assert spec.stop_on == "overfitting,plateau"
    assert spec.with_stop_on("").body()["metadata"] == {"a": "1"}
    full = spec.model_copy(update={"metadata": {str(number): "v" for number in range(15)}})
    assert "15 fit beside the create token" in pairs_error(full.with_stop_on("plateau"), is_local=True)


def test_create_request_has_only_given_settings() -> None:
    assert JobSpec(model="m", training_file="f").body() == {"model": "m", "training_file": "f"}
    full = JobSpec(
        model="m",
        training_file="f",
        validation_file="v",
        suffix="s",
        seed=0,
        method="dpo",
        hyperparameters={"n_epochs": "auto", "beta": 0.1},
        metadata={"a": "b"},
        wandb_project="w",
    )
    assert full.body() == {
        "model": "m",
        "training_file": "f",
        "validation_file": "v",
        "suffix": "s",
        "seed": 0,
        "method": {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": "auto", "beta": 0.1}}},
        "metadata": {"a": "b"},
        "integrations": [{"type": "wandb", "wandb": {"project": "w"}}],
    }
