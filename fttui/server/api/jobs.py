"""Routes of fine-tuning jobs, their events, checkpoints and samples."""

from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fttui.learning.engine_words import engine_title
from fttui.models.labels import PREFIX, engine_options, option_kinds, trainer_settings
from fttui.models.trainer_settings import setting_error
from fttui.server.api import json_objects
from fttui.server.api.errors import RequestError, invalid, no_job
from fttui.server.api.job_request import new_job
from fttui.server.api.parameters import after_of, is_owner, json_of, limit_of, service_of
from fttui.server.launchers.registry import option_error
from fttui.server.service import Service
from fttui.server.storage.records import JobRecord, NewJob

# Starlette runs plain functions in threads, so a slow disk does not block other requests.


async def create(request: Request) -> Response:
    body = await json_of(request)
    return await run_in_threadpool(_create, service_of(request), body, is_owner=is_owner(request))


def _create(service: Service, body: object, *, is_owner: bool) -> Response:
    new = placed(service, new_job(body, partial(service.choose_model, is_owner=is_owner)))
    new = _with_settings(service, new)
    _check_options(new, is_owner=is_owner)
    for name, id in (("training_file", new.training_file), ("validation_file", new.validation_file)):
        file = service.database.files.get(id, service.now()) if id is not None else None
        if id is not None and file is None:
            raise invalid(name, f"invalid {name}: {id}", None)
        if file is not None and file.purpose != "fine-tune":
            message = f"File '{file.id}' has the purpose '{file.purpose}'; {name} needs the purpose 'fine-tune'."
            raise invalid(name, message)
    job = service.database.jobs.add(new, service.now())
    service.runner.wake()
    return JSONResponse(_job_object(service, job))


def _with_settings(service: Service, new: NewJob) -> NewJob:
    """Return a job with its settings as the trainer gets them.

    Raises:
        RequestError: the trainer describes its settings, and does not take one of them.
    """
    given = trainer_settings(new.metadata)
    trainer = next((one for one in service.catalog.trainers if one.name == new.trainer), None) if given else None
    description = service.description(trainer) if trainer is not None else None
    if trainer is None or description is None:
        return new
    sent: dict[str, str] = {}
    for name, text in given.items():
        if reason := setting_error(name, text, description.settings, trainer.name):
            raise invalid(f"metadata.{PREFIX}{name}", reason if reason.endswith("?") else f"{reason}.")
        sent[f"{PREFIX}{name}"] = description.settings[name].sent(text)
    return new._replace(metadata={**(new.metadata or {}), **sent})


def placed(service: Service, new: NewJob) -> NewJob:
    """Return a new job with the engine of its trainer, and the parent of its directory."""
    trainer = next((one for one in service.catalog.trainers if one.name == new.trainer), None)
    try:
        place = service.launchers.place(trainer) if trainer is not None else None
    except LookupError:
        message = f"The engine {trainer.engine if trainer else ''} of the trainer {new.trainer} is not configured."
        raise invalid("model", message) from None
    return new if place is None else new._replace(engine=place.engine.as_json(), root=place.root)


def _check_options(new: NewJob, *, is_owner: bool) -> None:
    """Refuse options that the engine of a job does not take, and options that do not come from the owner."""
    kind = str((new.engine or {}).get("kind", ""))
    for found in option_kinds(new.metadata):
        for name, value in engine_options(new.metadata, found).items():
            param = f"metadata.{PREFIX}{found}.{name}"
            if not is_owner:
                raise invalid(param, "Only the owner of the service can set options of an engine, over its socket.")
            if found != kind:
                runs = f"is run by {engine_title(kind)}" if kind else "runs on this machine, without an engine"
                raise invalid(param, f"'{found}.{name}' is an option of {engine_title(found)}, but the job {runs}.")
            if reason := option_error(kind, name, value):
                raise invalid(param, f"The option '{found}.{name}' {reason}.")


def _job_object(service: Service, job: JobRecord) -> dict[str, Any]:
    return json_objects.job(job, empty_error=service.catalog.settings.empty_error)


def page(request: Request) -> Response:
    service = service_of(request)
    query = request.query_params
    pairs = {
        name.removeprefix("metadata[").removesuffix("]"): value
        for name, value in query.items()
        if name.startswith("metadata[") and name.endswith("]")
    }
    whole = query.get("metadata") or "{}"
    if whole.replace(" ", "") not in ("{}", "null"):
        raise invalid("metadata", "Invalid 'metadata': filter with metadata[key]=value, or metadata=null.")
    jobs, more = service.database.jobs.page(
        after=after_of(request),
        limit=limit_of(request, 20),
        metadata=pairs,
        without_metadata=whole == "null" and not pairs,
    )
    return JSONResponse(json_objects.page([_job_object(service, job) for job in jobs], more))


def get(request: Request) -> Response:
    return JSONResponse(_job_object(service_of(request), _job(request)))


def cancel(request: Request) -> Response:
    job = _job(request)
    if not service_of(request).runner.cancel(job.id):
        raise _wrong_state("cancel", _job(request), already=True)
    return get(request)


def delete(request: Request) -> Response:
    job = _job(request)
    if reason := service_of(request).runner.delete(job.id):
        _job(request)  # 404 if another request has deleted it
        raise RequestError(400, f"Cannot delete the job {job.id}: {reason}.")
    return JSONResponse({"id": job.id, "object": "fine_tuning.job.deleted", "deleted": True})


def pause(request: Request) -> Response:
    job = _job(request)
    if not service_of(request).runner.pause(job.id):
        raise _wrong_state("pause", _job(request))
    return get(request)


def resume(request: Request) -> Response:
    job = _job(request)
    if not service_of(request).runner.resume(job.id):
        raise _wrong_state("resume", _job(request))
    return get(request)


def events(request: Request) -> Response:
    found, more = service_of(request).database.events.page(
        _job(request), after=after_of(request), limit=limit_of(request, 20)
    )
    return JSONResponse(json_objects.page([json_objects.event(event) for event in found], more))


def checkpoints(request: Request) -> Response:
    database = service_of(request).database
    found, more = database.checkpoints.page(_job(request), after=after_of(request), limit=limit_of(request, 10))
    return JSONResponse(
        json_objects.page([json_objects.checkpoint(checkpoint) for checkpoint in found], more, ends=True)
    )


def samples(request: Request) -> Response:
    found, more = service_of(request).database.samples.page(
        _job(request), after=after_of(request), limit=limit_of(request, 20)
    )
    return JSONResponse(json_objects.page([json_objects.samples(each) for each in found], more, ends=True))


def _job(request: Request) -> JobRecord:
    id = request.path_params["id"]
    job = service_of(request).database.jobs.get(id)
    if job is None:
        raise no_job(id)
    return job


def _wrong_state(verb: str, job: JobRecord, *, already: bool = False) -> RequestError:
    has = "already has" if already else "has"
    return RequestError(400, f'Cannot {verb} a job {job.id} that {has} status "{job.status}".')


_JOBS = "/v1/fine_tuning/jobs"

routes = [
    Route(_JOBS, create, methods=["POST"]),
    Route(_JOBS, page, methods=["GET"]),
    Route(_JOBS + "/{id}", get, methods=["GET"]),
    Route(_JOBS + "/{id}", delete, methods=["DELETE"]),
    Route(_JOBS + "/{id}/cancel", cancel, methods=["POST"]),
    Route(_JOBS + "/{id}/pause", pause, methods=["POST"]),
    Route(_JOBS + "/{id}/resume", resume, methods=["POST"]),
    Route(_JOBS + "/{id}/events", events, methods=["GET"]),
    Route(_JOBS + "/{id}/checkpoints", checkpoints, methods=["GET"]),
    Route(_JOBS + "/{id}/samples", samples, methods=["GET"]),
]
