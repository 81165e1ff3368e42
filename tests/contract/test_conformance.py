"""Every route, every list to its end and every class of error, by the official SDK: blocking and asynchronous.

Both go over a real socket to the service as it is served, with its runner at work.
"""

import asyncio
import base64
import inspect
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import openai
import pytest
from uvicorn.server import ServerState

from fttui.server.api import http_protocol
from fttui.server.api.access import api_key
from fttui.server.api.app import create_app
from fttui.server.service import Service
from tests.contract.conftest import KEY
from tests.contract.test_sdk import checked
from tests.server.conftest import GOOD, example, jsonl, until

Call = Callable[[Any], Any]


class Blocking:
    """The SDK as most scripts use it."""

    def __init__(self, socket: str, **options: Any) -> None:
        client = openai.DefaultHttpxClient(transport=httpx2.HTTPTransport(uds=socket))
        self._sdk = openai.OpenAI(http_client=client, **options)

    def do(self, call: Call) -> Any:
        """What one call gives."""
        return call(self._sdk)

    def every(self, call: Call) -> list[Any]:
        """Every item of a list, page after page."""
        return list(call(self._sdk))

    def close(self) -> None:
        self._sdk.close()


class Asynchronous:
    """The same through the SDK's other half."""

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
            return [item async for item in call(self._sdk)]

        return self._loop.run_until_complete(run())

    def close(self) -> None:
        self._loop.run_until_complete(self._sdk.close())
        self._loop.close()


@pytest.fixture
def socket(service: Service) -> Iterator[str]:
    """The service behind a Unix socket, in a thread."""
    path = os.path.join(service.paths.home, "socket")
    loop = asyncio.new_event_loop()
    state = ServerState()
    config = http_protocol.uvicorn_config(create_app(service, api_key([KEY])))

    async def close() -> None:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()  # type: ignore[union-attr]
        await asyncio.gather(*state.tasks, return_exceptions=True)

    server = loop.run_until_complete(
        loop.create_unix_server(lambda: http_protocol.Protocol(config, state, {}, loop), path)
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
    face = request.param(socket, api_key=KEY, base_url="http://service/v1", max_retries=0, timeout=20)
    yield face
    face.close()


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


def ids(found: list[Any]) -> list[str]:
    return [one.id for one in found]


def test_files(sdk: Any) -> None:
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


def test_uploads(sdk: Any) -> None:
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
    # The SDK's own way to send a large file, in parts of its choice.
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


def test_jobs_and_what_belongs_to_them(sdk: Any) -> None:
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
    gone = sdk.do(lambda to: to.models.delete(points[2].fine_tuned_model_checkpoint))
    assert checked(gone).deleted
    assert ids(sdk.every(lambda to: to.models.list())) == ids(models)[:-1]


def test_lists_of_jobs(sdk: Any) -> None:
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


def test_what_can_be_done_to_a_job(sdk: Any) -> None:
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


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(sdk: Any, name: str) -> None:
    (kind, status, param, code), call = REFUSALS[name]
    with pytest.raises(openai.APIStatusError) as caught:
        sdk.do(call)
    error = caught.value
    assert type(error) is kind
    assert (error.status_code, error.param, error.code, error.type) == (status, param, code, "invalid_request_error")
    assert set(error.body) == {"message", "type", "param", "code"}
    assert error.message
    assert error.request_id is not None
    assert error.request_id.startswith("req_")


def test_states_that_forbid(sdk: Any) -> None:
    begun = sdk.do(lambda to: to.uploads.create(**UPLOAD))
    sdk.do(lambda to: to.uploads.cancel(begun.id))
    for call in (
        lambda to: to.uploads.cancel(begun.id),
        lambda to: to.uploads.complete(begun.id, part_ids=[]),
        lambda to: to.uploads.parts.create(begun.id, data=b"x"),
    ):
        with pytest.raises(openai.BadRequestError, match='which has status "cancelled"'):
            sdk.do(call)


def test_a_fault_of_the_service(sdk: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (jsonl([example()] * 9), "invalid_n_examples", "has 9 example"),
        (GOOD + b"{nonsense\n", "invalid_file_format", "Line 13"),
        (GOOD + jsonl([{"messages": [{"role": "user", "content": "?"}]}]), "invalid_file_format", "assistant"),
        (GOOD + jsonl([{"messages": [{"role": "robot", "content": "?"}]}]), "invalid_file_format", "robot"),
        (b"", "invalid_n_examples", "has 0 example"),
    ],
)
def test_bad_data_fails_the_job_and_not_the_request(sdk: Any, content: bytes, code: str, words: str) -> None:
    job = create(sdk, training_file=upload(sdk, content))
    assert job.status == "validating_files"
    failed = checked(ended(sdk, job.id))
    assert (failed.status, failed.error.code, failed.error.param) == ("failed", code, "training_file")
    assert words in failed.error.message
    event = sdk.every(lambda to: to.fine_tuning.jobs.list_events(job.id))[0]
    assert (event.level, event.message) == ("error", failed.error.message)
    assert event.data == {"error_code": code, "error_param": "training_file"}
