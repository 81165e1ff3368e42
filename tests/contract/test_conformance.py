"""Conformance to the API, checked with the official SDK, blocking and asynchronous: routes, lists, errors.

Requests go over a real socket. The runner works in its thread.
"""

import asyncio
import base64
import inspect
import itertools
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai.resources.chat.completions import Completions
from pydantic import BaseModel
from uvicorn.server import ServerState

from fttui.server.api import http_protocol
from fttui.server.api.access import api_key
from fttui.server.api.app import create_app
from fttui.server.service import Service
from tests.contract.conftest import KEY
from tests.server.conftest import GOOD, example, jsonl, until

Call = Callable[[Any], Any]
HELLO = [{"role": "user", "content": "Hello"}]
TRACK = {"type": "function", "function": {"name": "track", "parameters": {"type": "object", "properties": {}}}}


class Blocking:
    """The blocking client of the SDK."""

    def __init__(self, socket: str, **options: Any) -> None:
        client = openai.DefaultHttpxClient(transport=httpx2.HTTPTransport(uds=socket))
        self._sdk = openai.OpenAI(http_client=client, **options)

    def do(self, call: Call) -> Any:
        return call(self._sdk)

    def every(self, call: Call) -> list[Any]:
        """Return every item of a paged list."""
        return list(call(self._sdk))

    def close(self) -> None:
        self._sdk.close()


class Asynchronous:
    """The asynchronous client of the SDK, with the methods of `Blocking`."""

    def __init__(self, socket: str, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        client = openai.DefaultAsyncHttpxClient(transport=httpx2.AsyncHTTPTransport(uds=socket))
        self._sdk = openai.AsyncOpenAI(http_client=client, **options)

    def do(self, call: Call) -> Any:
        async def run() -> Any:
            found = call(self._sdk)
            return await found if inspect.isawaitable(found) else found

        return self._loop.run_until_complete(run())

    def every(self, call: Call) -> list[Any]:
        async def run() -> list[Any]:
            found = call(self._sdk)
            if inspect.iscoroutine(found):  # a stream
                found = await found
            return [item async for item in found]

        return self._loop.run_until_complete(run())

    def close(self) -> None:
        self._loop.run_until_complete(self._sdk.close())
        self._loop.close()


@pytest.fixture
def socket(service: Service) -> Iterator[str]:
    """Path of a Unix socket, served in a thread."""
    path = os.path.join(service.paths.home, "socket")
    loop = asyncio.new_event_loop()
    state = ServerState()
    config = http_protocol.uvicorn_config(create_app(service, api_key([KEY])))

    async def close() -> None:
        server.close()
        await service.samplers.close()
        for connection in list(state.connections):
            connection.transport.abort()  # type: ignore[union-attr]
        await asyncio.gather(*state.tasks, return_exceptions=True)

    server = loop.run_until_complete(
        loop.create_unix_server(
            lambda: http_protocol.HttpProtocol(config, state, {}, loop, listener=http_protocol.Listener()), path
        )
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield path
    asyncio.run_coroutine_threadsafe(close(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(params=[Blocking, Asynchronous])
def sdk(request: pytest.FixtureRequest, socket: str) -> Iterator[Any]:
    client = request.param(socket, api_key=KEY, base_url="http://service/v1", max_retries=0, timeout=20)
    yield client
    client.close()


def checked(found: BaseModel) -> Any:
    """Validate an object strictly and return it. The SDK builds its types without validation."""
    type(found).model_validate(found.to_dict())
    # What fttui knows beyond the API is in one member, which the SDK passes on.
    assert not (found.model_extra or {}).keys() - {"user_provided_suffix", "fttui"}
    return found


def upload(sdk: Any, content: bytes = GOOD) -> str:
    return checked(sdk.do(lambda to: to.files.create(file=("train.jsonl", content), purpose="fine-tune"))).id


def create(sdk: Any, **members: Any) -> Any:
    given = {"model": "base-1", "suffix": "plain", **members}
    if "training_file" not in given:
        given["training_file"] = upload(sdk)
    return sdk.do(lambda to: to.fine_tuning.jobs.create(**given))


def ended(sdk: Any, id: str, *states: str) -> Any:
    wanted = states or ("succeeded", "failed", "cancelled")

    def there() -> Any:
        found = sdk.do(lambda to: to.fine_tuning.jobs.retrieve(id))
        return found if found.status in wanted else None

    return until(there)


def ids(objects: list[Any]) -> list[str]:
    return [found.id for found in objects]


def test_files_are_created_listed_read_and_deleted(sdk: Any) -> None:
    made = [upload(sdk, GOOD + b"\n" * number) for number in range(5)]
    for limit in (1, 2, 3, 5, 100):
        assert ids(sdk.every(lambda to, limit=limit: to.files.list(limit=limit))) == made[::-1]
        assert ids(sdk.every(lambda to, limit=limit: to.files.list(limit=limit, order="asc"))) == made
    assert ids(sdk.every(lambda to: to.files.list(after=made[2]))) == [made[1], made[0]]
    assert sdk.every(lambda to: to.files.list(purpose="batch")) == []
    assert sdk.every(lambda to: to.files.list(after="file-none")) == []
    for file in sdk.every(lambda to: to.files.list()):
        assert checked(file) == sdk.do(lambda to, id=file.id: to.files.retrieve(id))
    assert sdk.do(lambda to: to.files.content(made[3])).read() == GOOD + b"\n" * 3
    kept = {"anchor": "created_at", "seconds": 3600}
    file = sdk.do(lambda to: to.files.create(file=b"x", purpose="user_data", expires_after=kept))
    assert checked(file).expires_at == file.created_at + 3600
    gone = sdk.do(lambda to: to.files.delete(file.id))
    assert checked(gone).to_dict() == {"id": file.id, "object": "file", "deleted": True}
    assert sdk.do(lambda to: to.files.wait_for_processing(made[0])).status == "processed"


def test_uploads_in_parts_become_files(sdk: Any) -> None:
    content = GOOD * 3
    given = {"filename": "big.jsonl", "purpose": "fine-tune", "bytes": len(content), "mime_type": "text/jsonl"}
    begun = checked(sdk.do(lambda to: to.uploads.create(**given)))
    assert (begun.status, begun.bytes, begun.object) == ("pending", len(content), "upload")
    halves = (content[:100], content[100:])
    parts = [checked(sdk.do(lambda to, half=half: to.uploads.parts.create(begun.id, data=half))) for half in halves]
    assert {part.object for part in parts} == {"upload.part"}
    done = checked(sdk.do(lambda to: to.uploads.complete(begun.id, part_ids=ids(parts))))
    assert done.status == "completed"
    assert sdk.do(lambda to: to.files.content(done.file.id)).read() == content
    other = sdk.do(lambda to: to.uploads.create(**given))
    assert checked(sdk.do(lambda to: to.uploads.cancel(other.id))).status == "cancelled"
    # The helper of the SDK for large files, which chooses the parts.
    whole = sdk.do(
        lambda to: to.uploads.upload_file_chunked(
            file=content,
            filename="c.jsonl",
            bytes=len(content),
            mime_type="text/jsonl",
            purpose="fine-tune",
            part_size=97,
        )
    )
    assert whole.status == "completed"
    job = ended(sdk, create(sdk, training_file=whole.file.id).id)
    assert job.status == "succeeded"


def test_a_job_has_events_checkpoints_models_and_a_result_file(sdk: Any) -> None:
    train, valid = upload(sdk), upload(sdk)
    job = checked(
        create(
            sdk,
            training_file=train,
            validation_file=valid,
            seed=5,
            metadata={"a": "b"},
            method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 5, "batch_size": "auto"}}},
        )
    )
    done = checked(ended(sdk, job.id))
    assert (done.status, done.seed, done.metadata) == ("succeeded", 5, {"a": "b"})
    assert done.hyperparameters.to_dict() == {"n_epochs": 5, "batch_size": 1, "learning_rate_multiplier": 1.0}
    assert done.method.supervised.hyperparameters.to_dict() == done.hyperparameters.to_dict()

    whole = sdk.every(lambda to: to.fine_tuning.jobs.list_events(job.id, limit=100))
    for limit in (1, 3, 16, 17):
        assert sdk.every(lambda to, limit=limit: to.fine_tuning.jobs.list_events(job.id, limit=limit)) == whole
    assert ids(whole) == sorted(set(ids(whole)), reverse=True)
    assert all(one.created_at >= two.created_at for one, two in itertools.pairwise(checked(event) for event in whole))
    assert whole[-1].message == f"Created fine-tuning job: {job.id}"
    assert whole[-2].message == f"Validating training file: {train} and validation file: {valid}"
    assert [event.data["step"] for event in whole if event.type == "metrics"] == list(range(10, 0, -1))
    assert sdk.every(lambda to: to.fine_tuning.jobs.list_events(job.id, after="ftevent-none")) == []

    points = sdk.every(lambda to: to.fine_tuning.jobs.checkpoints.list(job.id))
    assert [checked(point).step_number for point in points] == [10, 8, 6]
    for limit in (1, 2, 3):
        paged = sdk.every(lambda to, limit=limit: to.fine_tuning.jobs.checkpoints.list(job.id, limit=limit))
        assert paged == points
    models = [checked(model) for model in sdk.every(lambda to: to.models.list())]
    assert ids(models) == ["base-1", *(point.fine_tuned_model_checkpoint for point in points)]
    for model in models:
        assert sdk.do(lambda to, id=model.id: to.models.retrieve(id)) == model
    result = sdk.do(lambda to: to.files.retrieve(done.result_files[0]))
    csv = base64.b64decode(sdk.do(lambda to: to.files.content(result.id)).read())
    assert (len(csv), csv.count(b"\n"), result.purpose) == (result.bytes, 11, "fine-tune-results")
    header = b"step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n"
    assert csv.startswith(header + b"1,10.0,0.5,,\n")
    assert re.fullmatch(r"ft:base-1:local:plain:[A-Za-z0-9]{8}", done.fine_tuned_model)
    assert points[0].fine_tuned_model_checkpoint == done.fine_tuned_model
    assert points[1].fine_tuned_model_checkpoint.endswith(":ckpt-step-8")
    assert done.trained_tokens == len(GOOD)
    again = create(sdk, model=points[1].fine_tuned_model_checkpoint, training_file=train)
    assert ended(sdk, again.id).status == "succeeded"
    models = [checked(model) for model in sdk.every(lambda to: to.models.list())]
    gone = sdk.do(lambda to: to.models.delete(points[2].fine_tuned_model_checkpoint))
    assert checked(gone).deleted
    assert ids(sdk.every(lambda to: to.models.list())) == ids(models)[:-1]


def test_jobs_are_paged_and_filtered(sdk: Any) -> None:
    file = upload(sdk)
    metadata = [{"team": "a", "run": "1"}, {"team": "a", "run": ""}, {"team": "b"}, None, {}]
    made = [create(sdk, training_file=file, metadata=one).id for one in metadata]
    for limit in (1, 2, 4, 5, 6):
        listed = sdk.every(lambda to, limit=limit: to.fine_tuning.jobs.list(limit=limit))
        assert ids(listed) == made[::-1]
    for job in listed:
        checked(job)

    def found(**query: Any) -> list[int]:
        return [made.index(id) for id in ids(sdk.every(lambda to: to.fine_tuning.jobs.list(limit=1, **query)))]

    assert found(metadata={"team": "a"}) == [1, 0]
    assert found(metadata={"team": "a", "run": "1"}) == [0]
    assert found(metadata={"run": ""}) == [1]
    assert found(metadata={}) == [4, 3, 2, 1, 0]
    assert found(extra_query={"metadata": "null"}) == [3]
    assert found(after=made[1]) == [0]
    assert found(after="ftjob-none") == []


def test_jobs_are_cancelled_paused_and_resumed(sdk: Any) -> None:
    job = create(sdk, suffix="slow").id
    waiting = create(sdk, suffix="slow").id
    ended(sdk, job, "running")
    ended(sdk, waiting, "queued")
    assert checked(sdk.do(lambda to: to.fine_tuning.jobs.cancel(waiting))).status == "cancelled"
    assert sdk.do(lambda to: to.fine_tuning.jobs.pause(job)).status == "paused"
    assert checked(sdk.do(lambda to: to.fine_tuning.jobs.resume(job))).status == "queued"
    ended(sdk, job, "running")
    assert until(lambda: sdk.do(lambda to: to.fine_tuning.jobs.retrieve(job)).estimated_finish) > 0
    assert checked(sdk.do(lambda to: to.fine_tuning.jobs.cancel(job))).status == "cancelled"
    for verb, words in (("cancel", "already has"), ("pause", "has"), ("resume", "has")):
        with pytest.raises(openai.BadRequestError, match=f'{words} status "cancelled"'):
            sdk.do(lambda to, verb=verb: getattr(to.fine_tuning.jobs, verb)(job))


GRADER = {"type": "string_check", "name": "g", "input": "a", "reference": "b", "operation": "eq"}
UPLOAD = {"filename": "x", "purpose": "fine-tune", "bytes": 5, "mime_type": "x/y"}
NO_JOB = (openai.NotFoundError, 404, "fine_tune_id", "fine_tune_not_found")
NO_FILE = (openai.NotFoundError, 404, "id", None)
NO_MODEL = (openai.NotFoundError, 404, "model", "model_not_found")
NO_UPLOAD = (openai.NotFoundError, 404, "upload_id", None)
NO_ROUTE = (openai.NotFoundError, 404, None, None)

REFUSALS: dict[str, tuple[tuple[type[openai.APIStatusError], int, str | None, str | None], Call]] = {
    "job": (NO_JOB, lambda to: to.fine_tuning.jobs.retrieve("ftjob-x")),
    "cancel": (NO_JOB, lambda to: to.fine_tuning.jobs.cancel("ftjob-x")),
    "pause": (NO_JOB, lambda to: to.fine_tuning.jobs.pause("ftjob-x")),
    "resume": (NO_JOB, lambda to: to.fine_tuning.jobs.resume("ftjob-x")),
    "events": (NO_JOB, lambda to: to.fine_tuning.jobs.with_raw_response.list_events("ftjob-x")),
    "checkpoints": (NO_JOB, lambda to: to.fine_tuning.jobs.checkpoints.with_raw_response.list("ftjob-x")),
    "file": (NO_FILE, lambda to: to.files.retrieve("file-x")),
    "content": (NO_FILE, lambda to: to.files.content("file-x")),
    "traversal": (NO_ROUTE, lambda to: to.files.content("../service.db")),
    "delete file": (NO_FILE, lambda to: to.files.delete("file-x")),
    "model": (NO_MODEL, lambda to: to.models.retrieve("some/model:x")),
    "delete model": (NO_MODEL, lambda to: to.models.delete("ft:x")),
    "part": (NO_UPLOAD, lambda to: to.uploads.parts.create("upload_x", data=b"x")),
    "complete": (NO_UPLOAD, lambda to: to.uploads.complete("upload_x", part_ids=[])),
    "cancel upload": (NO_UPLOAD, lambda to: to.uploads.cancel("upload_x")),
    "graders run": (NO_ROUTE, lambda to: to.fine_tuning.alpha.graders.run(grader=GRADER, model_sample="x")),
    "graders validate": (NO_ROUTE, lambda to: to.fine_tuning.alpha.graders.validate(grader=GRADER)),
    "permissions": (
        NO_ROUTE,
        lambda to: to.fine_tuning.checkpoints.permissions.with_raw_response.create("ft:x", project_ids=["p"]),
    ),
    "other routes": (NO_ROUTE, lambda to: to.batches.with_raw_response.list()),
    "chat model": (
        (openai.NotFoundError, 404, "model", "model_not_found"),
        lambda to: to.chat.completions.create(model="gpt-9", messages=HELLO),
    ),
    "chat member": (
        (openai.BadRequestError, 400, "logprobs", "unknown_parameter"),
        lambda to: to.chat.completions.create(model="base-1", messages=HELLO, logprobs=True),
    ),
    "chat data": (
        (openai.BadRequestError, 400, "messages", "context_length_exceeded"),
        lambda to: to.chat.completions.create(model="base-1", messages=[{"role": "user", "content": "refuse"}]),
    ),
    "base model": (
        (openai.PermissionDeniedError, 403, "model", None),
        lambda to: to.models.delete("base-1"),
    ),
    "key": (
        (openai.AuthenticationError, 401, None, "invalid_api_key"),
        lambda to: to.with_options(api_key="sk-wrong").models.retrieve("base-1"),
    ),
    "training file": (
        (openai.BadRequestError, 400, "training_file", None),
        lambda to: to.fine_tuning.jobs.create(model="base-1", training_file="file-x"),
    ),
    "unknown model": (
        (openai.BadRequestError, 400, None, "model_not_available"),
        lambda to: to.fine_tuning.jobs.create(model="gpt-9", training_file="file-x"),
    ),
    "reinforcement": (
        (openai.BadRequestError, 400, "method", "unsupported_method"),
        lambda to: to.fine_tuning.jobs.create(
            model="base-1",
            training_file="file-x",
            method={"type": "reinforcement", "reinforcement": {"grader": GRADER}},
        ),
    ),
    "epochs": (
        (openai.BadRequestError, 400, "hyperparameters.n_epochs", "invalid_value"),
        lambda to: to.fine_tuning.jobs.create(model="base-1", training_file="file-x", hyperparameters={"n_epochs": 51}),
    ),
    "unknown member": (
        (openai.BadRequestError, 400, "colour", "unknown_parameter"),
        lambda to: to.fine_tuning.jobs.create(model="base-1", training_file="file-x", extra_body={"colour": "red"}),
    ),
    "limit": (
        (openai.BadRequestError, 400, "limit", "invalid_value"),
        lambda to: to.files.with_raw_response.list(limit=0),
    ),
    "purpose": (
        (openai.BadRequestError, 400, "purpose", None),
        lambda to: to.files.create(file=b"x", purpose="fun"),
    ),
    "upload purpose": (
        (openai.BadRequestError, 400, "purpose", None),
        lambda to: to.uploads.create(**{**UPLOAD, "purpose": "fun"}),
    ),
    "too large": (
        (openai.APIStatusError, 413, None, "request_too_large"),
        lambda to: to.fine_tuning.jobs.create(model="base-1", training_file="file-x", metadata={"x": "y" * (2 << 20)}),
    ),
}


def test_refused_requests_raise_the_documented_errors(sdk: Any) -> None:
    for name, ((kind, status, param, code), call) in REFUSALS.items():
        with pytest.raises(openai.APIStatusError) as caught:
            sdk.do(call)
        error = caught.value
        assert type(error) is kind, name
        found = (error.status_code, error.param, error.code, error.type)
        assert found == (status, param, code, "invalid_request_error"), name
        assert set(error.body) == {"message", "type", "param", "code"}, name
        assert error.message, name
        assert (error.request_id or "").startswith("req_"), name


def test_an_ended_upload_refuses_every_change(sdk: Any) -> None:
    begun = sdk.do(lambda to: to.uploads.create(**UPLOAD))
    sdk.do(lambda to: to.uploads.cancel(begun.id))
    for call in (
        lambda to: to.uploads.cancel(begun.id),
        lambda to: to.uploads.complete(begun.id, part_ids=[]),
        lambda to: to.uploads.parts.create(begun.id, data=b"x"),
    ):
        with pytest.raises(openai.BadRequestError, match='which has status "cancelled"'):
            sdk.do(call)


def test_failures_of_the_service_are_server_errors(sdk: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(service.database.uploads, "add", broken)
    with pytest.raises(openai.InternalServerError) as caught:
        sdk.do(lambda to: to.uploads.create(**UPLOAD))
    assert (caught.value.status_code, caught.value.type) == (507, "server_error")
    assert "No space left" in caught.value.message
    monkeypatch.setattr(service.database.models, "all", lambda: 1 / 0)
    with pytest.raises(openai.InternalServerError) as caught:
        sdk.do(lambda to: to.models.with_raw_response.list())
    assert (caught.value.status_code, caught.value.type) == (500, "server_error")
    assert "division" not in caught.value.message


def test_invalid_training_data_fails_the_job_not_the_request(sdk: Any) -> None:
    for content, code, words in (
        (jsonl([example()] * 9), "invalid_n_examples", "has 9 example"),
        (GOOD + b"{nonsense\n", "invalid_file_format", "Line 13"),
        (GOOD + jsonl([{"messages": [{"role": "robot", "content": "?"}]}]), "invalid_file_format", "robot"),
        (b"", "invalid_n_examples", "has 0 example"),
    ):
        job = create(sdk, training_file=upload(sdk, content))
        assert job.status == "validating_files"
        failed = checked(ended(sdk, job.id))
        assert (failed.status, failed.error.code, failed.error.param) == ("failed", code, "training_file")
        assert words in failed.error.message
        event = sdk.every(lambda to, id=job.id: to.fine_tuning.jobs.list_events(id))[0]
        assert (event.level, event.message) == ("error", failed.error.message)
        assert event.data == {"error_code": code, "error_param": "training_file"}


def test_a_dpo_job_has_null_hyperparameters(sdk: Any) -> None:
    answer = [{"role": "assistant", "content": "x"}]
    pair = {
        "input": {"messages": [{"role": "user", "content": "?"}]},
        "preferred_completion": answer,
        "non_preferred_completion": answer,
    }
    method = {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2}}}
    job = create(sdk, training_file=upload(sdk, jsonl([pair] * 10)), method=method)
    # Not `checked`: the type of the SDK requires an object, but the API sends null for dpo jobs.
    assert job.hyperparameters is None
    assert ended(sdk, job.id).status == "succeeded"


def test_base_and_tuned_models_answer_prompts(sdk: Any) -> None:
    job = ended(sdk, create(sdk, hyperparameters={"n_epochs": 2}).id)
    points = sdk.every(lambda to: to.fine_tuning.jobs.checkpoints.list(job.id))
    models = ["base-1", job.fine_tuned_model, points[1].fine_tuned_model_checkpoint]
    for model, words in zip(models, ("Hello None ", "Hello model-4 ", "Hello model-2 "), strict=True):
        found = checked(sdk.do(lambda to, id=model: to.chat.completions.create(model=id, messages=HELLO, max_tokens=9)))
        (choice,) = found.choices
        assert (found.model, choice.message.content, choice.finish_reason) == (model, words, "stop")
        usage = found.usage
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (1, 3, 4)
    cut = sdk.do(lambda to: to.chat.completions.create(model="base-1", messages=HELLO, max_completion_tokens=1))
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("Hello ", "length")


def test_every_member_that_the_service_does_not_know_is_refused_by_its_name(sdk: Any) -> None:
    sampling = {"max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "stop", "n"}
    known = sampling | {"model", "messages", "tools", "stream", "stream_options"}
    of_the_sdk = {"self", "extra_headers", "extra_query", "extra_body", "timeout"}
    others = inspect.signature(Completions.create).parameters.keys() - known - of_the_sdk
    assert {"tool_choice", "response_format", "logprobs", "functions"} <= others
    for name, stream in itertools.product(sorted(others), (False, True)):
        members = {"stream": stream, name: "x"}
        with pytest.raises(openai.BadRequestError) as caught:
            sdk.do(lambda to, given=members: to.chat.completions.create(model="base-1", messages=HELLO, **given))
        assert caught.value.param == name


def test_tools_and_their_calls_reach_the_sampler(sdk: Any) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "track", "arguments": '{"id": 7}'}}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "in transit"},
        {"role": "user", "content": "question"},
    ]
    found = sdk.do(lambda to: to.chat.completions.create(model="base-1", messages=messages, tools=[TRACK]))
    sent = json.loads(found.choices[0].message.content)
    assert (sent["messages"], sent["tools"]) == (messages, [TRACK])


def test_answers_are_streamed(sdk: Any) -> None:
    def stream(**members: Any) -> list[Any]:
        return sdk.every(lambda to: to.chat.completions.create(model="base-1", stream=True, **members))

    chunks = stream(messages=HELLO)
    for chunk in chunks:
        checked(chunk)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["", "Hello ", "None ", None]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, None, "stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    with_usage = stream(messages=HELLO, stream_options={"include_usage": True})
    assert [chunk.choices for chunk in with_usage[:-1]] == [chunk.choices for chunk in chunks]
    assert (with_usage[-1].choices, with_usage[-1].usage.total_tokens) == ([], 4)
    with pytest.raises(openai.APIError, match="exited with code 7: out of memory"):
        stream(messages=[{"role": "user", "content": "die"}])


def test_a_stream_that_the_client_closes_is_cancelled(sdk: Any, service: Service) -> None:
    endless = [{"role": "user", "content": "endless"}]

    def first_words(to: Any) -> Any:
        found = to.chat.completions.create(model="base-1", messages=endless, stream=True)
        return _first_words(found) if inspect.isawaitable(found) else _closed(found)

    assert sdk.do(first_words) == "on "
    until(lambda: not service.samplers.is_answering)
    assert sdk.do(lambda to: to.chat.completions.create(model="base-1", messages=HELLO)).choices[0].message.content


def _closed(stream: Any) -> str:
    with stream:
        return next(text for chunk in stream if (text := chunk.choices[0].delta.content))


async def _first_words(creating: Any) -> str:
    async with await creating as stream:
        async for chunk in stream:
            if text := chunk.choices[0].delta.content:
                return text
    raise AssertionError
