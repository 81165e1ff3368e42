"""The service as the official SDK knows the API: a client we did not write."""

import asyncio
import base64
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai.types import FileObject, Model
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint
from pydantic import BaseModel

from tests.server.conftest import GOOD, example, jsonl


def checked(found: BaseModel) -> Any:
    """The object, once more and strictly: the SDK builds its types without looking, so that is done here."""
    type(found).model_validate(found.to_dict())
    assert not (found.model_extra or {}).keys() - {"user_provided_suffix", "status_details", "expires_at"}
    return found


async def ended(sdk: openai.AsyncOpenAI, job: str, *states: str) -> FineTuningJob:
    for _ in range(2000):
        found = await sdk.fine_tuning.jobs.retrieve(job)
        if found.status in (states or ("succeeded", "failed", "cancelled")):
            return checked(found)
        await asyncio.sleep(0.01)
    raise AssertionError(f"the job is still {found.status}")


async def upload(sdk: openai.AsyncOpenAI, content: bytes = GOOD) -> FileObject:
    return checked(await sdk.files.create(file=("train.jsonl", content), purpose="fine-tune"))


async def test_a_whole_life(sdk: openai.AsyncOpenAI) -> None:
    train, valid = await upload(sdk), await upload(sdk)
    assert isinstance(train, FileObject)
    assert (train.filename, train.bytes, train.purpose) == ("train.jsonl", len(GOOD), "fine-tune")
    assert (await sdk.files.wait_for_processing(train.id)).status == "processed"
    job = checked(
        await sdk.fine_tuning.jobs.create(
            model="base-1",
            training_file=train.id,
            validation_file=valid.id,
            suffix="plain",
            seed=3,
            metadata={"team": "blue"},
            method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 4}}},
        )
    )
    assert isinstance(job, FineTuningJob)
    assert (job.status, job.result_files, job.seed, job.metadata) == ("validating_files", [], 3, {"team": "blue"})
    assert job.hyperparameters.batch_size == "auto"
    done = await ended(sdk, job.id)
    assert done.status == "succeeded"
    assert done.error is None
    assert done.hyperparameters.batch_size == 1
    assert done.trained_tokens == len(GOOD)
    assert done.fine_tuned_model is not None
    assert re.fullmatch(r"ft:base-1:local:plain:[A-Za-z0-9]{8}", done.fine_tuned_model)

    events = [event async for event in sdk.fine_tuning.jobs.list_events(job.id, limit=3)]
    assert all(isinstance(checked(event), FineTuningJobEvent) for event in events)
    assert events[-1].message == f"Created fine-tuning job: {job.id}"
    assert events[0].message == "The job has successfully completed"
    metrics = [event for event in events if event.type == "metrics"]
    assert [event.data["step"] for event in metrics] == list(range(8, 0, -1))
    assert len({event.id for event in events}) == len(events)

    checkpoints = [one async for one in sdk.fine_tuning.jobs.checkpoints.list(job.id, limit=1)]
    assert all(isinstance(checked(one), FineTuningJobCheckpoint) for one in checkpoints)
    assert [one.step_number for one in checkpoints] == [8, 6, 4]
    assert checkpoints[0].fine_tuned_model_checkpoint == done.fine_tuned_model
    assert checkpoints[1].fine_tuned_model_checkpoint.endswith(":ckpt-step-6")
    assert checkpoints[0].metrics.train_loss == metrics[0].data["train_loss"]

    models = [checked(model) async for model in sdk.models.list()]
    assert [model.id for model in models][:2] == ["base-1", done.fine_tuned_model]
    assert isinstance(checked(await sdk.models.retrieve(done.fine_tuned_model)), Model)

    content = await sdk.files.content(done.result_files[0])
    csv = base64.b64decode(content.read()).decode()
    assert csv.startswith("step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,8.0,0.5,,\n")
    result = checked(await sdk.files.retrieve(done.result_files[0]))
    assert (result.purpose, result.bytes, result.filename) == ("fine-tune-results", len(csv), "step_metrics.csv")

    again = await sdk.fine_tuning.jobs.create(model=checkpoints[1].fine_tuned_model_checkpoint, training_file=train.id)
    assert (await ended(sdk, again.id)).status == "succeeded"
    assert (await sdk.models.delete(done.fine_tuned_model)).deleted
    assert (await sdk.files.delete(train.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await sdk.files.retrieve(train.id)


async def test_lists_page_to_their_end(sdk: openai.AsyncOpenAI) -> None:
    file = await upload(sdk)
    jobs = [
        await sdk.fine_tuning.jobs.create(model="base-1", training_file=file.id, metadata={"n": str(number % 2)})
        for number in range(5)
    ]
    ids = [job.id for job in jobs][::-1]
    assert [checked(job).id async for job in sdk.fine_tuning.jobs.list(limit=2)] == ids
    assert [job.id async for job in sdk.fine_tuning.jobs.list(limit=1, metadata={"n": "1"})] == [ids[1], ids[3]]
    assert [job.id async for job in sdk.fine_tuning.jobs.list(after=ids[3])] == [ids[4]]
    assert [job.id async for job in sdk.fine_tuning.jobs.list(after="ftjob-none")] == []
    files = [await upload(sdk) for _ in range(4)]
    listed = [file.id async for file in sdk.files.list(limit=2, order="asc", purpose="fine-tune")]
    assert listed == [file.id, *(one.id for one in files)]


async def test_cancel_pause_resume(sdk: openai.AsyncOpenAI) -> None:
    file = await upload(sdk)
    job = await sdk.fine_tuning.jobs.create(model="base-1", training_file=file.id, suffix="slow")
    await ended(sdk, job.id, "running")
    # Not `checked`: the SDK has the route, but its types have no such state.
    assert (await sdk.fine_tuning.jobs.pause(job.id)).status == "paused"
    assert checked(await sdk.fine_tuning.jobs.resume(job.id)).status == "queued"
    await ended(sdk, job.id, "running")
    assert checked(await sdk.fine_tuning.jobs.cancel(job.id)).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match='already has status "cancelled"'):
        await sdk.fine_tuning.jobs.cancel(job.id)


async def test_dpo_is_accepted_and_reinforcement_refused(sdk: openai.AsyncOpenAI) -> None:
    answer = [{"role": "assistant", "content": "x"}]
    pair = {
        "input": {"messages": [{"role": "user", "content": "?"}]},
        "preferred_completion": answer,
        "non_preferred_completion": answer,
    }
    file = await upload(sdk, jsonl([pair] * 10))
    method = {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2}}}
    job = await sdk.fine_tuning.jobs.create(model="base-1", training_file=file.id, method=method)  # type: ignore[arg-type]
    # The type wants an object; on the wire, and here, dpo jobs have null (api.md §8.1).
    assert job.hyperparameters is None
    for _ in range(1000):
        if (await sdk.fine_tuning.jobs.retrieve(job.id)).status == "succeeded":
            break
        await asyncio.sleep(0.01)
    grader = {"type": "string_check", "name": "g", "input": "a", "reference": "b", "operation": "eq"}
    with pytest.raises(openai.BadRequestError, match="reinforcement") as caught:
        await sdk.fine_tuning.jobs.create(
            model="base-1",
            training_file=file.id,
            method={"type": "reinforcement", "reinforcement": {"grader": grader}},  # type: ignore[typeddict-item]
        )
    assert caught.value.param == "method"


async def test_bad_data_fails_the_job(sdk: openai.AsyncOpenAI) -> None:
    file = await upload(sdk, jsonl([example()] * 3))
    job = await sdk.fine_tuning.jobs.create(model="base-1", training_file=file.id)
    failed = await ended(sdk, job.id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert (failed.error.code, failed.error.param) == ("invalid_n_examples", "training_file")
    event = (await sdk.fine_tuning.jobs.list_events(job.id, limit=1)).data[0]
    assert (event.level, event.message) == ("error", failed.error.message)


@pytest.mark.parametrize(
    ("kind", "param", "code", "act"),
    [
        (
            openai.NotFoundError,
            "fine_tune_id",
            "fine_tune_not_found",
            lambda sdk: sdk.fine_tuning.jobs.retrieve("ftjob-x"),
        ),
        (
            openai.NotFoundError,
            "fine_tune_id",
            "fine_tune_not_found",
            lambda sdk: sdk.fine_tuning.jobs.cancel("ftjob-x"),
        ),
        (
            openai.NotFoundError,
            "fine_tune_id",
            "fine_tune_not_found",
            lambda sdk: sdk.fine_tuning.jobs.list_events("ftjob-x"),
        ),
        (openai.NotFoundError, "id", None, lambda sdk: sdk.files.retrieve("file-x")),
        (openai.NotFoundError, "id", None, lambda sdk: sdk.files.content("file-x")),
        (openai.NotFoundError, "model", "model_not_found", lambda sdk: sdk.models.retrieve("a/b:c")),
        (openai.NotFoundError, None, None, lambda sdk: sdk.batches.list()),
        (
            openai.BadRequestError,
            "training_file",
            None,
            lambda sdk: sdk.fine_tuning.jobs.create(model="base-1", training_file="file-x"),
        ),
        (
            openai.BadRequestError,
            None,
            "model_not_available",
            lambda sdk: sdk.fine_tuning.jobs.create(model="gpt-9", training_file="file-x"),
        ),
        (openai.BadRequestError, "purpose", None, lambda sdk: sdk.files.create(file=b"x", purpose="fun")),
        (openai.PermissionDeniedError, "model", None, lambda sdk: sdk.models.delete("base-1")),
        (
            openai.AuthenticationError,
            None,
            "invalid_api_key",
            lambda sdk: sdk.with_options(api_key="sk-wrong").models.retrieve("base-1"),
        ),
    ],
)
async def test_error_classes(
    sdk: openai.AsyncOpenAI,
    kind: type[openai.APIStatusError],
    param: str | None,
    code: str | None,
    act: Callable[[openai.AsyncOpenAI], Any],
) -> None:
    with pytest.raises(kind) as caught:
        await act(sdk)
    assert (caught.value.param, caught.value.code, caught.value.type) == (param, code, "invalid_request_error")
    assert caught.value.request_id is not None
    assert caught.value.request_id.startswith("req_")


def test_the_blocking_sdk_over_tcp(home: str) -> None:
    """The real process, the trainer in the box, and nothing between them and the SDK but a loopback port."""
    command = [sys.executable, "-m", "fttui.server", "--home", home, "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = re.search(r"http://\S+/v1", line)
        assert url is not None, line
        with openai.OpenAI(api_key="sk-anything", base_url=url[0], max_retries=0, timeout=30) as sdk:
            assert [model.id for model in sdk.models.list()] == ["fttui-tiny-1"]
            file = sdk.files.create(file=("t.jsonl", GOOD), purpose="fine-tune")
            job = sdk.fine_tuning.jobs.create(
                model="fttui-tiny-1", training_file=file.id, validation_file=file.id, hyperparameters={"n_epochs": 1}
            )
            seen: set[str] = set()
            while (found := sdk.fine_tuning.jobs.retrieve(job.id)).status not in ("succeeded", "failed"):
                seen |= {event.id for event in sdk.fine_tuning.jobs.list_events(job.id, limit=100)}
            assert found.status == "succeeded", found.error
            events = list(sdk.fine_tuning.jobs.list_events(job.id, limit=5))
            assert seen <= {event.id for event in events}
            metrics = [event.data for event in events if event.type == "metrics"][::-1]
            assert [data["step"] for data in metrics] == list(range(1, 13))
            for data in metrics:
                assert {"total_steps", "train_loss", "train_mean_token_accuracy", "valid_loss"} <= set(data)
            assert metrics[-1]["train_loss"] < metrics[0]["train_loss"]
            assert metrics[-1]["full_valid_loss"] < metrics[0]["valid_loss"]
            assert base64.b64decode(sdk.files.content(found.result_files[0]).read()).count(b"\n") == 13
            with pytest.raises(openai.NotFoundError):
                sdk.fine_tuning.jobs.retrieve("ftjob-x")
        process.terminate()
        process.stderr.read()
        assert process.wait(30) == 0
