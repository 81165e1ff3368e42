"""Route that exports models, for the owner of the service only: it writes to any directory of theirs.

The answer is a stream of server-sent events, as of chat completions: comments with phases, then one object.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from fttui.server.api.body_members import text_member
from fttui.server.api.errors import disk_failure, invalid, no_model, no_route, sampling_failure
from fttui.server.api.event_stream import MEDIA_TYPE, event, phase_comment
from fttui.server.api.parameters import is_owner, json_of, service_of
from fttui.server.jobs.base_models import NoModel
from fttui.server.sampling.export import Order, base_directory, check_directory, export
from fttui.server.sampling.question import Loading, SamplingError
from fttui.server.service import Service
from fttui.server.settings import Trainer

_MEMBERS = ("model", "directory", "merged")


async def create(request: Request) -> Response:
    if not is_owner(request):
        raise no_route(request.method, request.url.path)
    service = service_of(request)
    trainer, order = await run_in_threadpool(_order, service, await json_of(request))
    return StreamingResponse(_events(service, trainer, order), media_type=MEDIA_TYPE)


def _order(service: Service, body: object) -> tuple[Trainer, Order]:
    if not isinstance(body, dict):
        raise invalid(None, "The body of the request is not a JSON object.", None)
    for name in body:
        if name not in _MEMBERS:
            raise invalid(name, f"Unknown parameter: '{name}'.", "unknown_parameter")
    id, directory = (text_member(body, name, required=True) for name in ("model", "directory"))
    assert id is not None
    assert directory is not None
    tuned = service.database.models.get(id)
    try:
        chosen = service.choose_model(id)
    except NoModel:
        raise no_model(id) from None
    if tuned is None:
        raise invalid("model", f"The model '{id}' is a base model; only fine-tuned models are exported.")
    try:
        check_directory(directory)
    except SamplingError as error:
        raise sampling_failure(error) from None
    path, merged = service.paths.model(tuned), bool(body.get("merged"))
    return chosen.trainer, Order(path, chosen.base, chosen.source, directory, merged)


async def _events(service: Service, trainer: Trainer, order: Order) -> AsyncIterator[str]:
    try:
        async with aclosing(export(trainer, service.catalog.settings, order)) as items:
            async for item in items:
                if isinstance(item, Loading):
                    yield phase_comment(item)
                else:
                    directory = await run_in_threadpool(base_directory, trainer, service.catalog.settings, order)
                    yield event(_object(order, item.files, directory, is_copy=item.is_copy))
    except SamplingError as error:
        yield event(sampling_failure(error).body())
    except OSError as error:
        yield event(disk_failure(error.strerror or str(error)).body())


def _object(order: Order, files: tuple[str, ...], base_directory: str | None, *, is_copy: bool) -> dict[str, Any]:
    members = {"directory": order.directory, "files": list(files), "base": order.base, "source": order.source}
    return {"object": "fttui.export", **members, "base_directory": base_directory, "is_copy": is_copy}


routes = [Route("/v1/fttui/exports", create, methods=["POST"])]
