"""Routes of models: base models first, then models that jobs made, newest first."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fttui.server.api import json_objects
from fttui.server.api.errors import RequestError, no_model
from fttui.server.api.parameters import is_owner, service_of
from fttui.server.jobs.base_models import NoModel, UnknownModel
from fttui.server.jobs.trainer_catalog import HUB, SETTINGS, BaseModel
from fttui.server.storage.file_operations import remove


def list_all(request: Request) -> Response:
    service = service_of(request)
    data = [json_objects.base_model(model) for model in service.catalog.every()]
    data += [json_objects.model(model) for model in service.database.models.all()]
    return JSONResponse({"object": "list", "data": data})


def get(request: Request) -> Response:
    service, id = service_of(request), _id(request)
    model = service.database.models.get(id)
    if model is not None:
        job = service.database.jobs.get(model.job)
        trainer = service.catalog.trainer_of(job) if job is not None else None
        if trainer is None:
            return JSONResponse(json_objects.model(model))
        return JSONResponse(json_objects.model(model, trainer.name, service.description(trainer)))
    base = service.catalog.model(id)
    if base is None:
        # A model that is not listed, but that the owner may train.
        try:
            chosen = service.choose_model(id, is_owner=is_owner(request))
        except UnknownModel:
            raise no_model(id) from None
        except NoModel as error:
            raise RequestError(404, str(error), param="model", code="model_not_found") from None
        if chosen.source is None:
            base = BaseModel(chosen.base, chosen.trainer, HUB, service.download_size(chosen))
        else:
            base = BaseModel(chosen.base, chosen.trainer, SETTINGS)
    return JSONResponse(json_objects.base_model(base, service.description(base.trainer)))


def _id(request: Request) -> str:
    """Return the id in the path. That of a directory begins with a slash, which is joined with the one before it."""
    id: str = request.path_params["id"]
    return f"/{id}" if request.scope.get("raw_path", b"").lower().startswith(b"/v1/models/%2f") else id


def delete(request: Request) -> Response:
    service, id = service_of(request), request.path_params["id"]
    if service.catalog.model(id) is not None:
        message = f"The model '{id}' is a base model; only fine-tuned models can be deleted."
        raise RequestError(403, message, param="model")
    model = service.database.models.get(id)
    if model is None:
        raise no_model(id)
    service.database.models.delete(id)
    remove(service.paths.model(model))
    return JSONResponse({"id": id, "object": "model", "deleted": True})


# `:path`, because a model's name may contain a slash.
routes = [
    Route("/v1/models", list_all, methods=["GET"]),
    Route("/v1/models/{id:path}", get, methods=["GET"]),
    Route("/v1/models/{id:path}", delete, methods=["DELETE"]),
]
