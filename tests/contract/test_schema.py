"""Requests generated from the schema of the whole service: no server error, and valid answers.

The schema is the published one (openapi.json) with the routes that its extract lacks (more_routes.json).
`make fuzz` sends many more of them. The requests name existing jobs, files and models more often than chance would.
"""

import dataclasses
import json
import re
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from fttui.server.api import chat, exports, files, jobs, models, uploads
from fttui.server.api.app import create_app
from fttui.server.ids import new_id
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.sampling.question import End, Item, Loading, Question, Text
from fttui.server.service import Service, open_service
from fttui.server.settings import Trainer
from fttui.server.storage.records import PartRecord, UploadRecord
from tests.server.conftest import FAKE, SAMPLER, add_file, add_job, run_until


def published() -> dict[str, Any]:
    """Return the schema of every route, corrected where it contradicts itself or the service that it describes."""
    schema: dict[str, Any] = json.loads(Path(__file__).with_name("openapi.json").read_text())
    more: dict[str, Any] = json.loads(Path(__file__).with_name("more_routes.json").read_text())
    for path, operations in more["paths"].items():
        schema["paths"].setdefault(path, {}).update(operations)
    schema["components"]["schemas"] |= more["components"]["schemas"]
    # A file has the purpose that it was uploaded with.
    schema["components"]["schemas"]["OpenAIFile"]["properties"]["purpose"]["enum"].append("evals")
    # An empty page has no ids, as the list of checkpoints says.
    for name in ("first_id", "last_id"):
        schema["components"]["schemas"]["ListFilesResponse"]["properties"][name]["type"] = ["string", "null"]
    # Required, yet "only returned when running supervised jobs": the hosted service sends null for other methods.
    schema["components"]["schemas"]["FineTuningJob"]["properties"]["hyperparameters"]["type"] = ["object", "null"]
    # The content is sent as it is.
    content = schema["paths"]["/files/{file_id}/content"]["get"]["responses"]["200"]["content"]
    content["application/octet-stream"] = {"schema": {}}
    add_chat(schema)
    return schema


def add_chat(schema: dict[str, Any]) -> None:
    """Add chat completions: the members that the service takes, and the answer as the official SDK defines it."""
    components = schema["components"]["schemas"]
    answer = ChatCompletion.model_json_schema(ref_template="#/components/schemas/{model}")
    components |= answer.pop("$defs")
    text, count = {"type": "string", "minLength": 1}, {"type": ["integer", "null"], "minimum": 1, "maximum": 1000}
    roles = {"type": "string", "enum": ["system", "user", "assistant"]}
    message = {"type": "object", "properties": {"role": roles, "content": {"type": "string"}}}
    members: dict[str, Any] = {
        "model": text,
        "messages": {"type": "array", "minItems": 1, "items": message | {"required": ["role", "content"]}},
        "max_tokens": count,
        "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
        "top_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "seed": {"type": ["integer", "null"], "minimum": -(2**31), "maximum": 2**31},
        "stop": {"anyOf": [{"type": "null"}, text, {"type": "array", "maxItems": 4, "items": text}]},
        "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 2},
        "stream": {"type": ["boolean", "null"]},
    }
    request = {"type": "object", "properties": members, "required": ["model", "messages"]}
    content = {"application/json": {"schema": answer}, "text/event-stream": {"schema": {}}}
    schema["paths"]["/chat/completions"] = {
        "post": {
            "operationId": "createChatCompletion",
            "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
            "responses": {"200": {"description": "OK", "content": content}},
        }
    }


class Answering:
    """Stands for the host of samplers: its process would belong to the event loop of a single request."""

    async def answer(self, trainer: Trainer, question: Question) -> AsyncGenerator[Item, None]:
        yield Loading({"name": "loading"})
        yield Text("Good day")
        yield End("stop", len(question.messages), 2)


SCHEMA = schemathesis.openapi.from_dict(published())
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
OPERATIONS = {f"{found.ok().method.upper()} {found.ok().path}": found.ok() for found in SCHEMA.get_all_operations()}


class Known:
    """Service with objects that the requests can name."""

    def __init__(self, service: Service) -> None:
        self.service = service
        ended, failed = add_job(service), add_job(service, "fail")
        run_until(service, ended, "succeeded")
        run_until(service, failed, "failed", "succeeded")
        self._jobs = [ended, failed, add_job(service, metadata={"k": "v"})]
        self.app = create_app(service)
        self.add_upload()

    def ids(self, parameter: str) -> list[str]:
        if parameter == "fine_tuning_job_id":
            return self._jobs
        if parameter == "upload_id":
            return [self.add_upload()]  # requests end uploads
        if parameter == "model":
            return ["base-1", *(model.id for model in self.service.database.models.all())]  # requests delete models
        return [*sorted(self.service.database.files.ids()), add_file(self.service)]  # requests delete files

    def add_cancelled_job(self) -> str:
        id = add_job(self.service)
        assert self.service.runner.cancel(id)
        return id

    def add_upload(self) -> str:
        """Return a pending upload of three bytes with a part of three bytes, which `part` names from now on."""
        now = self.service.now()
        upload = UploadRecord(0, new_id("upload_"), "a.bin", "batch", 3, "x/y", now, now + 3600, None)
        self.service.database.uploads.add(upload)
        found = self.service.database.uploads.get(upload.id)
        assert found is not None
        self.part = new_id("part_")
        part = PartRecord(0, self.part, found.seq, 3, now)
        Path(self.service.paths.part(part.id)).write_bytes(b"abc")
        assert self.service.database.uploads.add_part(part, found, 1 << 20, now)
        return upload.id

    def one(self, parameter: str, number: int) -> str:
        """Return one of the ids. Their number changes with the requests, so a generator must not know it."""
        ids = self.ids(parameter)
        return ids[number % len(ids)]


@pytest.fixture(scope="module")
def known() -> Iterator[Known]:
    with tempfile.TemporaryDirectory() as home:
        service = open_service(home, catalog=Catalog([FAKE._replace(sampler=SAMPLER)]))
        service = dataclasses.replace(service, samplers=Answering())
        yield Known(service)
        service.runner.close(save=True)
        service.database.close()


def with_known_names(data: st.DataObject, case: Any, known: Known) -> None:
    """Replace some names in a request by those of existing objects."""
    for name in case.path_parameters or {}:
        if data.draw(st.integers(0, 3)):
            deletes_job = case.operation.label.startswith("DELETE /fine_tuning")
            one = known.add_cancelled_job() if deletes_job else known.one(name, data.draw(st.integers(0, 99)))
            case.path_parameters[name] = one
    if isinstance(case.body, dict) and "training_file" in case.body and data.draw(st.integers(0, 3)):
        case.body["training_file"] = known.one("file_id", 0)
        case.body["model"] = known.one("model", data.draw(st.integers(0, 99)))
    if isinstance(case.body, dict) and "messages" in case.body and data.draw(st.integers(0, 3)):
        case.body["model"] = known.one("model", data.draw(st.integers(0, 99)))
    if isinstance(case.body, dict) and "part_ids" in case.body and data.draw(st.integers(0, 3)):
        case.body = {"part_ids": [known.part]}


@settings(
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_generated_requests_get_valid_answers(known: Known, data: st.DataObject) -> None:
    operation = OPERATIONS[data.draw(st.sampled_from(sorted(OPERATIONS)))]
    case = data.draw(operation.as_strategy())
    with_known_names(data, case, known)
    answer = case.call_and_validate(checks=CHECKS, app=known.app)
    if answer.status_code >= 400:
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_the_schema_has_every_route_of_the_service() -> None:
    routes = {
        f"{method} {re.sub('{.*?}', '{}', route.path)}"
        for api in (files, jobs, models, uploads, chat, exports)
        for route in api.routes
        for method in route.methods or ()
    }
    described = {re.sub("{.*?}", "{}", name.replace(" /", " /v1/")) for name in OPERATIONS}
    assert described == {name for name in routes if not name.startswith("HEAD")}


@pytest.mark.parametrize("verb", ["complete", "cancel"])
def test_an_ended_upload_is_as_the_schema_says(known: Known, verb: str) -> None:
    upload = known.add_upload()
    body: Any = {"body": {"part_ids": [known.part]}} if verb == "complete" else {}
    case = OPERATIONS[f"POST /uploads/{{upload_id}}/{verb}"].Case(path_parameters={"upload_id": upload}, **body)
    assert case.call_and_validate(checks=CHECKS, app=known.app).status_code == 200


def test_a_deleted_job_is_as_the_schema_says(known: Known) -> None:
    operation = OPERATIONS["DELETE /fine_tuning/jobs/{fine_tuning_job_id}"]
    case = operation.Case(path_parameters={"fine_tuning_job_id": known.add_cancelled_job()})
    assert case.call_and_validate(checks=CHECKS, app=known.app).status_code == 200


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name.startswith("GET ")])
def test_every_object_of_the_service_is_as_the_schema_says(known: Known, name: str) -> None:
    operation = OPERATIONS[name]
    parameters = [parameter.name for parameter in operation.path_parameters]
    for id in known.ids(parameters[0]) if parameters else [""]:
        case = operation.Case(path_parameters=dict.fromkeys(parameters, id))
        assert case.call_and_validate(checks=CHECKS, app=known.app).status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_completion_is_as_the_schema_says(known: Known, stream: bool) -> None:
    messages = [{"role": "user", "content": "Hello"}]
    body = {"model": known.one("model", 1), "messages": messages, "stream": stream}
    case = OPERATIONS["POST /chat/completions"].Case(body=body, media_type="application/json")
    assert case.call_and_validate(checks=CHECKS, app=known.app).status_code == 200
